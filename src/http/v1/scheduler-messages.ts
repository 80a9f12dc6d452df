import { KillPolicy } from "./command-messages.ts";
import { FrameworkInfo, OfferConstraints } from "./framework-messages.ts";
import { MasterInfo } from "./host-messages.ts";
import { AgentID, ExecutorID, FrameworkID, OfferID, OperationID, ResourceProviderID, TaskID } from "./id-messages.ts";
import { Filters, InverseOffer, Offer, Operation, OperationStatus } from "./offer-messages.ts";
import { Resource } from "./resource-messages.ts";
import { enumeration, message, optional, repeated, required } from "./schema.ts";
import { TaskStatus } from "./task-messages.ts";

/** `POST /api/v1/scheduler`: what a scheduler sends, what its stream carries, what one call answers. */

const CallType = enumeration("scheduler.Call.Type", {
  UNKNOWN: 0,
  SUBSCRIBE: 1,
  TEARDOWN: 2,
  ACCEPT: 3,
  DECLINE: 4,
  REVIVE: 5,
  KILL: 6,
  SHUTDOWN: 7,
  ACKNOWLEDGE: 8,
  RECONCILE: 9,
  MESSAGE: 10,
  REQUEST: 11,
  SUPPRESS: 12,
  ACCEPT_INVERSE_OFFERS: 13,
  DECLINE_INVERSE_OFFERS: 14,
  ACKNOWLEDGE_OPERATION_STATUS: 15,
  RECONCILE_OPERATIONS: 16,
  UPDATE_FRAMEWORK: 17,
});

const subscription = {
  framework_info: required(FrameworkInfo, 1),
  suppressed_roles: repeated("string", 2),
  offer_constraints: optional(OfferConstraints, 3),
} as const;

const inverseAnswer = { inverse_offer_ids: repeated(OfferID, 1), filters: optional(Filters, 2) } as const;

const Accept = message("scheduler.Call.Accept", {
  offer_ids: repeated(OfferID, 1),
  operations: repeated(Operation, 2),
  filters: optional(Filters, 3),
});

const Decline = message("scheduler.Call.Decline", {
  offer_ids: repeated(OfferID, 1),
  filters: optional(Filters, 2),
});

const Kill = message("scheduler.Call.Kill", {
  task_id: required(TaskID, 1),
  agent_id: optional(AgentID, 2),
  kill_policy: optional(KillPolicy, 3),
});

const Shutdown = message("scheduler.Call.Shutdown", {
  executor_id: required(ExecutorID, 1),
  agent_id: required(AgentID, 2),
});

const Acknowledge = message("scheduler.Call.Acknowledge", {
  agent_id: required(AgentID, 1),
  task_id: required(TaskID, 2),
  uuid: required("bytes", 3),
});

const ReconciledTask = message("scheduler.Call.Reconcile.Task", {
  task_id: required(TaskID, 1),
  agent_id: optional(AgentID, 2),
});

const ExecutorMessage = message("scheduler.Call.Message", {
  agent_id: required(AgentID, 1),
  executor_id: required(ExecutorID, 2),
  data: required("bytes", 3),
});

const Request = message("Request", { agent_id: optional(AgentID, 1), resources: repeated(Resource, 2) });

const AcknowledgeOperationStatus = message("scheduler.Call.AcknowledgeOperationStatus", {
  agent_id: optional(AgentID, 1),
  resource_provider_id: optional(ResourceProviderID, 2),
  uuid: required("bytes", 3),
  operation_id: required(OperationID, 4),
});

const ReconciledOperation = message("scheduler.Call.ReconcileOperations.Operation", {
  operation_id: required(OperationID, 1),
  agent_id: optional(AgentID, 2),
  resource_provider_id: optional(ResourceProviderID, 3),
});

