import { common, isNone, minus, plus, type Quantity } from "../protocol/quantity.ts";
import { nameOf } from "../protocol/reservation.ts";
import { contains, type Resources, subtract } from "../protocol/resources.ts";

/**
 * What to take of the available resources for a need in which it does not matter for whom they are reserved: reserved
 * ones first, so that the others stay for everybody. What the need itself names as reserved is taken as it is.
 * Undefined when there is not enough.
 */
export function cover(available: Resources, needed: Resources): Resources | undefined {
  const reserved = Object.keys(available).filter(isReserved);
  if (reserved.length === 0) return contains(available, needed) ? needed : undefined;
  const named = Object.fromEntries(Object.entries(needed).filter(([key]) => isReserved(key)));
  if (!contains(available, named)) return undefined;
  const left = subtract(available, named);
  const taken: Record<string, Quantity> = { ...named };
  for (const [name, quantity] of Object.entries(needed)) {
    if (isReserved(name)) continue;
    const { parts, rest } = split(quantity, left, [...reserved.filter((key) => nameOf(key) === name), name]);
    if (!isNone(rest)) return undefined;
    for (const [key, part] of parts) taken[key] = Object.hasOwn(taken, key) ? plus(taken[key] ?? 0, part, key) : part;
  }
  return taken;
}

function isReserved(key: string): boolean {
  return nameOf(key) !== key;
}

/** Takes of each key what it has. */
function split(quantity: Quantity, available: Resources, keys: readonly string[]) {
  const parts: [string, Quantity][] = [];
  let rest = quantity;
  for (const key of keys) {
    const there = Object.hasOwn(available, key) ? available[key] : undefined;
    const part = there === undefined ? 0 : common(there, rest);
    if (isNone(part)) continue;
    parts.push([key, part]);
    rest = minus(rest, part, key);
  }
  return { parts, rest };
}
