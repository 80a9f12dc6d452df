import { invariant } from "../base/invariant.ts";
import { ok, type Result, refused } from "../base/result.ts";
import { dictionary, type Shape } from "./shape.ts";

/**
 * Resources of one slave, by name. A scalar is an integer in thousandths (Mesos keeps three decimals; as integers
 * they add up exactly): `cpus: 1500` is one and a half cpus, `mem: 64_000` is 64 MiB. A name that is absent is none.
 * Resources of different slaves are never added: a port of one is not a port of another.
 */
export type Resources = { readonly [name: string]: Quantity };

export type Quantity = number | Ranges | Items;
/** Inclusive intervals, ascending, neither overlapping nor touching. */
export type Ranges = { readonly ranges: readonly (readonly [begin: number, end: number])[] };
/** Distinct items in ascending order. */
export type Items = { readonly items: readonly string[] };

export const noResources: Resources = {};

const quantityShape: Shape<Quantity> = (value) => (isQuantity(value) ? undefined : ": is not a quantity");

export const resourcesShape: Shape<Resources> = dictionary(quantityShape);

/** Sums of thousandths stay exact below this. */
const milliMax = Number.MAX_SAFE_INTEGER;

export function add(a: Resources, b: Resources): Resources {
  return combine(a, b, (left, right, name) => {
    if (typeof left === "number" && typeof right === "number") {
      invariant(left + right <= milliMax, () => `${name} adds up to more than can be counted exactly`);
      return left + right;
    }
    if (isRanges(left) && isRanges(right)) return { ranges: coalesce([...left.ranges, ...right.ranges]) };
    if (isItems(left) && isItems(right)) return { items: sorted([...left.items, ...right.items]) };
    return mismatch(name);
  });
}

/** What is left of `a` without `b`, which must be contained in it. */
export function subtract(a: Resources, b: Resources): Resources {
  invariant(contains(a, b), () => `cannot take ${format(b)} out of ${format(a)}`);
  return combine(a, b, (left, right, name) => {
    if (typeof left === "number" && typeof right === "number") return left - right;
    if (isRanges(left) && isRanges(right)) return { ranges: without(left.ranges, right.ranges) };
    if (isItems(left) && isItems(right)) return { items: left.items.filter((item) => !right.items.includes(item)) };
    return mismatch(name);
  });
}

/** A scalar that is too large to be counted together with those that are there, by name. */
export function uncountable(there: Resources, more: Resources): string | undefined {
  return Object.keys(scalarsOf(more)).find((name) => scalar(there, name) + scalar(more, name) > milliMax);
}

/** Whether `b` can be taken out of `a`. */
export function contains(a: Resources, b: Resources): boolean {
  for (const name of Object.keys(b)) if (!holds(quantityOf(a, name), b[name] as Quantity)) return false;
  return true;
}

export function equal(a: Resources, b: Resources): boolean {
  return contains(a, b) && contains(b, a);
}

export function isEmpty(resources: Resources): boolean {
  for (const name of Object.keys(resources)) if (!isNone(resources[name] as Quantity)) return false;
  return true;
}

export function sum(list: Iterable<Resources>): Resources {
  let total = noResources;
  for (const resources of list) total = add(total, resources);
  return total;
}

/** The scalar of this name in thousandths, 0 when there is none. */
export function scalar(resources: Resources, name: string): number {
  const quantity = quantityOf(resources, name);
  return typeof quantity === "number" ? quantity : 0;
}

/** The scalars alone: only they count for shares. */
export function scalarsOf(resources: Resources): { readonly [name: string]: number } {
  const scalars: Record<string, number> = {};
  for (const name of Object.keys(resources)) {
    const quantity = resources[name];
    if (typeof quantity === "number") scalars[name] = quantity;
  }
  return scalars;
}

/** The name of a resource from outside that is no quantity as described above, or undefined when all are. */
export function malformedName(resources: Resources): string | undefined {
  return Object.entries(resources).find(([name, quantity]) => name === "__proto__" || !isQuantity(quantity))?.[0];
}

/** What `needed` asks beyond `available`, as text for people, such as `cpus:64 of 4`; empty when it fits. */
export function shortfall(available: Resources, needed: Resources): string {
  return Object.entries(needed)
    .filter(([name, quantity]) => !contains(available, { [name]: quantity }))
    .map(
      ([name, quantity]) =>
        `${name}:${formatQuantity(quantity)} of ${formatQuantity(quantityOf(available, name) ?? 0)}`,
    )
    .join(", ");
}

/** Mesos's text form: `cpus:4;mem:1024;ports:[31000-32000];zones:{a,b}`. Scalars take at most three decimals. */
export function parse(text: string): Result<Resources> {
  let resources = noResources;
  for (const part of text.split(";").map((piece) => piece.trim())) {
    if (part === "") continue;
    const colon = part.indexOf(":");
    const name = part.slice(0, colon).trim();
    if (colon < 1 || name === "") return refused(`${JSON.stringify(part)} is not name:value, as in cpus:4;mem:1024`);
    const quantity = parseQuantity(part.slice(colon + 1).trim());
    if (quantity === undefined) {
      return refused(`${JSON.stringify(part)}: the value is a number, [begin-end,…] or {item,…}`);
    }
    if (kindOf(quantityOf(resources, name) ?? quantity) !== kindOf(quantity))
      return refused(`${name} is given in two kinds`);
    resources = add(resources, { [name]: quantity });
  }
  return ok(resources);
}

