import { protocolTable, type Tell } from "../actors/protocol.ts";
import type { FrameworkId, OfferId, SlaveId } from "./ids.ts";
import { type InverseOffer, inverseOfferShape } from "./inverse-offer.ts";
import { type Lead, leadShape } from "./lead.ts";
import { type Offer, offerShape, type RescindReason, rescindReasonShape } from "./offer.ts";
import { type OperationStatus, operationStateShape } from "./operation-status.ts";
import { type BodyShapes, bodyFault, count, id, list, optional, text } from "./shape.ts";
import { type TaskStatus, taskStatusShape } from "./task.ts";

/** What a scheduler hears from the master. */
export type SchedulerProtocol = {
  subscribed: Tell<{ readonly frameworkId: FrameworkId; readonly lead: Lead }>;
  /** The subscription is over for good: another scheduler took over, or the framework was torn down. */
  frameworkError: Tell<{ readonly message: string }>;
  resourceOffers: Tell<{ readonly offers: readonly Offer[] }>;
  offersRescinded: Tell<{ readonly offerIds: readonly OfferId[]; readonly reason: RescindReason }>;
  /** Requests to give something back. One is over when its tasks have ended, or when it is rescinded. */
  inverseOffers: Tell<{ readonly offers: readonly InverseOffer[] }>;
  /** They ask for nothing any more. */
  inverseOffersRescinded: Tell<{ readonly offerIds: readonly OfferId[] }>;
  taskUpdate: Tell<{ readonly status: TaskStatus }>;
  slaveLost: Tell<{ readonly slaveId: SlaveId; readonly hostname: string }>;
  /** An executor that was told to end has ended. `status`: as `wait(2)` tells it. Not repeated if it goes missing. */
  executorEnded: Tell<{ readonly slaveId: SlaveId; readonly executorId: string; readonly status?: number }>;
  /** What became of an operation that has an id. */
  operationUpdate: Tell<OperationStatus>;
};

const shapes: BodyShapes<SchedulerProtocol> = {
  subscribed: { frameworkId: id(), lead: leadShape },
  frameworkError: { message: text },
  resourceOffers: { offers: list(offerShape) },
  offersRescinded: { offerIds: list(id()), reason: rescindReasonShape },
  inverseOffers: { offers: list(inverseOfferShape) },
  inverseOffersRescinded: { offerIds: list(id()) },
  taskUpdate: { status: taskStatusShape },
  slaveLost: { slaveId: id(), hostname: text },
  executorEnded: { slaveId: id(), executorId: text, status: optional(count) },
  operationUpdate: {
    operationId: text,
    state: operationStateShape,
    message: optional(text),
    slaveId: optional(id()),
    uuid: optional(text),
  },
};

export const schedulerTable = protocolTable<SchedulerProtocol>(
  "scheduler",
  {
    subscribed: { frameworkId: 0, lead: 1 },
    frameworkError: { message: 0 },
    resourceOffers: { offers: 0 },
    offersRescinded: { offerIds: 0, reason: 1 },
    inverseOffers: { offers: 0 },
    inverseOffersRescinded: { offerIds: 0 },
    taskUpdate: { status: 0 },
    slaveLost: { slaveId: 0, hostname: 1 },
    executorEnded: { slaveId: 0, executorId: 1, status: 2 },
    operationUpdate: { operationId: 0, state: 1, message: 2, slaveId: 3, uuid: 4 },
  },
  bodyFault(shapes),
);
