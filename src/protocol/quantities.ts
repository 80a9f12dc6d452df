import { invariant } from "../base/invariant.ts";
import { isRanges, milliMax, type Quantity } from "./quantity.ts";
import { nameOf } from "./reservation.ts";
import type { Resources } from "./resources.ts";
import { count, dictionary, type Shape } from "./shape.ts";

/** Amounts in thousandths by name of resource, whoever they are reserved for. Unlike resources they may be of many slaves. */
export type Quantities = { readonly [name: string]: number };

export const quantitiesShape: Shape<Quantities> = dictionary(count);

/** The scalars, summed over their reservations: only they count for shares and quotas. */
export function quantitiesOf(resources: Resources): Quantities {
  return summed(resources, (quantity, sum, name) => {
    if (typeof quantity !== "number") return undefined;
    invariant(sum + quantity <= milliMax, () => `${name} adds up to more than can be counted exactly`);
    return sum + quantity;
  });
}

/** How much there is of everything: of ranges, how many numbers; of items, how many. What cannot be counted is the most that can. */
export function amountsOf(resources: Resources): Quantities {
  return summed(resources, (quantity, sum) => Math.min(milliMax, sum + amountOf(quantity)));
}

/** 0 for a name that is absent, also for one that every object inherits: any text names a resource. */
export function amountIn(amounts: Quantities, name: string): number {
  return Object.hasOwn(amounts, name) ? (amounts[name] ?? 0) : 0;
}

/** Text for people, as Mesos writes it: `cpus:3; mem:2048`. */
export function formatQuantities(quantities: Quantities): string {
  return Object.entries(quantities)
    .map(([name, amount]) => `${name}:${amount / 1000}`)
    .join("; ");
}

function amountOf(quantity: Quantity): number {
  if (typeof quantity === "number") return quantity;
  if (!isRanges(quantity)) return quantity.items.length * 1000;
  return quantity.ranges.reduce((sum, [begin, end]) => Math.min(milliMax, sum + (end - begin + 1) * 1000), 0);
}

function summed(
  resources: Resources,
  onto: (quantity: Quantity, sum: number, name: string) => number | undefined,
): Quantities {
  const sums: Record<string, number> = {};
  for (const key of Object.keys(resources)) {
    const name = nameOf(key);
    const sum = onto(resources[key] as Quantity, amountIn(sums, name), name);
    if (sum !== undefined) sums[name] = sum;
  }
  return sums;
}
