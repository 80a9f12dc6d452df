import type { BodyOf } from "../actors/protocol.ts";
import { MultiMap } from "../base/multi-map.ts";
import { type TaskRow, taskKey } from "../protocol/cluster-events.ts";
import { type FrameworkId, SlaveId, type TaskId } from "../protocol/ids.ts";
import type { MasterProtocol } from "../protocol/master-api.ts";
import { noResources, type Resources, sum } from "../protocol/resources.ts";
import { defaultRole } from "../protocol/role.ts";
import {
  isTerminal,
  type KnownTask,
  type StatusUpdate,
  type TaskInfo,
  type TaskReason,
  type TaskState,
  type TaskStatus,
} from "../protocol/task.ts";
import { crowdedTasks } from "./crowded-tasks.ts";
import { Executors } from "./executors.ts";
import { slavesOf } from "./registry.ts";
import type { Slave } from "./slaves.ts";
import type { MasterState } from "./state.ts";

export type Task = {
  readonly frameworkId: FrameworkId;
  readonly slaveId: SlaveId;
  readonly info: TaskInfo;
  /** The latest we know, also while it waits to be acknowledged. */
  status: TaskStatus;
  /** Whether its resources went back: once, when a terminal state was first seen. */
  released: boolean;
  /** An order to end it that waits for its slave to come back. */
  killPending?: { readonly graceMs?: number };
};

/** Whose share the task counts against. */
export function roleOf({ info }: Task): string {
  return info.role ?? defaultRole;
}

/** Whether it runs on the part of its slave that is for short tasks. */
export function isShort({ info }: { readonly info: TaskInfo }): boolean {
  return info.short === true;
}

function isStaging({ released, status: { state } }: Task): boolean {
  return !released && (state === "staging" || state === "starting");
}

/** A task in the words that slaves and masters share. */
export function holderOf({ frameworkId, info }: Task) {
  return { frameworkId, task: info };
}

/** The tasks of every slave that the master believes to be alive, or ended and not yet acknowledged. */
export class Tasks {
  readonly #state: () => MasterState;
  readonly executors = new Executors();
  readonly #tasks = new Map<string, Task>();
  readonly #bySlave = new MultiMap<SlaveId, Task>();
  readonly #byFramework = new MultiMap<FrameworkId, Task>();

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  all(): Iterable<Task> {
    return this.#tasks.values();
  }

  get(frameworkId: FrameworkId, taskId: TaskId): Task | undefined {
    return this.#tasks.get(taskKey(frameworkId, taskId));
  }

