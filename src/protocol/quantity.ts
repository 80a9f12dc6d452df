import { invariant } from "../base/invariant.ts";
import { ok, type Result, refused } from "../base/result.ts";

/**
 * How much there is of one resource: an amount in thousandths, or which of some things that can be told apart. They are
 * added and taken away exactly.
 */
export type Quantity = number | Ranges | Items;
/** Inclusive intervals, ascending, neither overlapping nor touching. */
export type Ranges = { readonly ranges: readonly Range[] };
/** Distinct items in ascending order. */
export type Items = { readonly items: readonly string[] };

type Range = readonly [begin: number, end: number];

/** Sums of thousandths stay exact up to this. */
export const milliMax = Number.MAX_SAFE_INTEGER;

/** `name`: what it is of, for the message when the two are of different kinds or too much together. */
export function plus(left: Quantity, right: Quantity, name: string): Quantity {
  if (isNone(right)) return left;
  if (isNone(left)) return right;
  if (typeof left === "number" && typeof right === "number") {
    invariant(left + right <= milliMax, () => `${name} adds up to more than can be counted exactly`);
    return left + right;
  }
  if (isRanges(left) && isRanges(right)) return { ranges: coalesce([...left.ranges, ...right.ranges]) };
  if (isItems(left) && isItems(right)) return { items: sorted([...left.items, ...right.items]) };
  return mismatch(name);
}

/** What is left of one quantity without another, which it must hold. */
export function minus(left: Quantity, right: Quantity, name: string): Quantity {
  if (isNone(right)) return left;
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (isRanges(left) && isRanges(right)) return { ranges: without(left.ranges, right.ranges) };
  if (isItems(left) && isItems(right)) return { items: left.items.filter((item) => !right.items.includes(item)) };
  return mismatch(name);
}

/** What two quantities of one kind have in common: the lesser of two amounts. */
export function common(left: Quantity, right: Quantity): Quantity {
  if (typeof left === "number") return typeof right === "number" ? Math.min(left, right) : 0;
  if (isRanges(left)) return isRanges(right) ? { ranges: without(left.ranges, without(left.ranges, right.ranges)) } : 0;
  return isItems(right) ? { items: left.items.filter((item) => right.items.includes(item)) } : 0;
}

/** Whether one quantity can be taken out of another. */
export function holds(left: Quantity | undefined, right: Quantity): boolean {
  if (typeof left === "number" && typeof right === "number") return left >= right;
  if (isNone(right)) return true;
  if (isRanges(left) && isRanges(right)) {
    return right.ranges.every(([begin, end]) => left.ranges.some((range) => range[0] <= begin && end <= range[1]));
  }
  if (isItems(left) && isItems(right)) return right.items.every((item) => left.items.includes(item));
  return false;
}

export function isNone(quantity: Quantity): boolean {
  if (typeof quantity === "number") return quantity === 0;
  return isRanges(quantity) ? quantity.ranges.length === 0 : quantity.items.length === 0;
}

export function isRanges(quantity: Quantity | undefined): quantity is Ranges {
  return typeof quantity === "object" && "ranges" in quantity;
}

function isItems(quantity: Quantity | undefined): quantity is Items {
  return typeof quantity === "object" && "items" in quantity;
}

/** Whether the two may be added and compared: nothing is of every kind. */
export function isSameKind(left: Quantity, right: Quantity): boolean {
  if (isNone(left) || isNone(right)) return true;
  return typeof left === typeof right && isRanges(left) === isRanges(right);
}

/** Whether a value from outside is a quantity in the normal form described above. */
export function isQuantity(value: unknown): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0;
  if (typeof value !== "object" || value === null) return false;
  const { ranges, items } = value as { readonly ranges?: unknown; readonly items?: unknown };
  if (Array.isArray(ranges)) return ranges.every(isRange) && isSame(ranges, coalesce(ranges));
  return Array.isArray(items) && items.every((item) => typeof item === "string") && isSame(items, sorted(items));
}

/** An amount such as 1.5 in thousandths. More decimals are rounded, and what is more than 0 stays so. */
export function thousandths(amount: number): Result<number> {
  const milli = Math.round(amount * 1000);
  if (!Number.isSafeInteger(milli) || milli < 0) return refused(`${amount} is no amount`);
  if (milli === 0 && amount !== 0) return refused(`${amount} is not 0, and less than the 0.001 that can be counted`);
  // There is no less than nothing: -0 is 0.
  return ok(milli + 0);
}

/** The text of a quantity: `1.5`, `[31000-32000,33000-33000]` or `{a,b}`. */
export function formatQuantity(quantity: Quantity): string {
  if (typeof quantity === "number") return String(quantity / 1000);
  if (isRanges(quantity)) return `[${quantity.ranges.map(([begin, end]) => `${begin}-${end}`).join(",")}]`;
  return `{${quantity.items.join(",")}}`;
}

export function parseQuantity(text: string): Result<Quantity> {
  if (/^\d{1,12}(\.\d{1,15})?$/.test(text)) return thousandths(Number(text));
  if (text.startsWith("{") && text.endsWith("}")) {
    const items = text.slice(1, -1).split(",");
    if (items.every((item) => item.trim() !== "")) return ok({ items: sorted(items.map((item) => item.trim())) });
  }
  const ranges = text.startsWith("[") ? parseRanges(text) : undefined;
  return ranges === undefined ? refused("the value is a number, [begin-end,…] or {item,…}") : ok(ranges);
}

export function parseRanges(text: string): Ranges | undefined {
  if (!text.startsWith("[") || !text.endsWith("]")) return undefined;
  const ranges: [number, number][] = [];
  for (const piece of text.slice(1, -1).split(",")) {
    const match = /^\s*(\d{1,10})\s*-\s*(\d{1,10})\s*$/.exec(piece);
    if (match === null || Number(match[1]) > Number(match[2])) return undefined;
    ranges.push([Number(match[1]), Number(match[2])]);
  }
  return { ranges: coalesce(ranges) };
}

export function coalesce(ranges: readonly Range[]): readonly Range[] {
  const ascending = [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const joined: [number, number][] = [];
  for (const [begin, end] of ascending) {
    const last = joined.at(-1);
    if (last !== undefined && begin <= last[1] + 1) last[1] = Math.max(last[1], end);
    else joined.push([begin, end]);
  }
  return joined;
}

function without(ranges: readonly Range[], taken: readonly Range[]): readonly Range[] {
  return taken.reduce<readonly Range[]>(
    (left, [begin, end]) =>
      left.flatMap(([first, last]) => {
        if (end < first || begin > last) return [[first, last] as const];
        const pieces: Range[] = [];
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

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isSafeInteger)) return false;
  return value[0] >= 0 && value[0] <= value[1];
}

function isSame(given: readonly unknown[], normal: readonly unknown[]): boolean {
  return given.length === normal.length && given.every((each, index) => String(each) === String(normal[index]));
}

function mismatch(name: string): never {
  invariant(false, `${name} is a scalar on one side and not on the other`);
}
