import type { FrameworkId } from "./ids.ts";
import { id, object, word } from "./shape.ts";

/** The operator calls that change something, as the master takes them. */
export type OperatorCall = { readonly type: "TEARDOWN"; readonly frameworkId: FrameworkId };

/** `seq`: from this change on the view shows the effect. A refusal says why, and with which HTTP status. */
export type OperatorReply =
  | { readonly done: true; readonly seq: number }
  | { readonly done: false; readonly status: 400 | 404 | 409; readonly reason: string };

export const operatorCallShape = object<OperatorCall>({ type: word({ TEARDOWN: true }), frameworkId: id() });
