import type { ReservationOperation } from "../protocol/offer.ts";
import { pushed, type Reservation } from "../protocol/reservation.ts";
import type { Resources } from "../protocol/resources.ts";

/**
 * Reserves resources of an offer for its role. With an id, `operationUpdate` tells what became of it; tasks that an accept
 * launches behind it name the resources as they are then: `operation.resources`.
 */
export function reserve(
  resources: Resources,
  reservation: Omit<Reservation, "dynamic">,
  operationId?: string,
): ReservationOperation {
  const id = operationId === undefined ? {} : { operationId };
  return { type: "reserve", resources: pushed(resources, { ...reservation, dynamic: true }), ...id };
}

/** Ends the reservation of resources that an offer has, named under their reservations. */
export function unreserve(resources: Resources, operationId?: string): ReservationOperation {
  return { type: "unreserve", resources, ...(operationId === undefined ? {} : { operationId }) };
}
