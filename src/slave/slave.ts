import type { Address } from "../actors/address.ts";
import type { Context } from "../actors/context.ts";
import { type Ask, protocolTable } from "../actors/protocol.ts";
import type { Spec } from "../actors/spec.ts";
import { type ExecutorCalls, type ExecutorStatus, executorCallsTable } from "../protocol/executor-api.ts";
import type { FrameworkId, TaskId } from "../protocol/ids.ts";
import { type LostTask, type SlaveProtocol, slaveTable } from "../protocol/slave-api.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";
import { isTerminal, type KnownTask, type TaskStatus } from "../protocol/task.ts";
import type { SlaveConfig } from "./config.ts";
import { Executors } from "./executors.ts";
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
};

type SlaveOperations = {
  /** Kills every task, leaves the cluster when the last has ended, and answers. */
  drain: Ask<{ readonly graceMs: number }, { readonly killed: number }>;
};

export type SlaveMailbox = SlaveProtocol & ExecutorCalls & SlaveOperations;

/** The slave: what it hears, and which noun answers. */
export const slave: Spec<SlaveMailbox, SlaveArgs> = {
  name: "slave",
  protocol: protocolTable<SlaveMailbox>("slave", {
    ...slaveTable.fields,
    ...executorCallsTable.fields,
    drain: { graceMs: 0 },
  }),
  start(ctx, args) {
    const party = new Party(ctx, args);
    const { registration, executors, updates } = party;
    return {
      slaveRegistered: ({ lead, slaveId, missesMs, lost }) => {
        if (registration.accepts(lead)) party.registered(slaveId, missesMs, lost);
      },
      slaveRefused: ({ lead, reason }) => {
        if (registration.accepts(lead)) ctx.stop(undefined, { failed: `the master refuses this slave: ${reason}` });
      },
      runTask: ({ lead, frameworkId, framework, task }) => {
        const { slaveId } = registration;
        if (!registration.accepts(lead) || slaveId === undefined) return;
        if (executors.get(frameworkId, task.taskId) !== undefined) return;
        executors.launch(
          slaveId,
          frameworkId,
          framework,
          task,
          party.status({ taskId: task.taskId, state: "staging" }),
        );
      },
      killOnSlave: ({ lead, frameworkId, taskId, graceMs }) => {
        if (registration.accepts(lead)) party.kill(frameworkId, taskId, graceMs);
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
  readonly #ctx: Context<SlaveMailbox>;
  readonly #self: Address<SlaveProtocol>;
  #drained: (() => void) | undefined;

  constructor(ctx: Context<SlaveMailbox>, args: SlaveArgs) {
    this.#ctx = ctx;
    this.#self = ctx.self.address;
    this.executors = new Executors(ctx, args, (frameworkId, taskId, { reason }) => {
      const why = typeof reason === "object" ? reason.failed : reason;
      this.reported(frameworkId, {
        taskId,
        state: "failed",
        reason: "EXECUTOR_TERMINATED",
        message: `the executor ended: ${why}`,
      });
    });
    this.updates = new StatusUpdates(ctx, args.config, (update) => {
      const { master, slaveId } = this.registration;
      if (slaveId !== undefined) master?.tell("statusUpdate", { slaveId, update });
    });
    this.registration = new Registration(ctx, args.master, args.config, {
      hello: (master) => {
        const { slaveId } = this.registration;
        const again = slaveId === undefined ? {} : { slaveId };
        master.tell("registerSlave", { self: this.#self, info: args.info, tasks: this.#known(), ...again });
      },
    });
  }

  registered(slaveId: Parameters<Registration["registered"]>[0], missesMs: number, lost: readonly LostTask[]): void {
    this.registration.registered(slaveId, missesMs);
    for (const { frameworkId, taskId } of lost) this.#disown(frameworkId, taskId);
    this.updates.resendAll();
  }

  pinged(): void {
    const { master, slaveId } = this.registration;
    this.registration.pinged();
    if (slaveId !== undefined) master?.tell("pong", { slaveId });
  }

  kill(frameworkId: FrameworkId, taskId: TaskId, graceMs: number | undefined): void {
    const entry = this.executors.get(frameworkId, taskId);
    if (entry !== undefined) this.executors.kill(entry, graceMs);
  }

  shutdownFramework(frameworkId: FrameworkId): void {
    for (const entry of this.executors.all()) {
      if (entry.frameworkId === frameworkId) this.executors.kill(entry, undefined);
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
    entry.status = this.status({ ...reported, ...(worker === undefined ? {} : { worker }) });
    this.updates.append({ frameworkId, status: entry.status });
  }

  forget(frameworkId: FrameworkId, taskId: TaskId): void {
    this.executors.forget(frameworkId, taskId);
    this.#finishDrain();
  }

  drain(graceMs: number, done: (killed: number) => void): void {
    const live = [...this.executors.all()].filter(({ status }) => !isTerminal(status.state));
    for (const entry of live) this.executors.kill(entry, graceMs);
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
      source: "executor",
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

  /** Ends a task that the master has given up; nobody hears of it again. */
  #disown(frameworkId: FrameworkId, taskId: TaskId): void {
    const entry = this.executors.get(frameworkId, taskId);
    this.updates.drop(frameworkId, taskId);
    if (entry === undefined) return;
    if (isTerminal(entry.status.state)) return this.forget(frameworkId, taskId);
    entry.disowned = true;
    this.executors.kill(entry, undefined);
  }

  /** A drained slave leaves once nothing runs: what is not acknowledged yet is told by the master's own books. */
  #finishDrain(): void {
    const busy = [...this.executors.all()].some(({ status }) => !isTerminal(status.state));
    if (busy || this.#drained === undefined) return;
    this.#drained();
    this.#drained = undefined;
  }
}
