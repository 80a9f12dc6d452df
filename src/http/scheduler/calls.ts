import type { BodyOf } from "../../actors/protocol.ts";
import { unreachable } from "../../base/invariant.ts";
import { ok, type Result, refused } from "../../base/result.ts";
import { type FrameworkId, idFault, OfferId, SlaveId, TaskId } from "../../protocol/ids.ts";
import type { MasterForSchedulers } from "../../protocol/master-api.ts";
import { type AuthorOperation, type Filter, type Operation, refuseMsDefault } from "../../protocol/offer.ts";
import { milliseconds } from "../cluster-facts.ts";
import type { Filters } from "../v1/offer-messages.ts";
import type { Call } from "../v1/scheduler-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import { operationFrom, operationTo } from "./operation.ts";
import { uuidBytes, uuidText } from "./update-uuid.ts";

export type SchedulerCall = ValueOf<typeof Call>;
type CallType = NonNullable<SchedulerCall["type"]>;

/** What a scheduler may have told the master on its behalf. */
type TellKinds =
  | "accept"
  | "decline"
  | "acceptInverseOffers"
  | "declineInverseOffers"
  | "suppress"
  | "revive"
  | "killTask"
  | "shutdownExecutor"
  | "acknowledge"
  | "reconcile"
  | "acknowledgeOperation"
  | "teardown";

export type Order = {
  readonly [Kind in TellKinds]: { readonly kind: Kind; readonly body: BodyOf<MasterForSchedulers[Kind]> };
}[TellKinds];

/** The sub-messages without which a call means nothing. */
const needed: Partial<Record<CallType, keyof SchedulerCall>> = {
  SUBSCRIBE: "subscribe",
  ACCEPT: "accept",
  DECLINE: "decline",
  KILL: "kill",
  SHUTDOWN: "shutdown",
  ACKNOWLEDGE: "acknowledge",
  RECONCILE: "reconcile",
  MESSAGE: "message",
  REQUEST: "request",
  ACCEPT_INVERSE_OFFERS: "accept_inverse_offers",
  DECLINE_INVERSE_OFFERS: "decline_inverse_offers",
  ACKNOWLEDGE_OPERATION_STATUS: "acknowledge_operation_status",
  RECONCILE_OPERATIONS: "reconcile_operations",
  UPDATE_FRAMEWORK: "update_framework",
};

/** The sub-messages that name an update. */
const acknowledgements: Partial<Record<CallType, "acknowledge" | "acknowledge_operation_status">> = {
  ACKNOWLEDGE: "acknowledge",
  ACKNOWLEDGE_OPERATION_STATUS: "acknowledge_operation_status",
};

/** What is wrong with a call before anything is known of who makes it; Mesos answers 400. */
export function callFault(call: SchedulerCall, principal: string | undefined): string | undefined {
  const { type, framework_id: id } = call;
  if (type === undefined) return "type: is missing, or is no type of call";
  const part = needed[type];
  if (part !== undefined && call[part] === undefined) return `${part}: is missing in a call ${type}`;
  const info = call.subscribe?.framework_info ?? call.update_framework?.framework_info;
  if (type === "SUBSCRIBE" || type === "UPDATE_FRAMEWORK") {
    const [outer = "", inner = ""] = [id?.value, info?.id?.value];
    if (outer !== inner) return "framework_id: is not the id in framework_info";
    const claimed = info?.principal;
    if (principal !== undefined && claimed !== undefined && claimed !== principal) {
      return `framework_info.principal: is ${claimed}, but ${principal} has authenticated`;
    }
  }
  if (type === "SUBSCRIBE") return undefined;
  if (id === undefined) return `framework_id: is missing in a call ${type}`;
  const acknowledged = call[acknowledgements[type] ?? "acknowledge"];
  return type in acknowledgements && uuidText(acknowledged?.uuid ?? new Uint8Array()) === undefined
    ? `${acknowledgements[type]}.uuid: is not 16 bytes`
    : undefined;
}

