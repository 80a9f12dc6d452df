import type { FrameworkId, SlaveId } from "./ids.ts";
import { resourcesShape } from "./resources.ts";
import { id, optional, textUpTo, variants } from "./shape.ts";
import type { WhyAnswer, WhyCall } from "./why.ts";

/** Characters of a framework's id or name. */
const frameworkLengthMax = 1_024;

/** What the master itself does or answers for operators. */
export type OperatorCall = OperatorWrite | WhyCall;

/** The operator calls that change something, as the master takes them. */
export type OperatorWrite =
  | { readonly type: "TEARDOWN"; readonly frameworkId: FrameworkId }
  /** The slave will never be let in again, and its tasks are over. */
  | { readonly type: "MARK_AGENT_GONE"; readonly slaveId: SlaveId };

/** `seq`: from this change on the view shows the effect. A refusal says why, and with which HTTP status. */
export type OperatorReply =
  | { readonly done: true; readonly seq: number; readonly answer?: WhyAnswer }
  | { readonly done: false; readonly status: 400 | 404 | 409 | 503; readonly reason: string };

export const operatorCallShape = variants<OperatorCall>({
  TEARDOWN: { frameworkId: id() },
  MARK_AGENT_GONE: { slaveId: id() },
  WHY_NOT: { framework: textUpTo(frameworkLengthMax), slaveId: optional(id()), need: optional(resourcesShape) },
  WHY_IDLE: {},
});
