import type { FrameworkId, SlaveId } from "./ids.ts";
import { type MaintenanceWindow, maintenanceShape } from "./maintenance.ts";
import { type Quota, quotaShape } from "./quota.ts";
import { type Resources, resourcesShape } from "./resources.ts";
import { anyNumber, flag, id, list, object, optional, text, textUpTo, variants } from "./shape.ts";
import type { WhyAnswer, WhyCall } from "./why.ts";

/** Characters of a framework's id or name. */
const frameworkLengthMax = 1_024;

/** What the master itself does or answers for operators. */
export type OperatorCall = OperatorWrite | WhyCall;

/** The quota of a role; without one, what it had is taken away. */
export type RoleQuota = { readonly role: string; readonly quota?: Quota };

export type RoleWeight = { readonly role: string; readonly weight: number };

/** The operator calls that change something, as the master takes them. */
export type OperatorWrite =
  | { readonly type: "TEARDOWN"; readonly frameworkId: FrameworkId }
  /** The slave will never be let in again, and its tasks are over. */
  | { readonly type: "MARK_AGENT_GONE"; readonly slaveId: SlaveId }
  /** All or none. `force`: although a role has more than it may, or guarantees are more than there is. */
  | { readonly type: "UPDATE_QUOTA"; readonly force: boolean; readonly quotas: readonly RoleQuota[] }
  /** Of a role that has none. */
  | { readonly type: "SET_QUOTA"; readonly force: boolean; readonly role: string; readonly quota: Quota }
  | { readonly type: "REMOVE_QUOTA"; readonly role: string }
  /** All or none. */
  | { readonly type: "UPDATE_WEIGHTS"; readonly weights: readonly RoleWeight[] }
  /** The whole schedule, in place of the one before. */
  | { readonly type: "UPDATE_MAINTENANCE_SCHEDULE"; readonly windows: readonly MaintenanceWindow[] }
  | OperatorReservation;

/** Those that name no resources. */
export type PlainWrite = Exclude<OperatorWrite, OperatorReservation>;

/** Reserves what is free of a slave or offered, or ends reservations. */
export type OperatorReservation = (
  | { readonly type: "RESERVE_RESOURCES" }
  | { readonly type: "UNRESERVE_RESOURCES" }
) & {
  readonly slaveId: SlaveId;
  /** Under the keys of the reservations. */
  readonly resources: Resources;
  /** Who asks, where that is known: reservations are made in no other name. */
  readonly principal?: string;
};

/** Why a call is refused, and with which HTTP status. */
export type OperatorRefusal = { readonly status: 400 | 404 | 409 | 503; readonly reason: string };

/** `seq`: from this change on the view shows the effect. A refusal says why, and with which HTTP status. */
export type OperatorReply =
  | { readonly done: true; readonly seq: number; readonly answer?: WhyAnswer }
  | ({ readonly done: false } & OperatorRefusal);

const reservationFields = { slaveId: id<SlaveId>(), resources: resourcesShape, principal: optional(text) };

export const operatorCallShape = variants<OperatorCall>({
  TEARDOWN: { frameworkId: id() },
  MARK_AGENT_GONE: { slaveId: id() },
  WHY_NOT: { framework: textUpTo(frameworkLengthMax), slaveId: optional(id()), need: optional(resourcesShape) },
  WHY_IDLE: {},
  UPDATE_QUOTA: { force: flag, quotas: list(object<RoleQuota>({ role: text, quota: optional(quotaShape) })) },
  SET_QUOTA: { force: flag, role: text, quota: quotaShape },
  REMOVE_QUOTA: { role: text },
  UPDATE_WEIGHTS: { weights: list(object<RoleWeight>({ role: text, weight: anyNumber })) },
  UPDATE_MAINTENANCE_SCHEDULE: { windows: maintenanceShape },
  RESERVE_RESOURCES: reservationFields,
  UNRESERVE_RESOURCES: reservationFields,
});
