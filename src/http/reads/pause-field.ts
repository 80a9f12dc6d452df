import type { ClusterRows } from "../view/cluster-rows.ts";

/**
 * How far the pause after a restart of the master is, a field of our own that is there while no offers are made: so many
 * of the slaves that were known are back, or given up.
 */
export function pauseField({ pause }: ClusterRows) {
  if (pause === undefined) return {};
  return { offer_pause: { slaves_back: pause.back, slaves_known: pause.known } };
}
