import type { Address } from "../actors/address.ts";
import type { Context } from "../actors/context.ts";
import { type Ask, protocolTable } from "../actors/protocol.ts";
import type { Spec } from "../actors/spec.ts";
import { type ExecutorCalls, type ExecutorStatus, executorCallsTable } from "../protocol/executor-api.ts";
import type { FrameworkInfo } from "../protocol/framework-info.ts";
import type { FrameworkId, SlaveId, TaskId } from "../protocol/ids.ts";
import type { Lead } from "../protocol/lead.ts";
import { type LostTask, type SlaveProtocol, slaveTable } from "../protocol/slave-api.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";
import { isTerminal, type KnownTask, type TaskInfo, type TaskReason, type TaskStatus } from "../protocol/task.ts";
import { executorIdOf } from "../protocol/task-group.ts";
import { Checkpoint, type RecoveredTask } from "./checkpoint.ts";
import type { SlaveConfig } from "./config.ts";
import { type Entry, Executors } from "./executors.ts";
import { Registration } from "./registration.ts";
import { StatusUpdates } from "./status-updates.ts";

export type SlaveArgs = {
  /** Where the master is: `thread:NAME` or `HOST:PORT`. */
  readonly master: string;
  readonly info: SlaveInfo;
  readonly config: SlaveConfig;
  /** Directory under which the sandboxes of tasks are made. */
  readonly workDir: string;
  /** Environment that commands start from. */
  readonly environment: { readonly [name: string]: string };
  /** Whether it keeps a journal, and so its identity and its news, through a restart. */
  readonly checkpoint: boolean;
};

type SlaveOperations = {
  /** Kills every task, leaves the cluster when the last has ended, and answers. */
  drain: Ask<{ readonly graceMs: number }, { readonly killed: number }>;
};

export type SlaveMailbox = SlaveProtocol & ExecutorCalls & SlaveOperations;

/** Ends that the slave tells of, because no executor is there to do so. */
const oursToTell: ReadonlySet<TaskReason> = new Set([
  "AGENT_RESTARTED",
  "CONTAINER_LAUNCH_FAILED",
  "EXECUTOR_TERMINATED",
  "TASK_KILLED_DURING_LAUNCH",
]);

/** The slave: what it hears, and which noun answers. */
export const slave: Spec<SlaveMailbox, SlaveArgs> = {
  name: "slave",
  protocol: protocolTable<SlaveMailbox>(
    "slave",
    { ...slaveTable.fields, ...executorCallsTable.fields, drain: { graceMs: 0 } },
    slaveTable.fault,
  ),
  start(ctx, args) {
    const party = new Party(ctx, args);
    party.start();
    const { registration, updates } = party;
    return {
      slaveRegistered: ({ lead, slaveId, missesMs, lost }) => {
        if (registration.accepts(lead)) party.registered(lead, slaveId, missesMs, lost);
      },
      slaveRefused: ({ lead, reason }) => {
        if (registration.accepts(lead)) ctx.stop(undefined, { failed: `the master refuses this slave: ${reason}` });
      },
      runTask: ({ lead, frameworkId, framework, task, hello }) => {
        if (registration.accepts(lead) && hello === registration.hello) party.run(frameworkId, framework, [task]);
      },
      runGroup: ({ lead, frameworkId, framework, tasks, hello }) => {
        if (registration.accepts(lead) && hello === registration.hello) party.run(frameworkId, framework, tasks);
      },
      killOnSlave: ({ lead, frameworkId, taskId, graceMs, reason }) => {
        if (registration.accepts(lead)) party.kill(frameworkId, taskId, graceMs, reason);
      },
      endExecutor: ({ lead, frameworkId, executorId }) => {
        if (registration.accepts(lead)) party.endExecutor(frameworkId, executorId);
      },
      shutdownFramework: ({ lead, frameworkId }) => {
        if (registration.accepts(lead)) party.shutdownFramework(frameworkId);
      },
      updateAcknowledged: ({ lead, frameworkId, taskId, uuid }) => {
        if (registration.accepts(lead) && updates.acknowledge(frameworkId, taskId, uuid))
          party.forget(frameworkId, taskId);
      },
      ping: ({ lead }) => {
        if (registration.accepts(lead)) party.pinged();
      },
      update: ({ frameworkId, status }) => party.reported(frameworkId, status),
      drain: ({ graceMs }, reply) => party.drain(graceMs, (killed) => reply({ killed })),
      inspect: () => party,
    };
  },
};

