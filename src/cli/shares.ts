import type { FrameworkRow } from "../protocol/cluster-events.ts";
import { quantitiesOf } from "../protocol/quantities.ts";
import { add, noResources, type Resources } from "../protocol/resources.ts";

/** What a framework uses and is offered: offered counts as used (paper §3.5). */
export function resourcesHeld({ used, offered }: Pick<FrameworkRow, "used" | "offered">): Resources {
  return add(quantitiesOf(used), quantitiesOf(offered));
}

/** The largest fraction of any resource of the cluster that is held, in [0, 1]. */
export function dominantShare(held: Resources, totals: readonly Resources[]): number {
  const total = totals.map(quantitiesOf).reduce<Resources>(add, noResources);
  const shares = Object.entries(quantitiesOf(held)).map(([name, amount]) => {
    const whole = total[name];
    return typeof whole === "number" && whole > 0 ? amount / whole : 0;
  });
  return Math.max(0, ...shares);
}