  onSlave(slaveId: SlaveId): readonly Task[] {
    return [...this.#bySlave.get(slaveId)];
  }

  ofFramework(frameworkId: FrameworkId): readonly Task[] {
    return [...this.#byFramework.get(frameworkId)];
  }

  /** Whether the task may go on while its slave's link is broken: functions die with their slave's process. */
  outlivesLink(task: Task): boolean {
    const framework = this.#state().frameworks.get(task.frameworkId);
    return task.info.function === undefined && framework?.info.checkpoint === true;
  }

  launch(frameworkId: FrameworkId, slave: Slave, info: TaskInfo): void {
    const { frameworks, lead } = this.#state();
    const framework = frameworks.get(frameworkId);
    if (framework === undefined) return;
    this.#stage(frameworkId, slave, info);
    slave.ref.tell("runTask", { lead, frameworkId, framework: framework.info, task: info, hello: slave.hello });
  }

  /** The slave hears of all tasks of a group at once. Answers what they take, with their executor unless it runs already. */
  launchGroup(frameworkId: FrameworkId, slave: Slave, tasks: readonly TaskInfo[]): Resources {
    const { frameworks, lead } = this.#state();
    const framework = frameworks.get(frameworkId);
    if (framework === undefined || tasks.length === 0) return noResources;
    const taken = tasks.map((info) => this.#stage(frameworkId, slave, info));
    slave.ref.tell("runGroup", { lead, frameworkId, framework: framework.info, tasks, hello: slave.hello });
    return sum(taken);
  }

  /** News from a slave: the book first, then on to the scheduler, who acknowledges. */
  update(slaveId: SlaveId, { frameworkId, status, over = false }: StatusUpdate): void {
    const { frameworks, lead, counters } = this.#state();
    const slave = this.#state().slaves.get(slaveId);
    if (slave === undefined) return counters.statusUpdate(false);
    const framework = frameworks.get(frameworkId);
    const task = this.#onThis(slaveId, frameworkId, status.taskId);
    counters.statusUpdate(task !== undefined);
    if (framework === undefined || framework.state === "completed") {
      this.#note(task, status);
      if (status.uuid !== undefined) this.acknowledge(frameworkId, slaveId, status.taskId, status.uuid);
      slave.ref.tell("shutdownFramework", { lead, frameworkId });
      return;
    }
    this.#note(task, status);
    // What it held is free from its end on, however long its framework takes over the news.
    if (over && task !== undefined) this.#release(task);
    framework.ref?.tell("taskUpdate", { status });
  }

  /** A scheduler (or, for a finished framework, the master itself) has the update: the slave may go on to the next. */
  acknowledge(frameworkId: FrameworkId, slaveId: SlaveId, taskId: TaskId, uuid: string): void {
    const { slaves, lead, counters } = this.#state();
    const task = this.get(frameworkId, taskId);
    counters.acknowledgement(task?.slaveId === slaveId);
    // A returning slave may report a task that is over with news from before its end, which is yet to be heard.
    const last = task?.slaveId === slaveId && task.status.uuid === uuid && isTerminal(task.status.state);
    if (last) this.#remove(task);
    slaves.get(slaveId)?.ref.tell("updateAcknowledged", { lead, frameworkId, taskId, uuid });
  }

  /** An unknown task is answered for as by reconciliation; one that is not on the slave named is left alone. */
  kill({ frameworkId, taskId, graceMs, slaveId }: BodyOf<MasterProtocol["killTask"]>): void {
    const { slaves, lead } = this.#state();
    const task = this.get(frameworkId, taskId);
    if (task !== undefined && slaveId !== undefined && task.slaveId !== slaveId) return;
    const grace = graceMs === undefined ? {} : { graceMs };
    if (task === undefined) {
      return this.reconcile(frameworkId, [{ taskId, ...(slaveId === undefined ? {} : { slaveId }) }]);
    }
    const slave = slaves.get(task.slaveId);
    if (slave?.state === "registered") slave.ref.tell("killOnSlave", { lead, frameworkId, taskId, ...grace });
    else task.killPending = grace;
  }

  /** Ends a task for somebody who is owed what it has. */
  revoke({ frameworkId, info: { taskId } }: Task, slave: Slave): void {
    slave.ref.tell("killOnSlave", { lead: this.#state().lead, frameworkId, taskId, reason: "REVOKED" });
  }

  /** Whether its framework has yet to hear of its end, which the slave may have told nobody but the master. */
  isAwaited({ released, status: { state } }: Task): boolean {
    return !released || !isTerminal(state);
  }

  /** What is left of a slave that is gone: ended tasks whose news nobody can acknowledge any more. */
  forgetSlave(slaveId: SlaveId): void {
    for (const task of this.onSlave(slaveId)) this.#remove(task);
  }

  /** The slave is gone for this task's purposes: its resources go back and its framework is told. */
  giveUp(task: Task, state: "lost" | "unreachable" | "gone" | "gone_by_operator", reason: TaskReason): void {
    const { slaveId } = task;
    const slave = this.#state().registrar.registry.slaves.get(slaveId);
    const since = state === "unreachable" && slave !== undefined ? { unreachableMs: slave.sinceMs } : {};
    this.#tell(task.frameworkId, this.#status(task.info.taskId, state, { slaveId, reason, ...since }));
    this.#release(task);
    this.#remove(task);
  }

  /**
   * Statuses for tasks that never started; the scheduler hears them without a uuid. A message may quote what the scheduler
   * sent, and there may be thousands of tasks: it is cut.
   */
  refuse(
    frameworkId: FrameworkId,
    tasks: readonly { readonly taskId: TaskId; readonly slaveId: SlaveId }[],
    state: "dropped" | "error",
    reason: TaskReason,
    message: string,
  ): void {
    for (const { taskId, slaveId } of tasks) {
      const status = this.#status(taskId, state, { slaveId, reason, message: message.slice(0, refusalLengthMax) });
      this.#state().counters.taskState(status);
      this.#answer(frameworkId, status);
    }
  }

  /**
   * Compares what a returning slave still has with the book. Tasks it does not know never started, or ended before
   * it forgot them; tasks the book does not know are taken from the slave, but for those that were given up and those
   * that it has no room for.
   */
  reconcileSlave(slave: Slave, reported: readonly KnownTask[]): void {
    const { frameworks } = this.#state();
    const present = new Set(reported.map(({ frameworkId, task }) => taskKey(frameworkId, task.taskId)));
    slave.lost = slave.lost.filter(({ frameworkId, taskId }) => present.has(taskKey(frameworkId, taskId)));
    const givenUp = new Set(slave.lost.map(({ frameworkId, taskId }) => taskKey(frameworkId, taskId)));
    for (const task of this.onSlave(slave.id)) {
      if (present.has(taskKey(task.frameworkId, task.info.taskId))) continue;
      if (this.isAwaited(task)) this.giveUp(task, "gone", "AGENT_REREGISTERED");
      else this.#remove(task);
    }
    const crowded = crowdedTasks(this.#state(), slave, reported, givenUp);
    for (const { frameworkId, framework, task: info, status, over } of reported) {
      if (givenUp.has(taskKey(frameworkId, info.taskId))) continue;
      if (crowded.has(taskKey(frameworkId, info.taskId))) {
        slave.lost = [...slave.lost, { frameworkId, taskId: info.taskId }];
        continue;
      }
      frameworks.recover(frameworkId, framework);
      const known = this.get(frameworkId, info.taskId);
      if (known === undefined) this.#recover({ frameworkId, slaveId: slave.id, info, status, released: over });
      else if (known.slaveId !== slave.id) slave.lost = [...slave.lost, { frameworkId, taskId: info.taskId }];
      else {
        this.#note(known, status);
        if (over) this.#release(known);
      }
    }
  }

  /** Orders to kill that came while the slave was away, and those that a finished framework implies. */
  sendPendingKills(slave: Slave): void {
    const { frameworks, lead } = this.#state();
    for (const task of this.onSlave(slave.id)) {
      const { frameworkId, info, killPending } = task;
      if (killPending === undefined && frameworks.get(frameworkId)?.state !== "completed") continue;
      delete task.killPending;
      slave.ref.tell("killOnSlave", { lead, frameworkId, taskId: info.taskId, ...killPending });
    }
  }

  reconcile(frameworkId: FrameworkId, asked: readonly { readonly taskId: TaskId; readonly slaveId?: SlaveId }[]): void {
    if (asked.length === 0) {
      for (const task of this.ofFramework(frameworkId)) this.#answerKnown(task);
      return;
    }
    for (const { taskId, slaveId } of asked) {
      const task = this.get(frameworkId, taskId);
      if (task !== undefined) this.#answerKnown(task);
      else this.#answerUnknown(frameworkId, taskId, slaveId);
    }
  }

  row({ frameworkId, info, status }: Task): TaskRow {
    return { frameworkId, task: info, status };
  }

  /** A task id that was used again on another slave is another task. */
  #onThis(slaveId: SlaveId, frameworkId: FrameworkId, taskId: TaskId): Task | undefined {
    const task = this.get(frameworkId, taskId);
    return task?.slaveId === slaveId ? task : undefined;
  }

  #answerKnown({ frameworkId, status }: Task): void {
    this.#answer(frameworkId, { ...withoutUuid(status), source: "master", reason: "RECONCILIATION" });
  }

  /** Silence while a slave of the registry may still come back with the task; then what its absence means. */
  #answerUnknown(frameworkId: FrameworkId, taskId: TaskId, slaveId: SlaveId | undefined): void {
    const { slaves, registrar } = this.#state();
    const { registry } = registrar;
    if (slaveId === undefined) {
      const awaited = slavesOf(registry, "admitted").some((id) => slaves.get(SlaveId(id)) === undefined);
      if (!awaited) this.#answer(frameworkId, this.#status(taskId, "unknown", { reason: "RECONCILIATION" }));
      return;
    }
    const slave = registry.slaves.get(slaveId);
    if (slave?.standing === "admitted" && slaves.get(slaveId) === undefined) return;
    const answer = slave === undefined ? "unknown" : withoutTask[slave.standing];
    const since = slave?.standing === "unreachable" ? { unreachableMs: slave.sinceMs } : {};
    this.#answer(frameworkId, this.#status(taskId, answer, { reason: "RECONCILIATION", slaveId, ...since }));
  }

  #recover(task: Task): void {
    this.#add(task);
    if (task.released) return;
    this.#tell(task.frameworkId, { ...withoutUuid(task.status), source: "master", reason: "AGENT_REREGISTERED" });
  }

  #note(task: Task | undefined, status: TaskStatus): void {
    if (task === undefined || (task.released && !isTerminal(status.state))) return;
    const { publisher, counters } = this.#state();
    if (!(task.released && task.status.uuid === status.uuid)) {
      if (!isTerminal(task.status.state)) counters.taskState(status);
      const wasStaging = isStaging(task);
      task.status = status;
      this.#restage(task, wasStaging);
      publisher.changed({ type: "taskStatus", frameworkId: task.frameworkId, status });
    }
    if (isTerminal(status.state)) this.#release(task);
  }

  /** Takes a task into the book, and answers what that takes of its slave. */
  #stage(frameworkId: FrameworkId, slave: Slave, info: TaskInfo): Resources {
    const status = this.#status(info.taskId, "staging", { slaveId: slave.id });
    return this.#add({ frameworkId, slaveId: slave.id, info, status, released: false });
  }