export function format(resources: Resources): string {
  return Object.entries(resources)
    .map(([name, quantity]) => `${name}:${formatQuantity(quantity)}`)
    .join(";");
}

export function formatQuantity(quantity: Quantity): string {
  if (typeof quantity === "number") return String(quantity / 1000);
  if (isRanges(quantity)) return `[${quantity.ranges.map(([begin, end]) => `${begin}-${end}`).join(",")}]`;
  return `{${quantity.items.join(",")}}`;
}

export function isRanges(quantity: Quantity | undefined): quantity is Ranges {
  return typeof quantity === "object" && "ranges" in quantity;
}

function isItems(quantity: Quantity | undefined): quantity is Items {
  return typeof quantity === "object" && "items" in quantity;
}

/** Any text may be a name, also one that every object inherits. */
function quantityOf(resources: Resources, name: string): Quantity | undefined {
  return Object.hasOwn(resources, name) ? resources[name] : undefined;
}

function isQuantity(value: unknown): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0;
  if (typeof value !== "object" || value === null) return false;
  const { ranges, items } = value as { readonly ranges?: unknown; readonly items?: unknown };
  if (Array.isArray(ranges)) return ranges.every(isRange) && isSame(ranges, coalesce(ranges));
  return Array.isArray(items) && items.every((item) => typeof item === "string") && isSame(items, sorted(items));
}

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isSafeInteger)) return false;
  return value[0] >= 0 && value[0] <= value[1];
}

function isSame(given: readonly unknown[], normal: readonly unknown[]): boolean {
  return given.length === normal.length && given.every((each, index) => String(each) === String(normal[index]));
}

function isNone(quantity: Quantity): boolean {
  if (typeof quantity === "number") return quantity === 0;
  return isRanges(quantity) ? quantity.ranges.length === 0 : quantity.items.length === 0;
}

function kindOf(quantity: Quantity): "scalar" | "ranges" | "items" {
  if (typeof quantity === "number") return "scalar";
  return isRanges(quantity) ? "ranges" : "items";
}

function holds(left: Quantity | undefined, right: Quantity): boolean {
  if (typeof left === "number" && typeof right === "number") return left >= right;
  if (isNone(right)) return true;
  if (isRanges(left) && isRanges(right)) {
    return right.ranges.every(([begin, end]) => left.ranges.some((range) => range[0] <= begin && end <= range[1]));
  }
  if (isItems(left) && isItems(right)) return right.items.every((item) => left.items.includes(item));
  return false;
}

/** Built up and never cut down: an object that loses a property is slow for the rest of its life. */
function combine(
  a: Resources,
  b: Resources,
  merge: (left: Quantity, right: Quantity, name: string) => Quantity,
): Resources {
  const combined: Record<string, Quantity> = {};
  for (const name of Object.keys(a)) {
    const left = a[name] as Quantity;
    const right = quantityOf(b, name);
    // Nothing is nothing in any kind of quantity.
    const alone = right === undefined || isNone(right) ? left : isNone(left) ? right : undefined;
    const merged = alone ?? merge(left, right as Quantity, name);
    if (!isNone(merged)) combined[name] = merged;
  }
  for (const name of Object.keys(b)) {
    const right = b[name] as Quantity;
    if (!isNone(right) && !Object.hasOwn(a, name)) combined[name] = right;
  }
  return combined;
}

function mismatch(name: string): never {
  invariant(false, `${name} is a scalar on one side and not on the other`);
}

function coalesce(ranges: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const ascending = [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const joined: [number, number][] = [];
  for (const [begin, end] of ascending) {
    const last = joined.at(-1);
    if (last !== undefined && begin <= last[1] + 1) last[1] = Math.max(last[1], end);
    else joined.push([begin, end]);
  }
  return joined;
}

function without(
  ranges: readonly (readonly [number, number])[],
  taken: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  return taken.reduce<readonly (readonly [number, number])[]>(
    (left, [begin, end]) =>
      left.flatMap(([first, last]) => {
        if (end < first || begin > last) return [[first, last] as const];
        const pieces: (readonly [number, number])[] = [];
        if (first < begin) pieces.push([first, begin - 1]);
        if (end < last) pieces.push([end + 1, last]);
        return pieces;
      }),
    ranges,
  );
}

function sorted(items: readonly string[]): readonly string[] {
  return [...new Set(items)].sort();
}

export function parseQuantity(text: string): Quantity | undefined {
  const scalarMatch = /^\d{1,12}(\.\d{1,3})?$/.exec(text);
  if (scalarMatch !== null) return Math.round(Number(text) * 1000);
  if (text.startsWith("{") && text.endsWith("}")) {
    const items = text.slice(1, -1).split(",");
    return items.some((item) => item.trim() === "") ? undefined : { items: sorted(items.map((item) => item.trim())) };
  }
  if (!text.startsWith("[") || !text.endsWith("]")) return undefined;
  const ranges: [number, number][] = [];
  for (const piece of text.slice(1, -1).split(",")) {
    const match = /^\s*(\d{1,10})-(\d{1,10})\s*$/.exec(piece);
    if (match === null || Number(match[1]) > Number(match[2])) return undefined;
    ranges.push([Number(match[1]), Number(match[2])]);
  }
  return { ranges: coalesce(ranges) };
}
