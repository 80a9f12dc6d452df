import { ok, type Result, refused } from "../../base/result.ts";
import type { OperatorReservation } from "../../protocol/operator-api.ts";
import type { GivenReservation } from "../../protocol/operator-schema.ts";
import { resourcesFromList } from "../resource-list.ts";

/** The call as the master takes it, or what is wrong with its resources. `principal`: who asks, where that is known. */
export function reservationFrom(given: GivenReservation, principal: string | undefined): Result<OperatorReservation> {
  const { type, slaveId, source } = given;
  if (source.length > 0) return refused("source: changing a reservation into another is not supported");
  const resources = resourcesFromList(given.resources);
  if (!resources.ok) return refused(`resources: ${resources.error}`);
  return ok({ type, slaveId, resources: resources.value, ...(principal === undefined ? {} : { principal }) });
}
