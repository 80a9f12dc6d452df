import type { Address } from "../actors/address.ts";
import { type Ask, protocolTable, type Tell } from "../actors/protocol.ts";
import type { ViewProtocol } from "./cluster-events.ts";
import { type FrameworkInfo, frameworkInfoShape } from "./framework-info.ts";
import type { FrameworkId, OfferId, SlaveId, TaskId } from "./ids.ts";
import { type Filter, filterShape, type Operation, operationShape } from "./offer.ts";
import { type OfferFilters, offerFiltersShape } from "./offer-filters.ts";
import { type AskedOperation, askedOperationShape, type OperationStatus } from "./operation-status.ts";
import { type OperatorCall, type OperatorReply, operatorCallShape } from "./operator-api.ts";
import { type Resources, resourcesShape } from "./resources.ts";
import type { SchedulerProtocol } from "./scheduler-api.ts";
import { address, type BodyShapes, bodyFault, count, durationMs, id, list, object, optional, text } from "./shape.ts";
import type { SlaveProtocol } from "./slave-api.ts";
import { type SlaveInfo, slaveInfoShape } from "./slave-info.ts";
import { type KnownTask, knownTaskShape, type StatusUpdate, statusUpdateShape } from "./task.ts";

/** The name under which the master is registered and exported on its thread. */
export const masterName = "master";

/** What the master hears from slaves. */
export type MasterForSlaves = {
  /** First contact, or contact again with the id it was given and every task it still has. */
  registerSlave: Tell<{
    readonly self: Address<SlaveProtocol>;
    readonly slaveId?: SlaveId;
    readonly info: SlaveInfo;
    readonly tasks: readonly KnownTask[];
    /** Counts the times this life of the slave has reached a master; a retry has the number of what it repeats. */
    readonly hello: number;
  }>;
  pong: Tell<{ readonly slaveId: SlaveId }>;
  statusUpdate: Tell<{ readonly slaveId: SlaveId; readonly update: StatusUpdate }>;
  /** A slave that goes away in good order: its tasks have ended and been reported. */
  unregisterSlave: Tell<{ readonly slaveId: SlaveId }>;
  /** An executor has ended that was told to. `status`: as `wait(2)` tells it. */
  executorExited: Tell<{
    readonly slaveId: SlaveId;
    readonly frameworkId: FrameworkId;
    readonly executorId: string;
    readonly status?: number;
  }>;
};

