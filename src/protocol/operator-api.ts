import type { FrameworkId, SlaveId } from "./ids.ts";
import { id, variants } from "./shape.ts";

/** The operator calls that change something, as the master takes them. */
export type OperatorCall =
  | { readonly type: "TEARDOWN"; readonly frameworkId: FrameworkId }
  /** The slave will never be let in again, and its tasks are over. */
  | { readonly type: "MARK_AGENT_GONE"; readonly slaveId: SlaveId };

/** `seq`: from this change on the view shows the effect. A refusal says why, and with which HTTP status. */
export type OperatorReply =
  | { readonly done: true; readonly seq: number }
  | { readonly done: false; readonly status: 400 | 404 | 409 | 503; readonly reason: string };

export const operatorCallShape = variants<OperatorCall>({
  TEARDOWN: { frameworkId: id() },
  MARK_AGENT_GONE: { slaveId: id() },
});
