import { SlaveId } from "../../protocol/ids.ts";
import type { OperationStatus } from "../v1/offer-messages.ts";
import type { InputOf } from "../v1/schema.ts";
import type { ClusterRows } from "../view/cluster-rows.ts";
import type { SchedulerCall } from "./calls.ts";

type Asked = NonNullable<SchedulerCall["reconcile_operations"]>["operations"];

/**
 * What became of operations, as Mesos reconciles them. None is ever under way here: each was refused when it was asked
 * for, so all that can be said is whether its slave may be asked.
 */
export function operationStatuses(
  asked: Asked,
  rows: ClusterRows | undefined,
): readonly InputOf<typeof OperationStatus>[] {
  return asked.map(({ operation_id, agent_id }) => {
    const row = agent_id === undefined ? undefined : rows?.slaves.get(SlaveId(agent_id.value));
    const state = row?.state === "unreachable" ? "OPERATION_UNREACHABLE" : "OPERATION_UNKNOWN";
    return { operation_id, state, ...(agent_id === undefined ? {} : { agent_id }) };
  });
}
