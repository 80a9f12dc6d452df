import type { FrameworkInfo } from "../../src/protocol/framework-info.ts";
import { type FrameworkId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import type { Resources } from "../../src/protocol/resources.ts";
import { type SlaveProtocol, slaveTable } from "../../src/protocol/slave-api.ts";
import type { SlaveInfo } from "../../src/protocol/slave-info.ts";
import { isTerminal, type KnownTask, type TaskInfo, type TaskState, type TaskStatus } from "../../src/protocol/task.ts";
import { quantities } from "../protocol/quantities.ts";
import type { Cluster, Party } from "./kit.ts";

/** A slave that runs nothing and reports what the test wants it to. */
export class ScriptedSlave {
  readonly party: Party<SlaveProtocol>;
  readonly info: SlaveInfo;
  /** While false, pings go unanswered. */
  pongs = true;

  constructor(cluster: Cluster, hostname: string, resources: string, more: Partial<SlaveInfo> = {}) {
    this.info = {
      hostname,
      ip: "10.0.0.1",
      port: 0,
      resources: quantities(resources),
      attributes: {},
      checkpoint: false,
      ...more,
    };
    this.party = cluster.party(hostname, slaveTable);
    this.party.hearing.react = ({ kind }) => {
      if (kind === "ping" && this.pongs) this.party.say("pong", { slaveId: this.id });
    };
  }

  /** A slave that has been let in. */
  static registered(cluster: Cluster, hostname: string, resources = "cpus:4;mem:4096"): ScriptedSlave {
    const slave = new ScriptedSlave(cluster, hostname, resources);
    slave.hello();
    return slave;
  }

  get hearing() {
    return this.party.hearing;
  }

  /** The id it was given last. */
  get id(): SlaveId {
    const welcome = this.hearing.of("slaveRegistered").at(-1);
    if (welcome !== undefined) this.#id = welcome.slaveId;
    return this.#id;
  }
  #id = SlaveId("none");
  #hellos = 1;

  /** Says hello for the first time, or again for the first time: it has no id. */
  hello(tasks: readonly KnownTask[] = []): void {
    this.party.tell("registerSlave", { self: this.party.address, info: this.info, tasks, hello: this.#hellos });
  }

  /** Says hello with the id it has. */
  helloAgain(tasks: readonly KnownTask[] = []): void {
    this.party.tell("registerSlave", {
      self: this.party.address,
      slaveId: this.id,
      info: this.info,
      tasks,
      hello: ++this.#hellos,
    });
  }

  /** The tasks it was told to run. */
  get tasks(): readonly TaskInfo[] {
    return this.hearing.of("runTask").map(({ task }) => task);
  }

  report(frameworkId: FrameworkId, taskId: string, state: TaskState, more: Partial<TaskStatus> = {}): void {
    const status = statusOf(this.id, taskId, state, more);
    this.party.tell("statusUpdate", { slaveId: this.id, update: { frameworkId, status } });
  }

  /** The task as this slave would report it on its return. */
  known(frameworkId: FrameworkId, framework: FrameworkInfo, task: TaskInfo, state: TaskState = "running"): KnownTask {
    const status = statusOf(this.id, task.taskId, state, {});
    return { frameworkId, framework, task, status, over: isTerminal(state) };
  }
}

function statusOf(slaveId: SlaveId, taskId: string, state: TaskState, more: Partial<TaskStatus>): TaskStatus {
  const uuid = `${taskId} ${state}`;
  return { taskId: TaskId(taskId), state, source: "executor", slaveId, timestampMs: 1, uuid, ...more };
}

/** A task that takes a share of a slave; what it runs does not matter to a master. */
export function task(taskId: string, slaveId: SlaveId, resources: string, more: Partial<TaskInfo> = {}): TaskInfo {
  const wanted: Resources = quantities(resources);
  const command = more.function === undefined && more.simulated === undefined ? { shell: true, value: "true" } : {};
  const kind = "value" in command ? { command } : {};
  return { taskId: TaskId(taskId), name: taskId, slaveId, resources: wanted, ...kind, ...more } as TaskInfo;
}
