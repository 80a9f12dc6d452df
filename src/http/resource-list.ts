import { ok, type Result, refused } from "../base/result.ts";
import type { Label } from "../protocol/label.ts";
import { coalesce, isRanges, type Quantity, thousandths } from "../protocol/quantity.ts";
import {
  nameFault,
  nameOf,
  ordered,
  type Reservation,
  reservationFault,
  reservationOf,
  reservedKey,
} from "../protocol/reservation.ts";
import { fractionFault, isEmpty, joined, noResources, type Resources } from "../protocol/resources.ts";
import { defaultRole } from "../protocol/role.ts";
import { decodeJson } from "./v1/json-codec.ts";
import { Resource } from "./v1/resource-messages.ts";
import type { ValueOf } from "./v1/schema.ts";

/** How a framework wants to see resources: what its capabilities say. */
export type ResourceForm = {
  /** MULTI_ROLE: the role they are allocated to is told with each. */
  readonly allocatedTo?: string;
  /**
   * How reservations are told: as a stack, to frameworks with RESERVATION_REFINEMENT; by `role` and `reservation`, to
   * the others; in both ways at once, to operators (Mesos's endpoint format).
   */
  readonly reservations: "stack" | "role" | "both";
};

type V1Resource = ValueOf<typeof Resource>;
type V1Reservation = V1Resource["reservations"][number];

/** Resources in Mesos's form. Thousandths become doubles. */
export function resourcesTo(
  resources: Resources,
  { allocatedTo, reservations }: ResourceForm = { reservations: "both" },
) {
  const more = allocatedTo === undefined ? {} : { allocation_info: { role: allocatedTo } };
  return Object.entries(resources).map(([key, quantity]) => {
    const reservation = reservationOf(key);
    return {
      name: nameOf(key),
      ...valueTo(quantity),
      ...(reservations === "stack" ? {} : ownerTo(reservation)),
      ...(reservations === "role" || reservation === undefined ? {} : { reservations: [stackTo(reservation)] }),
      ...more,
    };
  });
}

/** `role`: to whom they are allocated, where that is told. */
export type NamedResources = { readonly resources: Resources; readonly role?: string };

/** What Mesos's form says, or what is wrong with it. Nothing that is shared or revocable was ever offered. */
export function resourcesFrom(list: readonly V1Resource[]): Result<NamedResources> {
  if (list.length > listMax) return refused(`it has ${list.length} resources, and the limit is ${listMax}`);
  let resources = noResources;
  let role: string | undefined;
  for (const resource of list) {
    const one = resourceFrom(resource);
    if (!one.ok) return refused(`resource ${resource.name.slice(0, nameShownMax)}: ${one.error}`);
    const together = joined(resources, one.value);
    if (!together.ok) return refused(`resource ${together.error}`);
    resources = together.value;
    const allocated = resource.allocation_info?.role;
    if (allocated === undefined) continue;
    if (role !== undefined && role !== allocated) return refused("its resources are allocated to different roles");
    role = allocated;
  }
  if (isEmpty(resources)) return refused("it uses no resources");
  return ok({ resources, ...(role === undefined ? {} : { role }) });
}

/** The same from the JSON of a list, as in a file. */
export function resourcesFromJson(text: string): Result<Resources> {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    return refused(`this is not JSON: ${(error as Error).message}`);
  }
  return Array.isArray(list) ? resourcesFromList(list) : refused("this is not a JSON list of resources");
}

export function resourcesFromList(list: readonly unknown[]): Result<Resources> {
  const resources: V1Resource[] = [];
  for (const [index, element] of list.entries()) {
    const resource = decodeJson(Resource, element);
    if (!resource.ok) return refused(`resource ${index + 1} of the list: ${resource.error}`);
    resources.push(resource.value);
  }
  const named = resourcesFrom(resources);
  return named.ok ? ok(named.value.resources) : named;
}

/** Resources of one list. Each name may be there once for every reservation. */
const listMax = 1_000;
/** Characters of a name that a refusal repeats. */
const nameShownMax = 80;

export function valueTo(quantity: Quantity) {
  if (typeof quantity === "number") return { type: "SCALAR", scalar: { value: quantity / 1000 } } as const;
  if (!isRanges(quantity)) return { type: "SET", set: { item: quantity.items } } as const;
  return { type: "RANGES", ranges: { range: quantity.ranges.map(([begin, end]) => ({ begin, end })) } } as const;
}

function ownerTo(reservation: Reservation | undefined) {
  if (reservation === undefined) return { role: defaultRole };
  const { role, dynamic } = reservation;
  return { role, ...(dynamic ? { reservation: detailsTo(reservation) } : {}) };
}

function stackTo(reservation: Reservation) {
  const type = reservation.dynamic ? ("DYNAMIC" as const) : ("STATIC" as const);
  return { type, role: reservation.role, ...detailsTo(reservation) };
}

