import type { Attributes } from "./attribute.ts";
import { groupExecutorShape } from "./group-executor.ts";
import type { FrameworkId, OfferId, SlaveId, TaskId } from "./ids.ts";
import { type Resources, resourcesShape } from "./resources.ts";
import { anyNumber, count, dictionary, durationMs, id, list, object, optional, text, variants, word } from "./shape.ts";
import { type TaskInfo, taskInfoShape } from "./task.ts";
import type { TaskGroup } from "./task-group.ts";

/** Free resources of one slave, promised to one framework until it answers. */
export type Offer = {
  readonly id: OfferId;
  readonly frameworkId: FrameworkId;
  readonly slaveId: SlaveId;
  readonly hostname: string;
  /** Where the slave's HTTP answers; port 0 when it serves none. */
  readonly ip: string;
  readonly port: number;
  readonly resources: Resources;
  readonly attributes: Attributes;
  readonly role: string;
  /** These are of the part of a slave that is for short tasks: one is ended after so long, in milliseconds. */
  readonly maxTaskMs?: number;
};

/** What to do with accepted resources, one after the other. Whatever they leave over goes back with the filter. */
export type Operation =
  /** `unfit`: tasks that cannot even be written down as such; each is refused for its reason. */
  | { readonly type: "launch"; readonly tasks: readonly TaskInfo[]; readonly unfit?: readonly UnfitTask[] }
  /** All of these tasks, or none when something is wrong with one of them or with their executor. */
  | ({ readonly type: "launchGroup" } & TaskGroup)
  /** A group that cannot even be written down as such: each of its tasks is refused for its reason. */
  | { readonly type: "unfitGroup"; readonly unfit: readonly UnfitTask[] }
  /** An operation of Mesos's that does not exist yet. With an id, its framework hears that. */
  | { readonly type: "unknown"; readonly name: string; readonly operationId?: string };

/** A task that its framework hears of only as refused. */
export type UnfitTask = { readonly taskId: TaskId; readonly slaveId: SlaveId; readonly fault: string };

/** A refusal that lasts: for `refuseMs` the slave's resources are not offered again unless there are more of them. */
export type Filter = { readonly refuseMs: number };

/** Mesos's default, in milliseconds (paper TR §3.5: "resources rejected … get a temporary 5-second filter"). */
export const refuseMsDefault = 5_000;
const refuseMsMax = 365 * 24 * 3_600_000;

/** Negative or invalid: the default. More than a year: a year. 0: no filter. */
export function clampRefuseMs(refuseMs: number): number {
  if (!Number.isFinite(refuseMs) || refuseMs < 0) return refuseMsDefault;
  return Math.min(refuseMs, refuseMsMax);
}

/** Why an offer was taken back. */
export type RescindReason = "offerExpired" | "slaveLost" | "roleDropped";

export const offerShape = object<Offer>({
  id: id(),
  frameworkId: id(),
  slaveId: id(),
  hostname: text,
  ip: text,
  port: count,
  resources: resourcesShape,
  attributes: dictionary(text),
  role: text,
  maxTaskMs: optional(durationMs),
});

const unfitTasksShape = list(object<UnfitTask>({ taskId: id(), slaveId: id(), fault: text }));

export const operationShape = variants<Operation>({
  launch: { tasks: list(taskInfoShape), unfit: optional(unfitTasksShape) },
  launchGroup: { executor: groupExecutorShape, tasks: list(taskInfoShape) },
  unfitGroup: { unfit: unfitTasksShape },
  unknown: { name: text, operationId: optional(text) },
});

export const filterShape = object<Filter>({ refuseMs: anyNumber });

export const rescindReasonShape = word<RescindReason>({
  offerExpired: true,
  slaveLost: true,
  roleDropped: true,
});
