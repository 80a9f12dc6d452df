import { nameOf } from "../protocol/reservation.ts";
import { add, contains, noResources, type Resources, subtract } from "../protocol/resources.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";

/** A part of a slave that is offered apart from the rest: the one for short tasks, and the one for all others. */
export type SlavePart = {
  readonly short: boolean;
  /** Under this number the allocator keeps its account; no earlier account had it. */
  readonly account: number;
};

/** What each part of a slave has. */
export function partTotals(info: SlaveInfo): ReadonlyMap<boolean, Resources> {
  const rest = [false, restOf(info)] as const;
  return new Map(info.shortTasks === undefined ? [rest] : [rest, [true, info.shortTasks.resources]]);
}

/** What a slave has for tasks of any length. */
export function restOf({ resources, shortTasks }: SlaveInfo): Resources {
  return shortTasks === undefined ? resources : subtract(resources, shortTasks.resources);
}

/** What a slave says of itself, with what was reserved by calls; a reservation that it no longer has room for is void. */
export function withReserved(info: SlaveInfo, reserved: Resources | undefined): SlaveInfo {
  if (reserved === undefined) return info;
  const short = info.shortTasks?.resources ?? noResources;
  let left = subtract(info.resources, short);
  for (const [key, quantity] of Object.entries(reserved)) {
    const plain = { [nameOf(key)]: quantity };
    if (contains(left, plain)) left = add(subtract(left, plain), { [key]: quantity });
  }
  return { ...info, resources: add(left, short) };
}
