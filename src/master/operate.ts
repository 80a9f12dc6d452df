import type { OperatorCall, OperatorReply } from "../protocol/operator-api.ts";
import type { MasterState } from "./state.ts";

/** Carries out an operator's call; the answer names the change from which views show it. */
export function operate({ frameworks, publisher }: MasterState, call: OperatorCall): OperatorReply {
  switch (call.type) {
    case "TEARDOWN":
      if (!frameworks.teardown(call.frameworkId, "torn down by an operator")) {
        return { done: false, status: 400, reason: `no framework ${call.frameworkId} is registered` };
      }
      return { done: true, seq: publisher.flush() };
  }
}