/** What a call asks of the master; nothing for those that are taken and change nothing. */
export function orderFrom(call: SchedulerCall, frameworkId: FrameworkId): Order | undefined {
  const { accept, decline, kill, shutdown, acknowledge, reconcile } = call;
  switch (call.type) {
    case "ACCEPT": {
      const operations = (accept?.operations ?? []).map(operationFrom);
      return {
        kind: "accept",
        body: { frameworkId, offerIds: offerIds(accept?.offer_ids), operations, filter: filterFrom(accept?.filters) },
      };
    }
    case "DECLINE":
      return {
        kind: "decline",
        body: { frameworkId, offerIds: offerIds(decline?.offer_ids), filter: filterFrom(decline?.filters) },
      };
    case "ACCEPT_INVERSE_OFFERS":
      return { kind: "acceptInverseOffers", body: { frameworkId, ...inverseAnswerFrom(call.accept_inverse_offers) } };
    case "DECLINE_INVERSE_OFFERS":
      return { kind: "declineInverseOffers", body: { frameworkId, ...inverseAnswerFrom(call.decline_inverse_offers) } };
    case "REVIVE":
      return { kind: "revive", body: { frameworkId, roles: call.revive?.roles ?? [] } };
    case "SUPPRESS":
      return { kind: "suppress", body: { frameworkId, roles: call.suppress?.roles ?? [] } };
    case "KILL":
      return kill && { kind: "killTask", body: { frameworkId, ...killFrom(kill) } };
    case "SHUTDOWN":
      return (
        shutdown && {
          kind: "shutdownExecutor",
          body: { frameworkId, slaveId: SlaveId(shutdown.agent_id.value), executorId: shutdown.executor_id.value },
        }
      );
    case "ACKNOWLEDGE": {
      const uuid = acknowledge && uuidText(acknowledge.uuid);
      if (acknowledge === undefined || uuid === undefined) return undefined;
      const { agent_id, task_id } = acknowledge;
      return {
        kind: "acknowledge",
        body: { frameworkId, slaveId: SlaveId(agent_id.value), taskId: TaskId(task_id.value), uuid },
      };
    }
    case "RECONCILE": {
      const tasks = (reconcile?.tasks ?? []).map(({ task_id, agent_id }) => ({
        taskId: TaskId(task_id.value),
        ...(agent_id === undefined ? {} : { slaveId: SlaveId(agent_id.value) }),
      }));
      return { kind: "reconcile", body: { frameworkId, tasks } };
    }
    case "ACKNOWLEDGE_OPERATION_STATUS": {
      const { uuid = new Uint8Array(), operation_id } = call.acknowledge_operation_status ?? {};
      const identifier = uuidText(uuid);
      if (identifier === undefined || operation_id === undefined) return undefined;
      return {
        kind: "acknowledgeOperation",
        body: { frameworkId, operationId: operation_id.value, uuid: identifier },
      };
    }
    case "TEARDOWN":
      return { kind: "teardown", body: { frameworkId } };
    default:
      return undefined;
  }
}

