import type { WireValue } from "../actors/wire-value.ts";
import type { FrameworkInfo } from "./framework-info.ts";
import type { FrameworkId, SlaveId, TaskId } from "./ids.ts";
import type { Resources } from "./resources.ts";

/** A unit of work. Exactly one of `command`, `function` and `simulated` says what to run. */
export type TaskInfo = {
  readonly taskId: TaskId;
  readonly name: string;
  readonly slaveId: SlaveId;
  readonly resources: Resources;
  readonly command?: Command;
  readonly function?: FunctionTask;
  readonly simulated?: SimulatedTask;
  /** Time between SIGTERM and SIGKILL, in milliseconds. Default 3 000. */
  readonly killGraceMs?: number;
  readonly labels?: { readonly [name: string]: string };
};

/** An OS process: `/bin/sh -c value`, or `value` executed with `arguments` as the whole argv. */
export type Command = {
  readonly shell: boolean;
  readonly value: string;
  readonly arguments?: readonly string[];
  readonly environment?: { readonly [name: string]: string };
};

/** An export of a module, called on a pool thread of the slave. Its return value is the status's `data`. */
export type FunctionTask = { readonly module: string; readonly export: string; readonly args: WireValue };

/** A task that only takes time: for simulations and for measuring everything but the work. */
export type SimulatedTask = { readonly durationMs: number; readonly outcome: "finished" | "failed" };

export const killGraceMsDefault = 3_000;

export type TaskState =
  | "staging"
  | "starting"
  | "running"
  | "killing"
  | "finished"
  | "failed"
  | "killed"
  | "error"
  | "lost"
  | "dropped"
  | "unreachable"
  | "gone"
  | "unknown";

const terminal: ReadonlySet<TaskState> = new Set(["finished", "failed", "killed", "error", "lost", "dropped", "gone"]);

/**
 *   staging ── starting ── running ── killing ──┬─ finished  failed  killed  error
 *                                               └─ lost  dropped  gone
 *   unreachable: the slave is silent and may come back; unknown: only ever an answer to reconciliation.
 */
export function isTerminal(state: TaskState): boolean {
  return terminal.has(state);
}

/** News of a task. Only updates with a uuid are retried, and must be acknowledged. */
export type TaskStatus = {
  readonly taskId: TaskId;
  readonly state: TaskState;
  readonly source: "master" | "slave" | "executor";
  /** Mesos's reason without its prefix, such as `INVALID_OFFERS`. */
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly slaveId?: SlaveId;
  /** Unix milliseconds. */
  readonly timestampMs: number;
  readonly uuid?: string;
  /** What a function task returned. */
  readonly data?: WireValue;
  /** How a process task ended. */
  readonly exit?: { readonly status: number } | { readonly signal: string };
  /** Who runs it: a pid, or a pool thread as `PID/THREAD`. */
  readonly worker?: string;
};

export type TaskReason =
  | "AGENT_DISCONNECTED"
  | "AGENT_REMOVED"
  | "AGENT_REREGISTERED"
  | "AGENT_RESTARTED"
  | "AGENT_UNKNOWN"
  | "CONTAINER_LAUNCH_FAILED"
  | "EXECUTOR_TERMINATED"
  | "FRAMEWORK_REMOVED"
  | "INVALID_OFFERS"
  | "RECONCILIATION"
  | "TASK_INVALID"
  | "TASK_KILLED_DURING_LAUNCH"
  | "TASK_UNKNOWN";

/** A status on its way from a slave's stream. */
export type StatusUpdate = { readonly frameworkId: FrameworkId; readonly status: TaskStatus };

/** A task as a slave reports it when it registers again. */
export type KnownTask = {
  readonly frameworkId: FrameworkId;
  /** The framework as the slave last heard of it: a master that lost its memory learns it from here. */
  readonly framework: FrameworkInfo;
  readonly task: TaskInfo;
  /** What its framework has been told of it, or is to be told next. */
  readonly status: TaskStatus;
  /** Whether it has ended, even if that news still waits its turn. */
  readonly over: boolean;
};
