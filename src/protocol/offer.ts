import type { Attributes } from "./attribute.ts";
import { groupExecutorShape } from "./group-executor.ts";
import type { FrameworkId, OfferId, SlaveId, TaskId } from "./ids.ts";
import { type Unavailability, unavailabilityShape } from "./inverse-offer.ts";
import { operationIdShape } from "./operation-status.ts";
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
  /** The slave is to be maintained then. */
  readonly unavailability?: Unavailability;
};

/** What to do with accepted resources, one after the other. Whatever they leave over goes back with the filter. */
export type Operation = PlainOperation | ReservationOperation;

/** What is done at once. */
export type PlainOperation =
  /** `unfit`: tasks that cannot even be written down as such; each is refused for its reason. */
  | { readonly type: "launch"; readonly tasks: readonly TaskInfo[]; readonly unfit?: readonly UnfitTask[] }
  /** All of these tasks, or none when something is wrong with one of them or with their executor. */
  | ({ readonly type: "launchGroup" } & TaskGroup)
  /** A group that cannot even be written down as such: each of its tasks is refused for its reason. */
  | { readonly type: "unfitGroup"; readonly unfit: readonly UnfitTask[] }
  /** What cannot be done at all: an operation that does not exist here, or one whose `fault` is known already. */
  | { readonly type: "unknown"; readonly name: string; readonly fault?: string; readonly operationId?: string };

/**
 * Reserves what of the accepted resources is nobody's, or ends reservations. With an id, its framework hears what became
 * of it.
 */
export type ReservationOperation = ({ readonly type: "reserve" } | { readonly type: "unreserve" }) & {
  /** Under the keys of the reservations. */
  readonly resources: Resources;
  /** To whom the resources are said to be allocated. Default: the role of the offers, and no other is right. */
  readonly role?: string;
  readonly operationId?: string;
};

/** What the SDK asks for. */
export type AuthorOperation = Extract<Operation, { readonly type: "launch" | "launchGroup" | "reserve" | "unreserve" }>;

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

/**
 * Why an offer was taken back. `quota`: with it its role could have more than it may. `reserved`: an operator keeps what was
 * offered for a role. `revoked`: a role below its guarantee needs it.
 */
export type RescindReason =
  | "offerExpired"
  | "slaveLost"
  | "roleDropped"
  | "quota"
  | "reserved"
  | "revoked"
  | "maintenance";

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
  unavailability: optional(unavailabilityShape),
});

const unfitTasksShape = list(object<UnfitTask>({ taskId: id(), slaveId: id(), fault: text }));

const reservationFields = {
  resources: resourcesShape,
  role: optional(text),
  operationId: optional(operationIdShape),
};

export const operationShape = variants<Operation>({
  launch: { tasks: list(taskInfoShape), unfit: optional(unfitTasksShape) },
  launchGroup: { executor: groupExecutorShape, tasks: list(taskInfoShape) },
  unfitGroup: { unfit: unfitTasksShape },
  reserve: reservationFields,
  unreserve: reservationFields,
  unknown: { name: text, fault: optional(text), operationId: optional(operationIdShape) },
});

export const filterShape = object<Filter>({ refuseMs: anyNumber });

export const rescindReasonShape = word<RescindReason>({
  offerExpired: true,
  slaveLost: true,
  roleDropped: true,
  quota: true,
  reserved: true,
  revoked: true,
  maintenance: true,
});
