import type { Placeable } from "./master-api.ts";
import { contains, type Resources, shortfall } from "./resources.ts";

/** Whether any of these slaves is large enough, whatever it is doing now. */
export function placeableOn(
  slaves: readonly { readonly hostname: string; readonly resources: Resources }[],
  needed: Resources,
): Placeable {
  const fitting = slaves.filter(({ resources }) => contains(resources, needed)).length;
  const [closest] = slaves
    .map(({ hostname, resources }) => ({
      hostname,
      resources,
      lacking: shortfall(resources, needed).split(", ").length,
    }))
    .sort((a, b) => a.lacking - b.lacking);
  return {
    slaves: slaves.length,
    fitting,
    ...(closest === undefined || fitting > 0
      ? {}
      : { closest: { hostname: closest.hostname, resources: closest.resources } }),
  };
}
