import { ok, type Result, refused } from "../base/result.ts";
import {
  add,
  isEmpty,
  isRanges,
  noResources,
  type Quantity,
  type Resources,
  uncountable,
} from "../protocol/resources.ts";
import type { Resource } from "./v1/resource-messages.ts";
import type { ValueOf } from "./v1/schema.ts";

/** How a framework wants to see resources: what its capabilities say. */
export type ResourceForm = {
  /** MULTI_ROLE: the role they are allocated to is told with each. */
  readonly allocatedTo?: string;
  /** RESERVATION_REFINEMENT: a stack of reservations, which is empty here, and no role. */
  readonly refined: boolean;
};

/** Resources in Mesos's form. Thousandths become doubles. */
export function resourcesTo(resources: Resources, { allocatedTo, refined }: ResourceForm = { refined: false }) {
  const more = {
    ...(refined ? {} : { role: "*" }),
    ...(allocatedTo === undefined ? {} : { allocation_info: { role: allocatedTo } }),
  };
  return Object.entries(resources).map(([name, quantity]) => ({ name, ...valueTo(quantity), ...more }));
}

/** `role`: to whom they are allocated, where that is told. */
export type NamedResources = { readonly resources: Resources; readonly role?: string };

/** What Mesos's form says, or what is wrong with it. Nothing that is reserved, shared or revocable was ever offered. */
export function resourcesFrom(list: readonly ValueOf<typeof Resource>[]): Result<NamedResources> {
  let resources = noResources;
  let role: string | undefined;
  for (const resource of list) {
    const { name } = resource;
    const quantity = quantityFrom(resource);
    if (!quantity.ok) return refused(`resource ${name}: ${quantity.error}`);
    const one = { [name]: quantity.value };
    if (name in resources && !isSameKind(resources[name], quantity.value)) {
      return refused(`resource ${name} is given in two kinds`);
    }
    if (uncountable(resources, one) !== undefined)
      return refused(`resource ${name} adds up to more than can be counted`);
    resources = add(resources, one);
    const allocated = resource.allocation_info?.role;
    if (allocated === undefined) continue;
    if (role !== undefined && role !== allocated) return refused("its resources are allocated to different roles");
    role = allocated;
  }
  if (isEmpty(resources)) return refused("it uses no resources");
  return ok({ resources, ...(role === undefined ? {} : { role }) });
}

export function valueTo(quantity: Quantity) {
  if (typeof quantity === "number") return { type: "SCALAR", scalar: { value: quantity / 1000 } } as const;
  if (!isRanges(quantity)) return { type: "SET", set: { item: quantity.items } } as const;
  return { type: "RANGES", ranges: { range: quantity.ranges.map(([begin, end]) => ({ begin, end })) } } as const;
}

/** Mesos keeps three decimals of a scalar. */
function quantityFrom(resource: ValueOf<typeof Resource>): Result<Quantity> {
  const { name, type, scalar, ranges, set } = resource;
  if (name === "" || name === "__proto__") return refused("this is no name");
  const special = specialFault(resource);
  if (special !== undefined) return refused(special);
  if (type === "SCALAR" && scalar !== undefined) {
    const milli = Math.round(scalar.value * 1000);
    return Number.isSafeInteger(milli) && milli >= 0 ? ok(milli) : refused(`${scalar.value} is no amount`);
  }
  if (type === "RANGES" && ranges !== undefined) return rangesFrom(ranges.range);
  if (type === "SET" && set !== undefined) {
    const items = [...new Set(set.item)].sort();
    return items.length === set.item.length ? ok({ items }) : refused("an item is named twice");
  }
  return refused(`it is a ${type} without a value of that type`);
}

function specialFault(resource: ValueOf<typeof Resource>): string | undefined {
  const { role = "*", reservation, reservations, disk, revocable, shared, provider_id } = resource;
  if (role !== "*" || reservation !== undefined || reservations.length > 0)
    return "it is reserved, which was not offered";
  if (revocable !== undefined) return "it is revocable, which was not offered";
  if (shared !== undefined) return "it is shared, which was not offered";
  return disk === undefined && provider_id === undefined ? undefined : "no such disk was offered";
}

/** Ranges that touch are one, as in Mesos; such as the single ports that some clients send. */
function rangesFrom(given: readonly { readonly begin: number; readonly end: number }[]): Result<Quantity> {
  const joined: [number, number][] = [];
  for (const { begin, end } of [...given].sort((a, b) => a.begin - b.begin)) {
    if (begin > end) return refused(`the range [${begin}-${end}] ends before it begins`);
    if (!Number.isSafeInteger(end)) return refused(`the range [${begin}-${end}] is too large`);
    const last = joined.at(-1);
    if (last !== undefined && begin <= last[1]) return refused(`two ranges have ${begin}`);
    if (last !== undefined && begin === last[1] + 1) last[1] = end;
    else joined.push([begin, end]);
  }
  return ok({ ranges: joined });
}

function isSameKind(a: Quantity | undefined, b: Quantity): boolean {
  return typeof a === typeof b && isRanges(a) === isRanges(b);
}
