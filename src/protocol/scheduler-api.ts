import { protocolTable, type Tell } from "../actors/protocol.ts";
import type { FrameworkId, OfferId, SlaveId } from "./ids.ts";
import { type Lead, leadShape } from "./lead.ts";
import { type Offer, offerShape, type RescindReason, rescindReasonShape } from "./offer.ts";
import { type BodyShapes, bodyFault, id, list, text } from "./shape.ts";
import { type TaskStatus, taskStatusShape } from "./task.ts";

/** What a scheduler hears from the master. */
export type SchedulerProtocol = {
  subscribed: Tell<{ readonly frameworkId: FrameworkId; readonly lead: Lead }>;
  /** The subscription is over for good: another scheduler took over, or the framework was torn down. */
  frameworkError: Tell<{ readonly message: string }>;
  resourceOffers: Tell<{ readonly offers: readonly Offer[] }>;
  offersRescinded: Tell<{ readonly offerIds: readonly OfferId[]; readonly reason: RescindReason }>;
  taskUpdate: Tell<{ readonly status: TaskStatus }>;
  slaveLost: Tell<{ readonly slaveId: SlaveId; readonly hostname: string }>;
};

const shapes: BodyShapes<SchedulerProtocol> = {
  subscribed: { frameworkId: id(), lead: leadShape },
  frameworkError: { message: text },
  resourceOffers: { offers: list(offerShape) },
  offersRescinded: { offerIds: list(id()), reason: rescindReasonShape },
  taskUpdate: { status: taskStatusShape },
  slaveLost: { slaveId: id(), hostname: text },
};

export const schedulerTable = protocolTable<SchedulerProtocol>(
  "scheduler",
  {
    subscribed: { frameworkId: 0, lead: 1 },
    frameworkError: { message: 0 },
    resourceOffers: { offers: 0 },
    offersRescinded: { offerIds: 0, reason: 1 },
    taskUpdate: { status: 0 },
    slaveLost: { slaveId: 0, hostname: 1 },
  },
  bodyFault(shapes),
);