  #add(task: Task): Resources {
    const { slaves, frameworks, publisher } = this.#state();
    const { frameworkId, slaveId, info } = task;
    const held = task.released ? noResources : this.executors.enter(slaveId, frameworkId, info);
    this.#tasks.set(taskKey(task.frameworkId, task.info.taskId), task);
    this.#bySlave.add(task.slaveId, task);
    this.#byFramework.add(task.frameworkId, task);
    if (!task.released) {
      slaves.use(slaveId, held);
      frameworks.use(frameworkId, held);
      this.#restage(task, false);
    }
    publisher.changed({ type: "task", row: this.row(task) });
    return held;
  }

  /** Keeps the sum of what is launched and does not run yet: of tasks, as the executor of a group runs from the first. */
  #restage(task: Task, before: boolean): void {
    const { frameworks } = this.#state();
    const after = isStaging(task);
    if (before === after) return;
    if (after) frameworks.stage(task.frameworkId, task.info.resources);
    else frameworks.unstage(task.frameworkId, task.info.resources);
  }

  #release(task: Task): void {
    if (task.released) return;
    const { slaves, frameworks, allocator, revocations } = this.#state();
    const { frameworkId, slaveId } = task;
    const resources = this.executors.leave(slaveId, frameworkId, task.info);
    const role = roleOf(task);
    const wasStaging = isStaging(task);
    task.released = true;
    this.#restage(task, wasStaging);
    slaves.unuse(slaveId, resources);
    frameworks.unuse(frameworkId, resources);
    allocator.recovered({ slaveId, short: isShort(task), frameworkId, role, resources });
    revocations.ended(task);
  }

  #remove(task: Task): void {
    this.#tasks.delete(taskKey(task.frameworkId, task.info.taskId));
    this.#bySlave.delete(task.slaveId, task);
    this.#byFramework.delete(task.frameworkId, task);
    this.#state().frameworks.settle(task.frameworkId);
  }

  /** What has become of a task, to whom it concerns. */
  #tell(frameworkId: FrameworkId, status: TaskStatus): void {
    const { publisher, counters } = this.#state();
    counters.taskState(status);
    this.#answer(frameworkId, status);
    publisher.changed({ type: "taskStatus", frameworkId, status });
  }

  /** What its framework alone wants to know: nothing has happened to any task. */
  #answer(frameworkId: FrameworkId, status: TaskStatus): void {
    this.#state().frameworks.get(frameworkId)?.ref?.tell("taskUpdate", { status });
  }

  #status(taskId: TaskId, state: TaskState, more: Partial<TaskStatus>): TaskStatus {
    return { taskId, state, source: "master", timestampMs: this.#state().ctx.clock.wall(), ...more };
  }
}

/** Characters of the message of a refusal. */
const refusalLengthMax = 500;

/** What it means for a task that the book does not have it, by the standing of its slave. */
const withoutTask = { admitted: "gone", unreachable: "unreachable", gone: "gone_by_operator" } as const;

function withoutUuid({ uuid: _uuid, ...status }: TaskStatus): TaskStatus {
  return status;
}
