import { SlaveId } from "../../protocol/ids.ts";
import type { AskedOperation, OperationStatus as OurStatus } from "../../protocol/operation-status.ts";
import type { OperationStatus } from "../v1/offer-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import type { SchedulerCall } from "./calls.ts";
import { uuidBytes, uuidText } from "./update-uuid.ts";

/** What became of an operation, in Mesos's form: with a `uuid` where it wants to be acknowledged. */
export function operationStatusTo(status: OurStatus): InputOf<typeof OperationStatus> {
  const { operationId, state, message, slaveId, uuid } = status;
  return {
    operation_id: { value: operationId },
    state: `OPERATION_${state.toUpperCase() as Uppercase<typeof state>}`,
    ...(message === undefined ? {} : { message }),
    ...(uuid === undefined ? {} : { uuid: { value: uuidBytes(uuid) } }),
    ...(slaveId === undefined ? {} : { agent_id: { value: slaveId } }),
  };
}

/** The same as the SDK knows it; nothing for one that has no id. */
export function operationStatusFrom(status: ValueOf<typeof OperationStatus>): OurStatus | undefined {
  const { operation_id, state, message, agent_id, uuid } = status;
  if (operation_id === undefined) return undefined;
  const identifier = uuid && uuidText(uuid.value);
  return {
    operationId: operation_id.value,
    state: states[state],
    ...(message === undefined ? {} : { message }),
    ...(agent_id === undefined ? {} : { slaveId: SlaveId(agent_id.value) }),
    ...(identifier === undefined ? {} : { uuid: identifier }),
  };
}

const states: Readonly<Record<ValueOf<typeof OperationStatus>["state"], OurStatus["state"]>> = {
  // What a slave cannot do was not done.
  OPERATION_UNSUPPORTED: "failed",
  OPERATION_PENDING: "pending",
  OPERATION_FINISHED: "finished",
  OPERATION_FAILED: "failed",
  OPERATION_ERROR: "error",
  OPERATION_DROPPED: "dropped",
  OPERATION_UNREACHABLE: "unreachable",
  OPERATION_GONE_BY_OPERATOR: "gone_by_operator",
  OPERATION_RECOVERING: "recovering",
  OPERATION_UNKNOWN: "unknown",
};

export function askedOperationsFrom(
  asked: NonNullable<SchedulerCall["reconcile_operations"]>["operations"],
): readonly AskedOperation[] {
  return asked.map(({ operation_id, agent_id }) => ({
    operationId: operation_id.value,
    ...(agent_id === undefined ? {} : { slaveId: SlaveId(agent_id.value) }),
  }));
}