/** `type` says which of the others counts. */
export const Call = message("scheduler.Call", {
  framework_id: optional(FrameworkID, 1),
  type: optional(CallType, 2),
  subscribe: optional(message("scheduler.Call.Subscribe", subscription), 3),
  accept: optional(Accept, 4),
  decline: optional(Decline, 5),
  kill: optional(Kill, 6),
  shutdown: optional(Shutdown, 7),
  acknowledge: optional(Acknowledge, 8),
  reconcile: optional(message("scheduler.Call.Reconcile", { tasks: repeated(ReconciledTask, 1) }), 9),
  message: optional(ExecutorMessage, 10),
  request: optional(message("scheduler.Call.Request", { requests: repeated(Request, 1) }), 11),
  accept_inverse_offers: optional(message("scheduler.Call.AcceptInverseOffers", inverseAnswer), 13),
  decline_inverse_offers: optional(message("scheduler.Call.DeclineInverseOffers", inverseAnswer), 14),
  revive: optional(message("scheduler.Call.Revive", { roles: repeated("string", 1) }), 15),
  suppress: optional(message("scheduler.Call.Suppress", { roles: repeated("string", 1) }), 16),
  acknowledge_operation_status: optional(AcknowledgeOperationStatus, 17),
  reconcile_operations: optional(
    message("scheduler.Call.ReconcileOperations", { operations: repeated(ReconciledOperation, 1) }),
    18,
  ),
  update_framework: optional(message("scheduler.Call.UpdateFramework", subscription), 19),
});

const EventType = enumeration("scheduler.Event.Type", {
  UNKNOWN: 0,
  SUBSCRIBED: 1,
  OFFERS: 2,
  RESCIND: 3,
  UPDATE: 4,
  MESSAGE: 5,
  FAILURE: 6,
  ERROR: 7,
  HEARTBEAT: 8,
  INVERSE_OFFERS: 9,
  RESCIND_INVERSE_OFFER: 10,
  UPDATE_OPERATION_STATUS: 11,
});

const Subscribed = message("scheduler.Event.Subscribed", {
  framework_id: required(FrameworkID, 1),
  heartbeat_interval_seconds: optional("double", 2),
  master_info: optional(MasterInfo, 3),
});

const FrameworkMessage = message("scheduler.Event.Message", {
  agent_id: required(AgentID, 1),
  executor_id: required(ExecutorID, 2),
  data: required("bytes", 3),
});

/** With an executor, that executor ended; without, the agent was lost. */
const Failure = message("scheduler.Event.Failure", {
  agent_id: optional(AgentID, 1),
  executor_id: optional(ExecutorID, 2),
  /** As `wait` tells it: an exit status is in the second byte. */
  status: optional("int32", 3),
});

/** `type` says which of the others counts. */
export const Event = message("scheduler.Event", {
  type: optional(EventType, 1),
  subscribed: optional(Subscribed, 2),
  offers: optional(message("scheduler.Event.Offers", { offers: repeated(Offer, 1) }), 3),
  rescind: optional(message("scheduler.Event.Rescind", { offer_id: required(OfferID, 1) }), 4),
  update: optional(message("scheduler.Event.Update", { status: required(TaskStatus, 1) }), 5),
  message: optional(FrameworkMessage, 6),
  failure: optional(Failure, 7),
  error: optional(message("scheduler.Event.Error", { message: required("string", 1) }), 8),
  inverse_offers: optional(message("scheduler.Event.InverseOffers", { inverse_offers: repeated(InverseOffer, 1) }), 9),
  rescind_inverse_offer: optional(
    message("scheduler.Event.RescindInverseOffer", { inverse_offer_id: required(OfferID, 1) }),
    10,
  ),
  update_operation_status: optional(
    message("scheduler.Event.UpdateOperationStatus", { status: required(OperationStatus, 1) }),
    11,
  ),
});

/** Only RECONCILE_OPERATIONS is answered with a body. */
export const Response = message("scheduler.Response", {
  type: optional(enumeration("scheduler.Response.Type", { UNKNOWN: 0, RECONCILE_OPERATIONS: 1 }), 1),
  reconcile_operations: optional(
    message("scheduler.Response.ReconcileOperations", { operation_statuses: repeated(OperationStatus, 1) }),
    2,
  ),
});