/** What the master hears from schedulers: the calls of the paper's Table 1 and those that came to Mesos since. */
export type MasterForSchedulers = {
  /** `suppressedRoles`: those of its roles for which it wants no offers. A later one must be told by `suppress`. */
  subscribe: Tell<{
    readonly self: Address<SchedulerProtocol>;
    readonly info: FrameworkInfo;
    readonly suppressedRoles?: readonly string[];
    readonly filters?: OfferFilters;
  }>;
  /** Changes what a framework says of itself, but for its user, its `checkpoint`, its id and its principal. */
  updateFramework: Ask<
    {
      readonly frameworkId: FrameworkId;
      readonly info: FrameworkInfo;
      readonly suppressedRoles: readonly string[];
      readonly filters?: OfferFilters;
    },
    UpdateReply
  >;
  /** All offers of one slave and one role. An offer can be used once; unused resources go back with the filter. */
  accept: Tell<{
    readonly frameworkId: FrameworkId;
    readonly offerIds: readonly OfferId[];
    readonly operations: readonly Operation[];
    readonly filter: Filter;
  }>;
  decline: Tell<{ readonly frameworkId: FrameworkId; readonly offerIds: readonly OfferId[]; readonly filter: Filter }>;
  /** "I will give it back." It is written down; what is asked for is due all the same. */
  acceptInverseOffers: Tell<InverseAnswer>;
  /** "I would rather not." Likewise. */
  declineInverseOffers: Tell<InverseAnswer>;
  /** No offers for these roles, or for any when the list is empty, until `revive`. */
  suppress: Tell<{ readonly frameworkId: FrameworkId; readonly roles: readonly string[] }>;
  /** Offers again for these roles, or for all, and every filter of the framework's own declines for them is gone. */
  revive: Tell<{
    readonly frameworkId: FrameworkId;
    readonly roles: readonly string[];
    /** Only its declines of these slaves are gone. */
    readonly slaveIds?: readonly SlaveId[];
  }>;
  setFilters: Tell<{ readonly frameworkId: FrameworkId; readonly filters: OfferFilters }>;
  /** `slaveId`: nothing is done if the task is on another slave. */
  killTask: Tell<{
    readonly frameworkId: FrameworkId;
    readonly taskId: TaskId;
    readonly graceMs?: number;
    readonly slaveId?: SlaveId;
  }>;
  /** Ends an executor with its tasks. */
  shutdownExecutor: Tell<{
    readonly frameworkId: FrameworkId;
    readonly slaveId: SlaveId;
    readonly executorId: string;
  }>;
  acknowledge: Tell<{
    readonly frameworkId: FrameworkId;
    readonly slaveId: SlaveId;
    readonly taskId: TaskId;
    readonly uuid: string;
  }>;
  /** Asks for the latest state of these tasks, or of all when the list is empty. */
  reconcile: Tell<{
    readonly frameworkId: FrameworkId;
    readonly tasks: readonly AskedTask[];
  }>;
  /** The status of an operation has been dealt with. */
  acknowledgeOperation: Tell<{
    readonly frameworkId: FrameworkId;
    readonly operationId: string;
    readonly uuid: string;
  }>;
  teardown: Tell<{ readonly frameworkId: FrameworkId }>;
  /** What the framework may hold without losing tasks to revocation. */
  guaranteedShare: Ask<{ readonly frameworkId: FrameworkId }, { readonly guaranteed: Resources }>;
  /** Whether any registered slave is large enough, whatever it is doing now. `frameworkId`: who wants to know. */
  placeable: Ask<{ readonly resources: Resources; readonly frameworkId?: FrameworkId }, Placeable>;
};

/** A refusal says why. */
export type UpdateReply = { readonly done: true } | { readonly done: false; readonly reason: string };

/** `filter`: an inverse offer for maintenance is not repeated for so long. */
type InverseAnswer = {
  readonly frameworkId: FrameworkId;
  readonly offerIds: readonly OfferId[];
  readonly filter: Filter;
};

type AskedTask = { readonly taskId: TaskId; readonly slaveId?: SlaveId };

/** `closest` is the slave that lacks least, when none fits. */
export type Placeable = {
  readonly slaves: number;
  readonly fitting: number;
  readonly closest?: { readonly hostname: string; readonly resources: Resources };
};

/** What the master hears from a gateway. */
export type MasterForGateways = {
  /** A snapshot follows, then numbered changes, until the watcher is gone. */
  watchCluster: Tell<{ readonly self: Address<ViewProtocol> }>;
  /** In the name of a framework: what became of these operations, or of all that are known when the list is empty. */
  reconcileOperations: Ask<
    { readonly frameworkId: FrameworkId; readonly operations: readonly AskedOperation[] },
    { readonly statuses: readonly OperationStatus[] }
  >;
  operate: Ask<{ readonly call: OperatorCall }, OperatorReply>;
};

export type MasterProtocol = MasterForSlaves & MasterForSchedulers & MasterForGateways;

const ofFramework = { frameworkId: id<FrameworkId>() };
const ofSlave = { slaveId: id<SlaveId>() };

