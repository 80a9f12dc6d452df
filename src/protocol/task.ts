import type { WireValue } from "../actors/wire-value.ts";
import { type FrameworkInfo, frameworkInfoShape } from "./framework-info.ts";
import { type Membership, membershipShape } from "./group-executor.ts";
import type { FrameworkId, SlaveId, TaskId } from "./ids.ts";
import { type Label, labelsShape } from "./label.ts";
import { type Resources, resourcesShape } from "./resources.ts";
import {
  anything,
  count,
  dictionary,
  durationMs,
  either,
  flag,
  id,
  list,
  object,
  optional,
  text,
  word,
} from "./shape.ts";

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
  readonly labels?: readonly Label[];
  /** How others find what it offers: Mesos's `DiscoveryInfo`, passed on as it is. */
  readonly discovery?: WireValue;
  /** After so long it is ended as failed, in milliseconds. Default: never. */
  readonly maxCompletionMs?: number;
  /** Whose share its resources count against: the role of the offers it was launched on. Given by the master. */
  readonly role?: string;
  /** Whether it runs on the part of its slave that is for short tasks. Given by the master. */
  readonly short?: boolean;
  /** The group that it begins and ends with. Given by the master. */
  readonly group?: Membership;
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
  | "gone_by_operator"
  | "unknown";

const terminal: ReadonlySet<TaskState> = new Set([
  "finished",
  "failed",
  "killed",
  "error",
  "lost",
  "dropped",
  "gone",
  "gone_by_operator",
]);

/**
 *   staging ── starting ── running ── killing ──┬─ finished  failed  killed  error
 *                                               └─ lost  dropped  gone  gone_by_operator
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
  /** The run of its executor, as in the path of its sandbox. */
  readonly containerId?: string;
  /** The executor that it shares with its group; a task without a group has one of its own, named after it. */
  readonly executorId?: string;
  /** Since when its slave is out of reach, in Unix milliseconds. */
  readonly unreachableMs?: number;
};

const taskReasons = [
  "AGENT_DISCONNECTED",
  "AGENT_REMOVED",
  "AGENT_REMOVED_BY_OPERATOR",
  "AGENT_REREGISTERED",
  "AGENT_RESTARTED",
  "AGENT_UNKNOWN",
  "CONTAINER_LAUNCH_FAILED",
  "EXECUTOR_TERMINATED",
  "FRAMEWORK_REMOVED",
  "INVALID_OFFERS",
  "MAX_COMPLETION_TIME_REACHED",
  "RECONCILIATION",
  "REVOKED",
  "TASK_GROUP_INVALID",
  "TASK_INVALID",
  "TASK_KILLED_DURING_LAUNCH",
  "TASK_UNKNOWN",
] as const;

export type TaskReason = (typeof taskReasons)[number];

/** A status on its way from a slave's stream. `over`: the task has ended since, and that news waits its turn. */
export type StatusUpdate = { readonly frameworkId: FrameworkId; readonly status: TaskStatus; readonly over?: boolean };

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

export const taskInfoShape = object<TaskInfo>({
  taskId: id(),
  name: text,
  slaveId: id(),
  resources: resourcesShape,
  command: optional(
    object<Command>({
      shell: flag,
      value: text,
      arguments: optional(list(text)),
      environment: optional(dictionary(text)),
    }),
  ),
  function: optional(object<FunctionTask>({ module: text, export: text, args: anything })),
  simulated: optional(object<SimulatedTask>({ durationMs, outcome: word({ finished: true, failed: true }) })),
  killGraceMs: optional(durationMs),
  labels: optional(labelsShape),
  discovery: optional(anything),
  maxCompletionMs: optional(durationMs),
  role: optional(text),
  short: optional(flag),
  group: optional(membershipShape),
});

export const taskStatusShape = object<TaskStatus>({
  taskId: id(),
  state: word<TaskState>({
    staging: true,
    starting: true,
    running: true,
    killing: true,
    finished: true,
    failed: true,
    killed: true,
    error: true,
    lost: true,
    dropped: true,
    unreachable: true,
    gone: true,
    gone_by_operator: true,
    unknown: true,
  }),
  source: word({ master: true, slave: true, executor: true }),
  reason: optional(
    word(Object.fromEntries(taskReasons.map((reason) => [reason, true])) as Readonly<Record<TaskReason, true>>),
  ),
  message: optional(text),
  slaveId: optional(id()),
  timestampMs: durationMs,
  uuid: optional(text),
  data: optional(anything),
  exit: optional(
    either(
      object<{ readonly status: number }>({ status: count }),
      object<{ readonly signal: string }>({ signal: text }),
    ),
  ),
  worker: optional(text),
  containerId: optional(text),
  executorId: optional(text),
  unreachableMs: optional(durationMs),
});

export const statusUpdateShape = object<StatusUpdate>({
  frameworkId: id(),
  status: taskStatusShape,
  over: optional(flag),
});

export const knownTaskShape = object<KnownTask>({
  frameworkId: id(),
  framework: frameworkInfoShape,
  task: taskInfoShape,
  status: taskStatusShape,
  over: flag,
});
