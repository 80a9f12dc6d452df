import type { FrameworkId, SlaveId } from "./ids.ts";
import { either, id, object, type Shape, word } from "./shape.ts";

/** The operator calls that change something, as the master takes them. */
export type OperatorCall =
  | { readonly type: "TEARDOWN"; readonly frameworkId: FrameworkId }
  /** The slave will never be let in again, and its tasks are over. */
  | { readonly type: "MARK_AGENT_GONE"; readonly slaveId: SlaveId };

/** `seq`: from this change on the view shows the effect. A refusal says why, and with which HTTP status. */
export type OperatorReply =
  | { readonly done: true; readonly seq: number }
  | { readonly done: false; readonly status: 400 | 404 | 409 | 503; readonly reason: string };

type CallOf<Type extends OperatorCall["type"]> = Extract<OperatorCall, { readonly type: Type }>;

export const operatorCallShape: Shape<OperatorCall> = either(
  object<CallOf<"TEARDOWN">>({ type: word({ TEARDOWN: true }), frameworkId: id() }),
  object<CallOf<"MARK_AGENT_GONE">>({ type: word({ MARK_AGENT_GONE: true }), slaveId: id() }),
);
