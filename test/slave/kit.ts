import type { Address } from "../../src/actors/address.ts";
import type { AskOutcome } from "../../src/actors/context.ts";
import type { BodyOf, ProtocolTable, TellKind } from "../../src/actors/protocol.ts";
import type { ActorSystem } from "../../src/actors/system.ts";
import type { FunctionCall, FunctionOutcome, ProcessCommand, ProcessEvents, World } from "../../src/actors/world.ts";
import { FrameworkId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import type { Lead } from "../../src/protocol/lead.ts";
import { type MasterProtocol, masterName, masterTable } from "../../src/protocol/master-api.ts";
import { type SlaveProtocol, slaveTable } from "../../src/protocol/slave-api.ts";
import type { TaskInfo, TaskStatus } from "../../src/protocol/task.ts";
import { commandExecutor } from "../../src/slave/command-executor.ts";
import type { SlaveConfig } from "../../src/slave/config.ts";
import { functionExecutor } from "../../src/slave/function-executor.ts";
import { simulatedExecutor } from "../../src/slave/simulated-executor.ts";
import { type Party, type SlaveMailbox, slave } from "../../src/slave/slave.ts";
import { Hearing } from "../protocol/hearing.ts";
import { quantities } from "../protocol/quantities.ts";
import { Stage } from "../protocol/stage.ts";

const endpoint = "master:5050";

export const config: SlaveConfig = {
  registration: { minMs: 1_000, maxMs: 8_000, factor: 2 },
  updateRetryMinMs: 10_000,
  updateRetryMaxMs: 40_000,
};

export const frameworkId = FrameworkId("f1");
export const framework = {
  name: "f1",
  user: "",
  roles: ["*"],
  failoverTimeoutMs: 60_000,
  checkpoint: true,
  capabilities: [],
};
export const slaveId = SlaveId("m-S0");
export const lead: Lead = { epoch: 2, term: 2 };

/** A process that a slave wanted, and what the test does with it. */
export type Started = { readonly command: ProcessCommand; readonly on: ProcessEvents };
export type Called = {
  readonly call: FunctionCall;
  readonly outcome: (outcome: FunctionOutcome) => void;
  aborted: boolean;
};

/** A real slave on a world whose processes and functions do what the test says, and a master that only listens. */
export class Host {
  readonly stage: Stage;
  readonly hearing = new Hearing<MasterProtocol>();
  readonly started: Started[] = [];
  readonly signals: string[] = [];
  readonly called: Called[] = [];
  readonly info = {
    hostname: "h1",
    ip: "10.0.0.1",
    port: 0,
    resources: quantities("cpus:4;mem:1024"),
    attributes: {},
    checkpoint: false,
  };
  readonly system: ActorSystem;
  #master: ActorSystem | undefined;

  constructor() {
    const executors = [commandExecutor, functionExecutor, simulatedExecutor].map(({ protocol }) => protocol);
    const tables = [masterTable, slaveTable, slave.protocol, ...executors];
    this.stage = new Stage(tables as unknown as ProtocolTable<never>[]);
    this.system = this.stage.boot("slave", this.#world());
    const args = {
      master: endpoint,
      info: this.info,
      config,
      workDir: "/work",
      environment: { PATH: "/bin" },
      checkpoint: false,
    };
    this.system.spawn(slave, args, { name: "slave", exported: true });
    this.settle();
  }

  /** A slave that has been let in; what the master heard so far is forgotten. */
  static registered(): Host {
    const host = new Host();
    host.startMaster();
    host.advance(config.registration.maxMs);
    host.welcome();
    host.hearing.clear();
    return host;
  }

  startMaster(): void {
    const system = this.stage.boot("master");
    this.#master = system;
    system.spawn(this.hearing.spec("master", masterTable), undefined, { name: masterName, exported: true });
    this.stage.network.publish(endpoint, system.place);
  }

  /** The master's process ends; the slave sees its link close. */
  crashMaster(): void {
    this.stage.crash("master");
    this.settle();
  }

  /** The master speaks. */
  say<K extends TellKind<SlaveProtocol>>(kind: K, body: BodyOf<SlaveProtocol[K]>): void {
    if (this.#master === undefined) throw new Error("there is no master to say anything");
    const refs = this.#master.refs;
    refs.at<SlaveProtocol>({ place: this.system.place, name: "slave" }).tell(kind, body);
    this.settle();
  }

  welcome(more: Partial<BodyOf<SlaveProtocol["slaveRegistered"]>> = {}): void {
    this.say("slaveRegistered", { lead, slaveId, missesMs: 1_000_000, lost: [], ...more });
  }

  run(task: TaskInfo, by: Lead = lead, hello = this.party.registration.hello): void {
    this.say("runTask", { lead: by, frameworkId, framework, task, hello });
  }

  kill(taskId: string, graceMs?: number): void {
    const grace = graceMs === undefined ? {} : { graceMs };
    this.say("killOnSlave", { lead, frameworkId, taskId: TaskId(taskId), ...grace });
  }

  acknowledge({ taskId, uuid = "" }: TaskStatus): void {
    this.say("updateAcknowledged", { lead, frameworkId, taskId, uuid });
  }

  /** Every update as often as it was sent. */
  get updates(): readonly TaskStatus[] {
    return this.hearing.of("statusUpdate").map(({ update }) => update.status);
  }

  get news(): readonly string[] {
    return this.updates.map(({ taskId, state }) => `${taskId} ${state}`);
  }

  /** Acknowledges the newest update. */
  acknowledgeLast(): void {
    const last = this.updates.at(-1);
    if (last !== undefined) this.acknowledge(last);
  }

  /** Asks the slave to leave; the answers as they come. */
  drain(graceMs: number): unknown[] {
    const answers: unknown[] = [];
    const self = this.system.refs.at<SlaveMailbox>({ place: this.system.place, name: "slave" });
    const settle = (outcome: AskOutcome<unknown>) => answers.push(outcome.ok ? outcome.value : outcome.code);
    this.system.ask(self as never, "drain", { graceMs }, 600_000, settle);
    this.settle();
    return answers;
  }

  get party(): Party {
    return this.system.find("slave")?.inspect() as Party;
  }

  get address(): Address<SlaveProtocol> | undefined {
    return this.hearing.of("registerSlave").at(-1)?.self;
  }

  /** The newest process, started as this pid. */
  start(pid: number): Started {
    const last = this.started.at(-1);
    if (last === undefined) throw new Error("no process was wanted");
    last.on.started(pid);
    this.settle();
    return last;
  }

  settle(): void {
    this.stage.settle();
  }

  advance(ms: number): void {
    this.stage.advance(ms);
  }

  #world(): Partial<World> {
    return {
      processes: {
        start: (command, on) => this.started.push({ command, on }),
        signal: (pid, signal) => this.signals.push(`${signal} ${pid}`),
        endStrays: () => {},
      },
      pool: {
        call: (call, outcome) => {
          const called: Called = { call, outcome, aborted: false };
          this.called.push(called);
          return () => {
            called.aborted = true;
          };
        },
      },
    };
  }
}

const plain = { name: "t", slaveId, resources: quantities("cpus:1") };

export function commandTask(id: string, more: Partial<TaskInfo> = {}): TaskInfo {
  return { ...plain, taskId: TaskId(id), command: { shell: true, value: "true" }, ...more };
}

export function functionTask(id: string): TaskInfo {
  return { ...plain, taskId: TaskId(id), function: { module: "m", export: "e", args: [1] } };
}

export function simulatedTask(id: string, durationMs: number, outcome: "finished" | "failed" = "finished"): TaskInfo {
  return { ...plain, taskId: TaskId(id), simulated: { durationMs, outcome } };
}
