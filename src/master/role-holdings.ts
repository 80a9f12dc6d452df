import { amountIn, type Quantities, quantitiesOf } from "../protocol/quantities.ts";
import { reservedByRole, unreserved } from "../protocol/reservation.ts";
import type { Resources } from "../protocol/resources.ts";
import { topOf } from "../protocol/role.ts";
import type { MasterState } from "./state.ts";

/** What a role at the top has with all below it: what counts against its quota, and what it may have next. */
export type RoleHoldings = {
  /** All that is reserved to it, used or not, and whatever else its tasks use. */
  readonly consumed: Quantities;
  /** What it is offered beyond its reservations. */
  readonly offered: Quantities;
};

/** By role at the top, of those that have anything. Takes time in proportion to tasks and offers. */
export function roleHoldings({ slaves, offers }: MasterState): ReadonlyMap<string, RoleHoldings> {
  const sums = new Map<string, { consumed: Record<string, number>; offered: Record<string, number> }>();
  const sumsOf = (role: string) => {
    const top = topOf(role);
    const known = sums.get(top) ?? { consumed: {}, offered: {} };
    sums.set(top, known);
    return known;
  };
  for (const slave of slaves.all()) {
    for (const [role, reserved] of reservedByRole(slave.info.resources)) count(sumsOf(role).consumed, reserved, 1);
    for (const short of [false, true]) {
      for (const { role, resources } of slaves.allocations(slave, short)) {
        count(sumsOf(role).consumed, unreserved(resources), 1);
      }
    }
  }
  for (const { role, resources } of offers.all()) {
    const free = unreserved(resources);
    count(sumsOf(role).consumed, free, -1);
    count(sumsOf(role).offered, free, 1);
  }
  return sums;
}

function count(sums: Record<string, number>, resources: Resources, sign: 1 | -1): void {
  for (const [name, amount] of Object.entries(quantitiesOf(resources))) {
    sums[name] = amountIn(sums, name) + sign * amount;
  }
}
