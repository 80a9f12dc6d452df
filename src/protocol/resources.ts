import { invariant } from "../base/invariant.ts";
import { ok, type Result, refused } from "../base/result.ts";
import {
  common,
  formatQuantity,
  holds,
  isNone,
  isQuantity,
  isSameKind,
  milliMax,
  minus,
  parseQuantity,
  plus,
  type Quantity,
} from "./quantity.ts";
import { formatKey, keyFault, nameFault, nameOf, reservationFault, reservedKey } from "./reservation.ts";
import { defaultRole } from "./role.ts";
import { dictionary, type Shape } from "./shape.ts";

/**
 * Resources of one slave, by key: a name, and the reservation they are under if there is one (`reservation.ts`). A
 * scalar is an integer in thousandths (Mesos keeps three decimals; as integers they add up exactly): `cpus: 1500` is one
 * and a half cpus, `mem: 64_000` is 64 MiB. A key that is absent is none. Resources of different slaves are never added:
 * a port of one is not a port of another.
 */
export type Resources = { readonly [key: string]: Quantity };

export const noResources: Resources = {};

const quantityShape: Shape<Quantity> = (value) => (isQuantity(value) ? undefined : ": is not a quantity");
const quantitiesShape = dictionary(quantityShape);

/** Longest key from outside that a fault repeats, in characters. */
const shownMax = 40;

export const resourcesShape: Shape<Resources> = (value) => {
  const fault = quantitiesShape(value);
  if (fault !== undefined) return fault;
  const key = keysFault(value as Resources);
  return key === undefined ? undefined : `: ${key}`;
};

export function add(a: Resources, b: Resources): Resources {
  return combine(a, b, plus);
}

/** What is left of `a` without `b`, which must be contained in it. */
export function subtract(a: Resources, b: Resources): Resources {
  invariant(contains(a, b), () => `cannot take ${format(b)} out of ${format(a)}`);
  return combine(a, b, minus);
}

/** The name of a scalar that is too large to be counted together with those that are there, reserved or not. */
export function uncountable(there: Resources, more: Resources): string | undefined {
  const sums = new Map<string, number>();
  for (const resources of [there, more]) {
    for (const key of Object.keys(resources)) {
      const quantity = resources[key];
      if (typeof quantity !== "number") continue;
      const name = nameOf(key);
      const sum = (sums.get(name) ?? 0) + quantity;
      if (sum > milliMax) return name;
      sums.set(name, sum);
    }
  }
  return undefined;
}

/** Whether `b` can be taken out of `a`. */
export function contains(a: Resources, b: Resources): boolean {
  for (const key of Object.keys(b)) if (!holds(quantityOf(a, key), b[key] as Quantity)) return false;
  return true;
}

export function equal(a: Resources, b: Resources): boolean {
  return contains(a, b) && contains(b, a);
}

export function isEmpty(resources: Resources): boolean {
  for (const key of Object.keys(resources)) if (!isNone(resources[key] as Quantity)) return false;
  return true;
}

export function sum(list: Iterable<Resources>): Resources {
  let total = noResources;
  for (const resources of list) total = add(total, resources);
  return total;
}

/** What two have in common, key by key. */
export function overlap(a: Resources, b: Resources): Resources {
  const shared: Record<string, Quantity> = {};
  for (const [key, quantity] of Object.entries(a)) {
    const both = common(quantity, quantityOf(b, key) ?? 0);
    if (!isNone(both)) shared[key] = both;
  }
  return shared;
}

/** The scalar under this key in thousandths, 0 when there is none. */
export function scalar(resources: Resources, key: string): number {
  const quantity = quantityOf(resources, key);
  return typeof quantity === "number" ? quantity : 0;
}

/** The scalars alone, those of each reservation for themselves. */
export function scalarsOf(resources: Resources): { readonly [key: string]: number } {
  const scalars: Record<string, number> = {};
  for (const key of Object.keys(resources)) {
    const quantity = resources[key];
    if (typeof quantity === "number") scalars[key] = quantity;
  }
  return scalars;
}

/** The sum of resources from outside, or why there is none. */
export function joined(there: Resources, more: Resources): Result<Resources> {
  const kinds = new Map(Object.entries(there).map(([key, quantity]) => [nameOf(key), quantity]));
  for (const [key, quantity] of Object.entries(more)) {
    const name = nameOf(key);
    if (!isSameKind(kinds.get(name) ?? quantity, quantity)) return refused(`${name} is given in two kinds`);
  }
  const large = uncountable(there, more);
  if (large !== undefined) return refused(`${large} adds up to more than can be counted`);
  return ok(add(there, more));
}

/** What is wrong with resources from outside, or undefined when they are as described above. */
export function malformation(resources: Resources): string | undefined {
  const odd = Object.entries(resources).find(([, quantity]) => !isQuantity(quantity))?.[0];
  return odd === undefined ? keysFault(resources) : `${shown(odd)} is not a quantity`;
}

