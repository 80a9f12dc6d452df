/**
 * The shapes of what other hosts send, each written beside its type. The compiler holds the two together: a shape of `T`
 * names every field of `T` and no other, and fits no other type, be it wider or narrower.
 *
 * They are plain functions and not schemas of zod, which read the requests of operators: every thread loads the protocols,
 * and zod takes 50 ms to load. With it a development cluster of eight threads was ready 150 ms later.
 */

import { type Address, isAddress } from "../actors/address.ts";
import type { BodyFault, BodyOf } from "../actors/protocol.ts";
import type { WireBody, WireValue } from "../actors/wire-value.ts";
import { type FrameworkId, idFault, type OfferId, type SlaveId, type TaskId } from "./ids.ts";

/** Answers what is wrong with a value as `.path.to.it: what`; undefined when nothing is. */
export type Shape<T> = Check & { readonly [shapeOf]?: (value: T) => T };

type Check = (value: unknown) => string | undefined;

declare const shapeOf: unique symbol;
declare const absent: unique symbol;

type OptionalShape<T> = Shape<T> & { readonly [absent]: true };

type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? OptionalShape<Required<Pick<T, K>>[K]>
    : Shape<T[K]>;
};

type Variants<T extends { readonly type: string }> = {
  readonly [K in T["type"]]: Fields<Omit<Extract<T, { readonly type: K }>, "type">>;
};

/** The fields of every body that another host may send to the actors of a protocol. */
export type BodyShapes<P> = { readonly [K in keyof P & string]: Fields<BodyOf<P[K]>> };

/** Characters of a fault, and of a name in it that is the peer's own word. */
const faultMax = 200;
const nameMax = 40;

export const text: Shape<string> = (value) => (typeof value === "string" ? undefined : unlike("text", value));
/** Text of at most so many UTF-16 code units. */
export function textUpTo(max: number): Shape<string> {
  return (value) => text(value) ?? (String(value).length > max ? `: is longer than ${max} characters` : undefined);
}

export const flag: Shape<boolean> = (value) =>
  typeof value === "boolean" ? undefined : unlike("true or false", value);
/** A number of things, at least 0, that can be counted exactly. */
export const count: Shape<number> = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? undefined : unlike("count", value);
/** Milliseconds, at least 0 and finite; also fractions. */
export const durationMs: Shape<number> = (value) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? undefined : unlike("milliseconds", value);
/** Also what is no number in the sense of arithmetic: for fields whose reader has a meaning for it. */
export const anyNumber: Shape<number> = (value) => (typeof value === "number" ? undefined : unlike("number", value));
export const anything: Shape<WireValue> = (value) => (value !== undefined ? undefined : unlike("something", value));

/** An id within its limits: it becomes the name of a directory, and half of a key. */
export function id<T extends FrameworkId | OfferId | SlaveId | TaskId>(): Shape<T> {
  return (value) => {
    const fault = typeof value === "string" ? idFault(value) : "is no text";
    return fault === undefined ? undefined : `: ${fault}`;
  };
}

export function address<P>(): Shape<Address<P>> {
  return (value) => (typeof value === "string" && isAddress(value) ? undefined : ": is not an actor address");
}

/** One of a closed set of words. */
export function word<T extends string>(words: Readonly<Record<T, true>>): Shape<T> {
  return (value) =>
    typeof value === "string" && Object.hasOwn(words, value) ? undefined : `: is none of ${Object.keys(words)}`;
}

export function list<T>(
  item: Shape<T>,
  { min = 0, max = Number.POSITIVE_INFINITY }: { readonly min?: number; readonly max?: number } = {},
): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return unlike("list", value);
    const { length } = value;
    if (length < min || length > max)
      return `: has ${length} entries, ${length < min ? `under ${min}` : `over ${max}`}`;
    for (let index = 0; index < value.length; index++) {
      const fault = item(value[index]);
      if (fault !== undefined) return `.${index}${fault}`;
    }
    return undefined;
  };
}

export function dictionary<T>(item: Shape<T>): Shape<{ readonly [name: string]: T }> {
  return (value) => {
    if (!isRecord(value)) return unlike("fields", value);
    for (const name in value) {
      const fault = item(value[name]);
      if (fault !== undefined) return `.${briefly(name)}${fault}`;
    }
    return undefined;
  };
}

export function either<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return (value) => (first(value) === undefined || second(value) === undefined ? undefined : ": is of neither shape");
}

/** One of several kinds of thing; its `type` says which. */
export function variants<T extends { readonly type: string }>(kinds: Variants<T>): Shape<T> {
  const shapes = new Map(
    Object.entries<Fields<WireBody>>(kinds as never).map(([type, fields]) => [type, object(fields)]),
  );
  return (value) => {
    if (!isRecord(value)) return unlike("fields", value);
    const { type } = value;
    const shape = typeof type === "string" ? shapes.get(type) : undefined;
    return shape === undefined ? `.type: is none of ${[...shapes.keys()]}` : shape(value);
  };
}

/** Fields that it does not name are let through: a newer peer may say more. */
export function object<T>(fields: Fields<T>): Shape<T> {
  const shapes = Object.entries(fields as Readonly<Record<string, Check>>);
  return (value) => {
    if (!isRecord(value)) return unlike("fields", value);
    for (const [name, shape] of shapes) {
      const fault = shape(value[name]);
      if (fault !== undefined) return `.${name}${fault}`;
    }
    return undefined;
  };
}

/** A field that need not be there. That it is there and undefined is the same. */
export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  const either: Shape<T> = (value) => (value === undefined ? undefined : shape(value));
  return either as OptionalShape<T>;
}

/** What is wrong with a value that should have the shape, as `field.path: what`. */
export function shapeFault<T>(shape: Shape<T>, value: unknown): string | undefined {
  const fault = shape(value);
  if (fault === undefined) return undefined;
  const whole = fault.startsWith(".") ? fault.slice(1) : `body${fault}`;
  return whole.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?").slice(0, faultMax);
}

/** A kind without a shape is not for other hosts to send. */
export function bodyFault<P>(shapes: BodyShapes<P>): BodyFault {
  const known = new Map(
    Object.entries<Fields<WireBody>>(shapes as never).map(([kind, fields]) => [kind, object(fields)]),
  );
  return (kind, body) => {
    const shape = known.get(kind);
    return shape === undefined ? "no other host may send this" : shapeFault(shape, body);
  };
}

/** A peer's own word as far as it is told. */
export function briefly(name: string): string {
  return name.slice(0, nameMax);
}

/** Fields by name. `constructor` may be one of them. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function unlike(expected: string, value: unknown): string {
  if (value === undefined) return ": is absent";
  const given = value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
  return `: expected ${expected}, received ${typeof value === "number" ? value : given}`;
}