const shapes: BodyShapes<MasterProtocol> = {
  registerSlave: {
    self: address(),
    slaveId: optional(id()),
    info: slaveInfoShape,
    tasks: list(knownTaskShape),
    hello: count,
  },
  pong: ofSlave,
  statusUpdate: { slaveId: id(), update: statusUpdateShape },
  unregisterSlave: ofSlave,
  executorExited: { slaveId: id(), frameworkId: id(), executorId: text, status: optional(count) },
  subscribe: {
    self: address(),
    info: frameworkInfoShape,
    suppressedRoles: optional(list(text)),
    filters: optional(offerFiltersShape),
  },
  updateFramework: {
    frameworkId: id(),
    info: frameworkInfoShape,
    suppressedRoles: list(text),
    filters: optional(offerFiltersShape),
  },
  accept: {
    frameworkId: id(),
    offerIds: list(id()),
    operations: list(operationShape),
    filter: filterShape,
  },
  decline: { frameworkId: id(), offerIds: list(id()), filter: filterShape },
  acceptInverseOffers: { frameworkId: id(), offerIds: list(id()), filter: filterShape },
  declineInverseOffers: { frameworkId: id(), offerIds: list(id()), filter: filterShape },
  suppress: { frameworkId: id(), roles: list(text) },
  revive: { frameworkId: id(), roles: list(text), slaveIds: optional(list(id())) },
  setFilters: { frameworkId: id(), filters: offerFiltersShape },
  killTask: { frameworkId: id(), taskId: id(), graceMs: optional(durationMs), slaveId: optional(id()) },
  shutdownExecutor: { frameworkId: id(), slaveId: id(), executorId: text },
  acknowledge: { frameworkId: id(), slaveId: id(), taskId: id(), uuid: text },
  reconcile: {
    frameworkId: id(),
    tasks: list(object<AskedTask>({ taskId: id(), slaveId: optional(id()) })),
  },
  acknowledgeOperation: { frameworkId: id(), operationId: text, uuid: text },
  reconcileOperations: { frameworkId: id(), operations: list(askedOperationShape) },
  teardown: ofFramework,
  guaranteedShare: ofFramework,
  placeable: { resources: resourcesShape, frameworkId: optional(id()) },
  watchCluster: { self: address() },
  operate: { call: operatorCallShape },
};

export const masterTable = protocolTable<MasterProtocol>(
  "master",
  {
    registerSlave: { self: 0, slaveId: 1, info: 2, tasks: 3, hello: 4 },
    pong: { slaveId: 0 },
    statusUpdate: { slaveId: 0, update: 1 },
    unregisterSlave: { slaveId: 0 },
    executorExited: { slaveId: 0, frameworkId: 1, executorId: 2, status: 3 },
    subscribe: { self: 0, info: 1, suppressedRoles: 2, filters: 3 },
    updateFramework: { frameworkId: 0, info: 1, suppressedRoles: 2, filters: 3 },
    accept: { frameworkId: 0, offerIds: 1, operations: 2, filter: 3 },
    decline: { frameworkId: 0, offerIds: 1, filter: 2 },
    acceptInverseOffers: { frameworkId: 0, offerIds: 1, filter: 2 },
    declineInverseOffers: { frameworkId: 0, offerIds: 1, filter: 2 },
    suppress: { frameworkId: 0, roles: 1 },
    revive: { frameworkId: 0, roles: 1, slaveIds: 2 },
    setFilters: { frameworkId: 0, filters: 1 },
    killTask: { frameworkId: 0, taskId: 1, graceMs: 2, slaveId: 3 },
    shutdownExecutor: { frameworkId: 0, slaveId: 1, executorId: 2 },
    acknowledge: { frameworkId: 0, slaveId: 1, taskId: 2, uuid: 3 },
    reconcile: { frameworkId: 0, tasks: 1 },
    acknowledgeOperation: { frameworkId: 0, operationId: 1, uuid: 2 },
    reconcileOperations: { frameworkId: 0, operations: 1 },
    teardown: { frameworkId: 0 },
    guaranteedShare: { frameworkId: 0 },
    placeable: { resources: 0, frameworkId: 1 },
    watchCluster: { self: 0 },
    operate: { call: 0 },
  },
  bodyFault(shapes),
);
