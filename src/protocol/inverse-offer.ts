import type { FrameworkId, OfferId, SlaveId, TaskId } from "./ids.ts";
import { type Resources, resourcesShape } from "./resources.ts";
import { count, durationMs, id, list, object, optional, word } from "./shape.ts";

/** A time in which a slave is not to be counted on. */
export type Unavailability = {
  /** Unix milliseconds. */
  readonly startMs: number;
  /** Absent: without end. */
  readonly durationMs?: number;
};

/**
 * A request to give back what a framework has on a slave. For a revocation it is binding: what is not given back by
 * the beginning of the unavailability is taken then. For maintenance it is for the framework to know.
 */
export type InverseOffer = {
  readonly id: OfferId;
  readonly frameworkId: FrameworkId;
  readonly slaveId: SlaveId;
  readonly resources: Resources;
  /** The tasks whose end it asks for. Absent: whatever the framework has there. */
  readonly tasks?: readonly TaskId[];
  readonly unavailability: Unavailability;
  readonly reason: InverseOfferReason;
};

export type InverseOfferReason = "revocation" | "maintenance";

export const unavailabilityShape = object<Unavailability>({ startMs: count, durationMs: optional(durationMs) });

export const inverseOfferShape = object<InverseOffer>({
  id: id(),
  frameworkId: id(),
  slaveId: id(),
  resources: resourcesShape,
  tasks: optional(list(id<TaskId>())),
  unavailability: unavailabilityShape,
  reason: word({ revocation: true, maintenance: true }),
});
