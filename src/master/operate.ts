import type { OperatorCall, OperatorReply } from "../protocol/operator-api.ts";
import type { MasterState } from "./state.ts";

/** Carries out an operator's call; the answer names the change from which views show it. */
export function operate(state: MasterState, call: OperatorCall, reply: (answer: OperatorReply) => void): void {
  const { frameworks, slaves, publisher } = state;
  const done = () => reply({ done: true, seq: publisher.flush() });
  switch (call.type) {
    case "TEARDOWN":
      if (frameworks.teardown(call.frameworkId, "torn down by an operator")) return done();
      return reply({ done: false, status: 400, reason: `no framework ${call.frameworkId} is registered` });
    case "WHY_NOT":
    case "WHY_IDLE":
      return state.why.answer(call, reply);
    case "MARK_AGENT_GONE":
      return slaves.markGone(call.slaveId, (refusal) => {
        if (refusal === undefined) done();
        else reply({ done: false, ...refusal });
      });
  }
}