function detailsTo({ principal, labels }: Reservation) {
  return {
    ...(principal === undefined ? {} : { principal }),
    ...(labels === undefined ? {} : { labels: { labels } }),
  };
}

function resourceFrom(resource: V1Resource): Result<Resources> {
  const fault = nameFault(resource.name) ?? specialFault(resource);
  if (fault !== undefined) return refused(fault);
  const quantity = quantityFrom(resource);
  if (!quantity.ok) return quantity;
  const reservation = reservationFrom(resource);
  if (!reservation.ok) return reservation;
  const { name } = resource;
  const one = { [reservation.value === undefined ? name : reservedKey(name, reservation.value)]: quantity.value };
  const fraction = fractionFault(one);
  return fraction === undefined ? ok(one) : refused(fraction);
}

function quantityFrom({ type, scalar, ranges, set }: V1Resource): Result<Quantity> {
  if (type === "SCALAR" && scalar !== undefined) return thousandths(scalar.value);
  if (type === "RANGES" && ranges !== undefined) return rangesFrom(ranges.range);
  if (type === "SET" && set !== undefined) {
    const items = [...new Set(set.item)].sort();
    return items.length === set.item.length ? ok({ items }) : refused("an item is named twice");
  }
  return refused(`it is a ${type} without a value of that type`);
}

function specialFault({ disk, revocable, shared, provider_id }: V1Resource): string | undefined {
  if (revocable !== undefined) return "it is revocable, which was not offered";
  if (shared !== undefined) return "it is shared, which was not offered";
  return disk === undefined && provider_id === undefined ? undefined : "no such disk was offered";
}

/**
 * Its reservation in either form, or in both where they say the same, by Mesos's rules. A reservation that is refined by
 * another is something nobody is offered here.
 */
function reservationFrom(resource: V1Resource): Result<Reservation | undefined> {
  const { reservations } = resource;
  const [only] = reservations;
  if (only === undefined) return ownerFrom(resource);
  if (reservations.length > 1) {
    return refused(`it has ${reservations.length} reservations; refining a reservation is not supported, give one`);
  }
  const { type, role } = only;
  if (type !== "STATIC" && type !== "DYNAMIC") {
    return refused("Invalid reservation: 'Resource.ReservationInfo.type' field must be set.");
  }
  if (role === undefined) return refused("Invalid reservation: 'Resource.ReservationInfo.role' field must be set.");
  const stacked = checked({ role, dynamic: type === "DYNAMIC", ...detailsFrom(only) });
  if (!stacked.ok || (resource.role === undefined && resource.reservation === undefined)) return stacked;
  const owner = ownerFrom(resource);
  // The older form has no words for the details of a static reservation.
  const told = type === "STATIC" ? { role, dynamic: false } : stacked.value;
  if (owner.ok && owner.value !== undefined && reservedKey("", owner.value) === reservedKey("", told)) return stacked;
  return refused("'Resource.role' and 'Resource.reservation' do not match the reservation in 'Resource.reservations'");
}

function ownerFrom({ role = defaultRole, reservation }: V1Resource): Result<Reservation | undefined> {
  if (reservation === undefined) return role === defaultRole ? ok(undefined) : checked({ role, dynamic: false });
  for (const field of ["type", "role"] as const) {
    if (reservation[field] === undefined) continue;
    return refused(`'Resource.ReservationInfo.${field}' must not be set for the 'Resource.reservation' field`);
  }
  if (role === defaultRole) return refused('Invalid reservation: role "*" cannot be dynamically reserved');
  return checked({ role, dynamic: true, ...detailsFrom(reservation) });
}

function detailsFrom({ principal, labels: { labels } = { labels: [] } }: V1Reservation) {
  const kept = ordered(labels.map(({ key, value }): Label => (value === undefined ? { key } : { key, value })));
  return { ...(principal === undefined ? {} : { principal }), ...(kept.length === 0 ? {} : { labels: kept }) };
}

function checked(reservation: Reservation): Result<Reservation> {
  const fault = reservationFault(reservation);
  return fault === undefined ? ok(reservation) : refused(fault);
}

/** Ranges that touch are one, as in Mesos; such as the single ports that some clients send. */
function rangesFrom(given: readonly { readonly begin: number; readonly end: number }[]): Result<Quantity> {
  let last = -1;
  for (const { begin, end } of [...given].sort((a, b) => a.begin - b.begin)) {
    if (begin > end) return refused(`the range [${begin}-${end}] ends before it begins`);
    if (!Number.isSafeInteger(end)) return refused(`the range [${begin}-${end}] is too large`);
    if (begin <= last) return refused(`two ranges have ${begin}`);
    last = end;
  }
  return ok({ ranges: coalesce(given.map(({ begin, end }) => [begin, end])) });
}
