import type { OperatorCall, OperatorRefusal, OperatorReply } from "../protocol/operator-api.ts";
import type { MasterState } from "./state.ts";

/** Carries out an operator's call; the answer names the change from which views show it. */
export function operate(state: MasterState, call: OperatorCall, reply: (answer: OperatorReply) => void): void {
  const { frameworks, slaves, roles, operations, maintenance, publisher } = state;
  const done = () => reply({ done: true, seq: publisher.flush() });
  const settled = (refusal?: OperatorRefusal) => {
    if (refusal === undefined) done();
    else reply({ done: false, ...refusal });
  };
  switch (call.type) {
    case "TEARDOWN":
      if (frameworks.teardown(call.frameworkId, "torn down by an operator")) return done();
      return reply({ done: false, status: 400, reason: `no framework ${call.frameworkId} is registered` });
    case "WHY_NOT":
    case "WHY_IDLE":
      return state.why.answer(call, reply);
    case "MARK_AGENT_GONE":
      return slaves.markGone(call.slaveId, settled);
    case "UPDATE_QUOTA":
      return roles.updateQuotas(call.quotas, call.force, settled);
    case "SET_QUOTA":
      return roles.setQuota(call.role, call.quota, call.force, settled);
    case "REMOVE_QUOTA":
      return roles.removeQuota(call.role, settled);
    case "UPDATE_WEIGHTS":
      return roles.updateWeights(call.weights, settled);
    case "UPDATE_MAINTENANCE_SCHEDULE":
      return maintenance.update(call.windows, settled);
    case "RESERVE_RESOURCES":
    case "UNRESERVE_RESOURCES":
      return operations.perform(call, settled);
  }
}