/** Resources of the same name are of one kind whoever they are reserved for, and can be counted together. */
function keysFault(resources: Resources): string | undefined {
  const keys = Object.keys(resources);
  const odd = keys.find((key) => keyFault(key) !== undefined);
  if (odd !== undefined) return `${shown(odd)} ${keyFault(odd)}`;
  if (!keys.some((key) => key.includes("("))) return undefined;
  const kinds = new Map<string, Quantity>();
  for (const key of keys) {
    const quantity = resources[key] as Quantity;
    const name = nameOf(key);
    if (!isSameKind(kinds.get(name) ?? quantity, quantity)) return `${shown(name)} is given in two kinds`;
    if (!isNone(quantity)) kinds.set(name, quantity);
  }
  const large = uncountable(noResources, resources);
  return large === undefined ? undefined : `${shown(large)} adds up to more than can be counted`;
}

function shown(key: string): string {
  return key.length > shownMax ? `${key.slice(0, shownMax)}…` : key;
}

/** What is wrong with resources for being a part of a unit that has no parts, or undefined. */
export function fractionFault(resources: Resources): string | undefined {
  for (const key of Object.keys(resources)) {
    const quantity = resources[key];
    if (nameOf(key) === "gpus" && (typeof quantity !== "number" || quantity % 1000 !== 0)) {
      return `the "gpus" resource must be an unsigned integer, not ${formatQuantity(quantity as Quantity)}`;
    }
  }
  return undefined;
}

/** What `needed` asks beyond `available`, as text for people, such as `cpus:64 of 4`; empty when it fits. */
export function shortfall(available: Resources, needed: Resources): string {
  return Object.entries(needed)
    .filter(([key, quantity]) => !contains(available, { [key]: quantity }))
    .map(
      ([key, quantity]) =>
        `${formatKey(key)}:${formatQuantity(quantity)} of ${formatQuantity(quantityOf(available, key) ?? 0)}`,
    )
    .join(", ");
}

/**
 * Mesos's text form: `cpus:4;cpus(ads):8;mem(*):1024;ports:[31000-32000];zones:{a,b}`. Scalars are rounded to three
 * decimals. `(ads)` is a static reservation, and `(*)` is none; roles with `;` in them cannot be written like this.
 */
export function parse(text: string): Result<Resources> {
  let resources = noResources;
  for (const part of text.split(";").map((piece) => piece.trim())) {
    if (part === "") continue;
    const one = parsePart(part);
    if (!one.ok) return one;
    const together = joined(resources, one.value);
    if (!together.ok) return together;
    resources = together.value;
  }
  return ok(resources);
}

export function format(resources: Resources): string {
  return Object.entries(resources)
    .map(([key, quantity]) => `${formatKey(key)}:${formatQuantity(quantity)}`)
    .join(";");
}

function parsePart(part: string): Result<Resources> {
  const match = /^([^(:]+)(?:\((.*?)\)\s*)?:(.*)$/s.exec(part);
  const [, name = "", role = defaultRole, value = ""] = match?.map((group) => group?.trim()) ?? [];
  if (name === "") {
    return refused(`${JSON.stringify(part)} is not name:value, as in cpus:4;mem:1024;mem(ads):512`);
  }
  const reservation = role === defaultRole ? undefined : { role, dynamic: false };
  const fault = nameFault(name) ?? (reservation && reservationFault(reservation));
  if (fault !== undefined) return refused(`${JSON.stringify(part)}: ${fault}`);
  const quantity = parseQuantity(value);
  if (!quantity.ok) return refused(`${JSON.stringify(part)}: ${quantity.error}`);
  const one = { [reservation === undefined ? name : reservedKey(name, reservation)]: quantity.value };
  const fraction = fractionFault(one);
  return fraction === undefined ? ok(one) : refused(`${JSON.stringify(part)}: ${fraction}`);
}

/** Any text may be a name, also one that every object inherits. */
function quantityOf(resources: Resources, key: string): Quantity | undefined {
  return Object.hasOwn(resources, key) ? resources[key] : undefined;
}

/** Built up and never cut down: an object that loses a property is slow for the rest of its life. */
function combine(
  a: Resources,
  b: Resources,
  merge: (left: Quantity, right: Quantity, key: string) => Quantity,
): Resources {
  const combined: Record<string, Quantity> = {};
  for (const key of Object.keys(a)) {
    const left = a[key] as Quantity;
    const right = quantityOf(b, key);
    const merged = right === undefined ? left : merge(left, right, key);
    if (!isNone(merged)) combined[key] = merged;
  }
  for (const key of Object.keys(b)) {
    const right = b[key] as Quantity;
    if (!isNone(right) && !Object.hasOwn(a, key)) combined[key] = right;
  }
  return combined;
}
