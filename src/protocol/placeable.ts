import type { Placeable } from "./master-api.ts";
import { flattened } from "./reservation.ts";
import { contains, noResources, type Resources, shortfall, uncountable } from "./resources.ts";

/** Whether any of these slaves is large enough, whatever it is doing now and whoever its resources are reserved for. */
export function placeableOn(
  slaves: readonly { readonly hostname: string; readonly resources: Resources }[],
  needed: Resources,
): Placeable {
  const whole = slaves.map(({ hostname, resources }) => ({ hostname, resources: flattened(resources) }));
  // No slave has what cannot be counted; which of them is closest does not matter then.
  const size = uncountable(noResources, needed) === undefined ? flattened(needed) : needed;
  const fitting = whole.filter(({ resources }) => contains(resources, size)).length;
  const [closest] = whole
    .map((slave) => ({ ...slave, lacking: shortfall(slave.resources, size).split(", ").length }))
    .sort((a, b) => a.lacking - b.lacking);
  return {
    slaves: slaves.length,
    fitting,
    ...(closest === undefined || fitting > 0
      ? {}
      : { closest: { hostname: closest.hostname, resources: closest.resources } }),
  };
}
