import { z } from "zod";
import { type Address, isAddress } from "../actors/address.ts";
import type { BodyFault, BodyOf } from "../actors/protocol.ts";
import type { WireValue } from "../actors/wire-value.ts";
import { type FrameworkId, idFault, type OfferId, type SlaveId, type TaskId } from "./ids.ts";

/**
 * The shapes of what other hosts send, each written beside its type. The compiler holds the two together: a shape of `T`
 * names every field of `T` and no other, and fits no other type, be it wider or narrower.
 */
export type Shape<T> = z.ZodType & { readonly [shapeOf]?: (value: T) => T };

declare const shapeOf: unique symbol;
declare const absent: unique symbol;

type OptionalShape<T> = Shape<T> & { readonly [absent]: true };

type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? OptionalShape<Required<Pick<T, K>>[K]>
    : Shape<T[K]>;
};

/** The fields of every body that another host may send to the actors of a protocol. */
export type BodyShapes<P> = { readonly [K in keyof P & string]: Fields<BodyOf<P[K]>> };

/** Characters of a fault: names of fields in it are the peer's own words. */
const faultMax = 200;

export const text = z.string() as Shape<string>;
export const flag = z.boolean() as Shape<boolean>;
/** A number of things, at least 0, that can be counted exactly. */
export const count = z.int().nonnegative() as Shape<number>;
/** Milliseconds, at least 0 and finite; also fractions. */
export const durationMs = z.number().nonnegative() as Shape<number>;
/** Also what is no number in the sense of arithmetic: for fields whose reader has a meaning for it. */
export const anyNumber = z.custom<number>((value) => typeof value === "number", "expected number") as Shape<number>;
export const anything = z.custom<WireValue>((value) => value !== undefined, "is absent") as Shape<WireValue>;

/** An id within its limits: it becomes the name of a directory, and half of a key. */
export function id<T extends FrameworkId | OfferId | SlaveId | TaskId>(): Shape<T> {
  return checked(z.string(), idFault) as unknown as Shape<T>;
}

export function address<P>(): Shape<Address<P>> {
  return z.string().refine(isAddress, "is not an actor address") as unknown as Shape<Address<P>>;
}

/** One of a closed set of words. */
export function word<T extends string>(words: Readonly<Record<T, true>>): Shape<T> {
  return z.enum(Object.keys(words)) as unknown as Shape<T>;
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return z.array(item) as unknown as Shape<readonly T[]>;
}

export function dictionary<T>(value: Shape<T>): Shape<{ readonly [name: string]: T }> {
  return z.record(z.string(), value) as unknown as Shape<{ readonly [name: string]: T }>;
}

export function either<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return z.union([first, second], "is of neither shape") as unknown as Shape<A | B>;
}

/** Fields that it does not name are let through: a newer peer may say more. */
export function object<T>(fields: Fields<T>): Shape<T> {
  return z.object(fields as z.ZodRawShape) as unknown as Shape<T>;
}

/** A field that need not be there. That it is there and undefined is the same. */
export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return shape.optional() as unknown as OptionalShape<T>;
}

/** What another function finds wrong is wrong. */
export function checked<T>(shape: z.ZodType<T>, faultOf: (value: T) => string | undefined): Shape<T> {
  return shape.check((payload) => {
    const fault = faultOf(payload.value);
    if (fault !== undefined) payload.issues.push({ code: "custom", message: fault, input: payload.value });
  }) as Shape<T>;
}

/** What is wrong with a value that should have the shape, as `field.path: what`. */
export function shapeFault(shape: z.ZodType, value: unknown): string | undefined {
  const parsed = shape.safeParse(value);
  if (parsed.success) return undefined;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "body" : issue.path.join(".");
  const what = issue?.message.replace(/^Invalid input: /, "") ?? "is malformed";
  return `${where}: ${what}`.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?").slice(0, faultMax);
}

/** A kind without a shape is not for other hosts to send. */
export function bodyFault<P>(shapes: BodyShapes<P>): BodyFault {
  const known = new Map(
    Object.entries<z.ZodRawShape>(shapes as never).map(([kind, fields]) => [kind, z.object(fields)]),
  );
  return (kind, body) => {
    const shape = known.get(kind);
    return shape === undefined ? "no other host may send this" : shapeFault(shape, body);
  };
}