/** The slave's state: one noun each, and what happens between them. */
export class Party {
  readonly registration: Registration;
  readonly executors: Executors;
  readonly updates: StatusUpdates;
  readonly #checkpoint: Checkpoint;
  readonly #ctx: Context<SlaveMailbox>;
  readonly #self: Address<SlaveProtocol>;
  /** The id and the leadership that were last written down. */
  #identity: string | undefined;
  #drained: (() => void) | undefined;

  constructor(ctx: Context<SlaveMailbox>, args: SlaveArgs) {
    this.#ctx = ctx;
    this.#self = ctx.self.address;
    this.#checkpoint = new Checkpoint(ctx, args.checkpoint);
    this.executors = new Executors(ctx, args, (frameworkId, taskId, { reason }) => {
      this.#exited(frameworkId, taskId);
      const why = typeof reason === "object" ? reason.failed : reason;
      this.reported(frameworkId, {
        taskId,
        state: "failed",
        reason: "EXECUTOR_TERMINATED",
        message: `the executor ended: ${why}`,
      });
    });
    this.updates = new StatusUpdates(ctx, args.config, this.#checkpoint, (update) => {
      const { master, slaveId } = this.registration;
      if (slaveId === undefined) return;
      const entry = this.executors.get(update.frameworkId, update.status.taskId);
      const over = entry !== undefined && isTerminal(entry.status.state) && !isTerminal(update.status.state);
      master?.tell("statusUpdate", { slaveId, update: over ? { ...update, over } : update });
    });
    this.registration = new Registration(ctx, args.master, args.config, {
      hello: (master) => {
        const { slaveId, hello } = this.registration;
        const again = slaveId === undefined ? {} : { slaveId };
        master.tell("registerSlave", { self: this.#self, info: args.info, tasks: this.#known(), hello, ...again });
      },
    });
  }

  /** Takes up what an earlier life left, and goes in search of the master. */
  start(): void {
    this.#checkpoint.recover(({ slaveId, lead, tasks }) => {
      this.registration.start(slaveId, lead);
      if (slaveId !== undefined) this.#ctx.act(({ processes }) => processes.endStrays({ MESOS_SLAVE_ID: slaveId }));
      for (const recovered of tasks) this.#restore(recovered);
    });
  }

  registered(lead: Lead, slaveId: SlaveId, missesMs: number, lost: readonly LostTask[]): void {
    const known = this.registration.slaveId;
    const identity = `${slaveId} ${lead.epoch}.${lead.term}`;
    if (identity !== this.#identity) this.#checkpoint.write({ type: "registered", slaveId, lead }, () => {});
    this.#identity = identity;
    this.registration.registered(slaveId, missesMs);
    if (slaveId !== known && known !== undefined) this.#startAnew();
    for (const { frameworkId, taskId } of lost) this.#disown(frameworkId, taskId);
    this.updates.resendAll();
  }

  /**
   * Tasks begin, all of them at once, when it is on disk that they do: a slave that dies in between knows what to look for.
   * Records reach the disk in their order.
   */
  run(frameworkId: FrameworkId, framework: FrameworkInfo, tasks: readonly TaskInfo[]): void {
    const { slaveId } = this.registration;
    if (slaveId === undefined || tasks.some(({ taskId }) => this.executors.get(frameworkId, taskId))) return;
    const entries = tasks.map((task) => {
      const staged = this.status({ taskId: task.taskId, state: "staging" });
      return this.executors.launch(slaveId, frameworkId, framework, task, staged);
    });
    for (const { task } of entries) {
      this.#checkpoint.write({ type: "launched", frameworkId, framework, task }, () => {
        if (task !== tasks.at(-1)) return;
        for (const entry of entries) if (!isTerminal(entry.status.state)) this.executors.begin(entry);
      });
    }
  }

  pinged(): void {
    const { master, slaveId } = this.registration;
    this.registration.pinged();
    if (slaveId !== undefined) master?.tell("pong", { slaveId });
  }

  /** `reason`: its end is told with this reason, unless it has one of its own already. */
  kill(frameworkId: FrameworkId, taskId: TaskId, graceMs: number | undefined, reason?: "REVOKED"): void {
    const entry = this.executors.get(frameworkId, taskId);
    if (entry === undefined || isTerminal(entry.status.state)) return;
    if (reason !== undefined) entry.endedFor ??= reason;
    this.#kill(entry, graceMs);
  }

  endExecutor(frameworkId: FrameworkId, executorId: string): void {
    for (const entry of this.executors.under(frameworkId, executorId)) {
      if (entry.begun) this.executors.shutdown(entry);
      else this.#kill(entry, undefined);
    }
  }

  shutdownFramework(frameworkId: FrameworkId): void {
    for (const entry of this.executors.all()) {
      if (entry.frameworkId === frameworkId) this.#kill(entry, undefined);
    }
  }

  /** News from an executor. A task ends once: what comes after its end is not news. */
  reported(frameworkId: FrameworkId, reported: ExecutorStatus): void {
    const entry = this.executors.get(frameworkId, reported.taskId);
    if (entry === undefined || isTerminal(entry.status.state)) return;
    if (entry.disowned) {
      if (isTerminal(reported.state)) this.forget(frameworkId, reported.taskId);
      return;
    }
    const worker = reported.worker ?? entry.status.worker;
    const { containerId, task } = entry;
    entry.status = this.status({
      ...endFor(entry, reported),
      ...(worker === undefined ? {} : { worker }),
      ...(containerId === undefined ? {} : { containerId }),
      ...(task.group === undefined ? {} : { executorId: task.group.executor.executorId }),
    });
    this.updates.append({ frameworkId, status: entry.status });
    if (!isTerminal(reported.state)) return;
    if (entry.status.state !== "finished") this.#endGroup(entry, `task ${task.taskId} is ${entry.status.state}`);
    this.#finishDrain();
  }

  forget(frameworkId: FrameworkId, taskId: TaskId): void {
    this.executors.forget(frameworkId, taskId);
    this.#checkpoint.write({ type: "forgotten", frameworkId, taskId }, () => {});
    this.#finishDrain();
  }

  drain(graceMs: number, done: (killed: number) => void): void {
    const live = [...this.executors.all()].filter(({ status }) => !isTerminal(status.state));
    for (const entry of live) this.#kill(entry, graceMs);
    this.#drained = () => {
      const { master, slaveId } = this.registration;
      if (slaveId !== undefined) master?.tell("unregisterSlave", { slaveId });
      done(live.length);
    };
    this.#finishDrain();
  }

  status(reported: ExecutorStatus): TaskStatus {
    const { slaveId } = this.registration;
    return {
      ...reported,
      source: sourceOf(reported.reason),
      timestampMs: this.#ctx.clock.wall(),
      uuid: this.#ctx.ids.next(),
      ...(slaveId === undefined ? {} : { slaveId }),
    };
  }

  /** Everything a master must be told on registering. */
  #known(): readonly KnownTask[] {
    return [...this.executors.all()].map(({ frameworkId, framework, task, status: latest }) => ({
      frameworkId,
      framework,
      task,
      status: this.updates.head(frameworkId, task.taskId) ?? latest,
      over: isTerminal(latest.state),
    }));
  }

  /** The master has given us up and lets us in as somebody else: what we were belongs to nobody any more. */
  #startAnew(): void {
    for (const { frameworkId, task } of [...this.executors.all()]) this.#disown(frameworkId, task.taskId);
  }

  /** Ends a task that the master has given up; nobody hears of it again. */
  #disown(frameworkId: FrameworkId, taskId: TaskId): void {
    const entry = this.executors.get(frameworkId, taskId);
    this.updates.drop(frameworkId, taskId);
    if (entry === undefined) return;
    if (isTerminal(entry.status.state)) return this.forget(frameworkId, taskId);
    entry.disowned = true;
    this.#kill(entry, undefined);
    this.#endGroup(entry, `task ${taskId} was given up`);
  }

  /**
   * A group of which a task does not finish ends, each task with the time that it has for that, as under Mesos. A group of
   * which one is revoked is revoked.
   */
  #endGroup(entry: Entry, why: string): void {
    for (const other of this.executors.companions(entry)) {
      if (isTerminal(other.status.state) || other.disowned) continue;
      other.endedWith ??= why;
      if (entry.endedFor === "REVOKED") other.endedFor ??= "REVOKED";
      this.#kill(other, undefined);
    }
  }

  /** Frameworks hear of the end of an executor only if somebody had it ended: else its task's end says it all. */
  #exited(frameworkId: FrameworkId, taskId: TaskId): void {
    const { master, slaveId } = this.registration;
    const entry = this.executors.get(frameworkId, taskId);
    if (entry?.endedFor !== "EXECUTOR_TERMINATED" || slaveId === undefined) return;
    const executorId = executorIdOf(entry.task);
    if (!this.executors.under(frameworkId, executorId).every(({ exited }) => exited)) return;
    master?.tell("executorExited", { slaveId, frameworkId, executorId });
  }

  #kill(entry: Entry, graceMs: number | undefined): void {
    if (entry.begun) return this.executors.kill(entry, graceMs);
    const { taskId } = entry.task;
    this.reported(entry.frameworkId, { taskId, state: "killed", reason: "TASK_KILLED_DURING_LAUNCH" });
    this.executors.stop(entry);
  }

  /** What ran when the earlier life ended has ended with it; its scheduler hears so after what it had still to hear. */
  #restore({ frameworkId, framework, task, status, pending }: RecoveredTask): void {
    const { taskId } = task;
    const last = status ?? this.status({ taskId, state: "staging" });
    this.executors.restore(frameworkId, framework, task, last);
    this.updates.restore(frameworkId, taskId, pending);
    if (isTerminal(last.state)) return;
    this.reported(frameworkId, {
      taskId,
      state: "lost",
      reason: "AGENT_RESTARTED",
      message: "the slave was restarted",
    });
  }

  /** A drained slave leaves once nothing runs: what is not acknowledged yet is told by the master's own books. */
  #finishDrain(): void {
    const busy = [...this.executors.all()].some(({ status }) => !isTerminal(status.state));
    if (busy || this.#drained === undefined) return;
    this.#drained();
    this.#drained = undefined;
  }
}

/** The master decides what is revoked. */
function sourceOf(reason: TaskReason | undefined): TaskStatus["source"] {
  if (reason === "REVOKED") return "master";
  return reason !== undefined && oursToTell.has(reason) ? "slave" : "executor";
}

/**
 * A task that was ended for a reason of its own has failed, or is revoked, for it, whatever its executor says of its end. One
 * that was killed with its group says so.
 */
function endFor({ endedFor, endedWith }: Entry, reported: ExecutorStatus): ExecutorStatus {
  if (!isTerminal(reported.state) || reported.state === "finished") return reported;
  if (endedFor !== undefined)
    return { ...reported, state: endedFor === "REVOKED" ? "killed" : "failed", reason: endedFor };
  if (endedWith === undefined) return reported;
  const why = `its group ends, because ${endedWith}`;
  return { ...reported, message: reported.message === undefined ? why : `${reported.message}; ${why}` };
}