/** The call that asks for this. */
export function callTo({ kind, body }: Order): InputOf<typeof Call> {
  const ofFramework = { framework_id: { value: body.frameworkId } };
  switch (kind) {
    case "accept": {
      const { offerIds: ids, operations, filter } = body;
      const authored = operations.flatMap((operation) => (isAuthored(operation) ? [operationTo(operation)] : []));
      const accept = { offer_ids: ids.map(wrapped), operations: authored, filters: filterTo(filter) };
      return { ...ofFramework, type: "ACCEPT", accept };
    }
    case "decline": {
      const decline = { offer_ids: body.offerIds.map(wrapped), filters: filterTo(body.filter) };
      return { ...ofFramework, type: "DECLINE", decline };
    }
    case "acceptInverseOffers":
      return { ...ofFramework, type: "ACCEPT_INVERSE_OFFERS", accept_inverse_offers: inverseAnswerTo(body) };
    case "declineInverseOffers":
      return { ...ofFramework, type: "DECLINE_INVERSE_OFFERS", decline_inverse_offers: inverseAnswerTo(body) };
    case "suppress":
      return { ...ofFramework, type: "SUPPRESS", suppress: { roles: body.roles } };
    case "revive":
      return { ...ofFramework, type: "REVIVE", revive: { roles: body.roles } };
    case "killTask": {
      const { graceMs, slaveId } = body;
      const kill = {
        task_id: { value: body.taskId },
        ...(slaveId === undefined ? {} : { agent_id: { value: slaveId } }),
        ...(graceMs === undefined ? {} : { kill_policy: { grace_period: { nanoseconds: graceMs * 1e6 } } }),
      };
      return { ...ofFramework, type: "KILL", kill };
    }
    case "shutdownExecutor": {
      const shutdown = { agent_id: { value: body.slaveId }, executor_id: { value: body.executorId } };
      return { ...ofFramework, type: "SHUTDOWN", shutdown };
    }
    case "acknowledge": {
      const { slaveId, taskId, uuid } = body;
      const acknowledge = { agent_id: { value: slaveId }, task_id: { value: taskId }, uuid: uuidBytes(uuid) };
      return { ...ofFramework, type: "ACKNOWLEDGE", acknowledge };
    }
    case "reconcile": {
      const tasks = body.tasks.map(({ taskId, slaveId }) => ({
        task_id: { value: taskId },
        ...(slaveId === undefined ? {} : { agent_id: { value: slaveId } }),
      }));
      return { ...ofFramework, type: "RECONCILE", reconcile: { tasks } };
    }
    case "acknowledgeOperation": {
      const acknowledged = { uuid: uuidBytes(body.uuid), operation_id: { value: body.operationId } };
      return { ...ofFramework, type: "ACKNOWLEDGE_OPERATION_STATUS", acknowledge_operation_status: acknowledged };
    }
    case "teardown":
      return { ...ofFramework, type: "TEARDOWN" };
    default:
      return unreachable(kind);
  }
}

/** The id that a call names, or what is wrong with it. */
export function frameworkIdOf({ framework_id: id }: SchedulerCall): Result<FrameworkId> {
  const value = id?.value ?? "";
  const fault = idFault(value);
  return fault === undefined ? ok(value as FrameworkId) : refused(`framework_id: ${fault}`);
}

function isAuthored(operation: Operation): operation is AuthorOperation {
  return operation.type !== "unfitGroup" && operation.type !== "unknown";
}

function killFrom({ task_id, agent_id, kill_policy }: NonNullable<SchedulerCall["kill"]>) {
  const grace = kill_policy?.grace_period?.nanoseconds;
  return {
    taskId: TaskId(task_id.value),
    ...(grace === undefined || grace < 0 ? {} : { graceMs: grace / 1e6 }),
    ...(agent_id === undefined ? {} : { slaveId: SlaveId(agent_id.value) }),
  };
}

function offerIds(ids: readonly { readonly value: string }[] = []): readonly OfferId[] {
  return ids.map(({ value }) => OfferId(value));
}

type InverseAnswer = { readonly offerIds: readonly OfferId[]; readonly filter: Filter };

function inverseAnswerFrom(answer: SchedulerCall["accept_inverse_offers"]): InverseAnswer {
  return { offerIds: offerIds(answer?.inverse_offer_ids), filter: filterFrom(answer?.filters) };
}

function inverseAnswerTo({ offerIds: ids, filter }: InverseAnswer) {
  return { inverse_offer_ids: ids.map(wrapped), filters: filterTo(filter) };
}

function wrapped(value: OfferId) {
  return { value };
}

function filterTo({ refuseMs }: Filter) {
  return { refuse_seconds: refuseMs / 1000 };
}

function filterFrom(filters: ValueOf<typeof Filters> | undefined): Filter {
  const seconds = filters?.refuse_seconds;
  return { refuseMs: seconds === undefined ? refuseMsDefault : milliseconds(seconds) };
}
