import type { FrameworkId, SlaveId } from "./ids.ts";
import { type Resources, resourcesShape } from "./resources.ts";
import { id, optional, text, variants } from "./shape.ts";

/** The operator calls that change something, as the master takes them. */
export type OperatorCall =
  | { readonly type: "TEARDOWN"; readonly frameworkId: FrameworkId }
  /** The slave will never be let in again, and its tasks are over. */
  | { readonly type: "MARK_AGENT_GONE"; readonly slaveId: SlaveId }
  | OperatorReservation;

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

/** `seq`: from this change on the view shows the effect. A refusal says why, and with which HTTP status. */
export type OperatorReply =
  | { readonly done: true; readonly seq: number }
  | { readonly done: false; readonly status: 400 | 404 | 409 | 503; readonly reason: string };

const reservationFields = { slaveId: id<SlaveId>(), resources: resourcesShape, principal: optional(text) };

export const operatorCallShape = variants<OperatorCall>({
  TEARDOWN: { frameworkId: id() },
  MARK_AGENT_GONE: { slaveId: id() },
  RESERVE_RESOURCES: reservationFields,
  UNRESERVE_RESOURCES: reservationFields,
});
