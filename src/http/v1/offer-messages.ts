import { DomainInfo, Unavailability, URL } from "./host-messages.ts";
import { AgentID, ExecutorID, FrameworkID, OfferID, OperationID, ResourceProviderID, UUID } from "./id-messages.ts";
import { AllocationInfo, Attribute, DiskSourceType, Resource, Scalar } from "./resource-messages.ts";
import { enumeration, message, optional, repeated, required } from "./schema.ts";
import { ExecutorInfo, TaskGroupInfo, TaskInfo } from "./task-messages.ts";

/** Offers, the operations that an accept performs on them, and what becomes of those. */

export const Filters = message("Filters", { refuse_seconds: optional("double", 1, 5) });

export const LaunchGroup = message("Offer.Operation.LaunchGroup", {
  executor: required(ExecutorInfo, 1),
  task_group: required(TaskGroupInfo, 2),
});

const Reserve = message("Offer.Operation.Reserve", { resources: repeated(Resource, 1), source: repeated(Resource, 2) });

const GrowVolume = message("Offer.Operation.GrowVolume", {
  volume: required(Resource, 1),
  addition: required(Resource, 2),
});

const ShrinkVolume = message("Offer.Operation.ShrinkVolume", {
  volume: required(Resource, 1),
  subtract: required(Scalar, 2),
});

const CreateDisk = message("Offer.Operation.CreateDisk", {
  source: required(Resource, 1),
  target_type: required(DiskSourceType, 2),
  target_profile: optional("string", 3),
});

const OperationType = enumeration("Offer.Operation.Type", {
  UNKNOWN: 0,
  LAUNCH: 1,
  RESERVE: 2,
  UNRESERVE: 3,
  CREATE: 4,
  DESTROY: 5,
  LAUNCH_GROUP: 6,
  GROW_VOLUME: 11,
  SHRINK_VOLUME: 12,
  CREATE_DISK: 13,
  DESTROY_DISK: 14,
});

export const Operation = message("Offer.Operation", {
  type: optional(OperationType, 1),
  launch: optional(message("Offer.Operation.Launch", { task_infos: repeated(TaskInfo, 1) }), 2),
  reserve: optional(Reserve, 3),
  unreserve: optional(message("Offer.Operation.Unreserve", { resources: repeated(Resource, 1) }), 4),
  create: optional(message("Offer.Operation.Create", { volumes: repeated(Resource, 1) }), 5),
  destroy: optional(message("Offer.Operation.Destroy", { volumes: repeated(Resource, 1) }), 6),
  launch_group: optional(LaunchGroup, 7),
  id: optional(OperationID, 12),
  grow_volume: optional(GrowVolume, 13),
  shrink_volume: optional(ShrinkVolume, 14),
  create_disk: optional(CreateDisk, 15),
  destroy_disk: optional(message("Offer.Operation.DestroyDisk", { source: required(Resource, 1) }), 16),
});

export const Offer = message("Offer", {
  id: required(OfferID, 1),
  framework_id: required(FrameworkID, 2),
  agent_id: required(AgentID, 3),
  hostname: required("string", 4),
  resources: repeated(Resource, 5),
  executor_ids: repeated(ExecutorID, 6),
  attributes: repeated(Attribute, 7),
  url: optional(URL, 8),
  unavailability: optional(Unavailability, 9),
  allocation_info: optional(AllocationInfo, 10),
  domain: optional(DomainInfo, 11),
});

/** A request to give back what a framework has on an agent before it becomes unavailable. */
export const InverseOffer = message("InverseOffer", {
  id: required(OfferID, 1),
  url: optional(URL, 2),
  framework_id: required(FrameworkID, 3),
  agent_id: optional(AgentID, 4),
  unavailability: required(Unavailability, 5),
  resources: repeated(Resource, 6),
});

const OperationState = enumeration("OperationState", {
  OPERATION_UNSUPPORTED: 0,
  OPERATION_PENDING: 1,
  OPERATION_FINISHED: 2,
  OPERATION_FAILED: 3,
  OPERATION_ERROR: 4,
  OPERATION_DROPPED: 5,
  OPERATION_UNREACHABLE: 6,
  OPERATION_GONE_BY_OPERATOR: 7,
  OPERATION_RECOVERING: 8,
  OPERATION_UNKNOWN: 9,
});

export const OperationStatus = message("OperationStatus", {
  operation_id: optional(OperationID, 1),
  state: required(OperationState, 2),
  message: optional("string", 3),
  converted_resources: repeated(Resource, 4),
  /** Set where an acknowledgement is wanted. */
  uuid: optional(UUID, 5),
  agent_id: optional(AgentID, 6),
  resource_provider_id: optional(ResourceProviderID, 7),
});
