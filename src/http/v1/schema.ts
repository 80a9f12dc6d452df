import { invariant } from "../../base/invariant.ts";

/**
 * What a message of Mesos's v1 API is made of, once: both codecs interpret it, and the TypeScript types are inferred from
 * it.
 *
 * ```ts
 * const Filters = message("Filters", { refuse_seconds: optional("double", 1, 5) });
 * type Filters = ValueOf<typeof Filters>; // { readonly refuse_seconds?: number | undefined }
 * ```
 *
 * Rules are those of proto2: presence is explicit, and a declared default is what an absent field means, not what a decoder
 * puts there.
 */

type ScalarValues = {
  readonly string: string;
  readonly bytes: Uint8Array;
  readonly bool: boolean;
  readonly int32: number;
  readonly uint32: number;
  /**
   * Rounded to the nearest number. Mesos has it for nanoseconds only, and the time of day in nanoseconds since the epoch is
   * beyond 2^53, where refusing what is not exact would refuse every time: it is at most 128 ns off.
   */
  readonly int64: number;
  /** Exact: beyond 2^53 - 1 it is refused. */
  readonly uint64: number;
  readonly double: number;
};

/** The largest number below 2^63; whatever a decoder would round up to 2^63 it makes this, so that it can be written again. */
export const int64Max = 2 ** 63 - 1024;

export type ScalarName = keyof ScalarValues;

/** Names are what JSON carries, numbers what protobuf carries. */
export type Enumeration<Name extends string = string> = {
  readonly kind: "enumeration";
  readonly name: string;
  readonly numberOf: ReadonlyMap<string, number>;
  readonly nameOf: ReadonlyMap<number, Name>;
};

export type Message<Of extends Fields = Fields> = {
  readonly kind: "message";
  /** As Mesos calls it, the outer message first: `Offer.Operation.Launch`. */
  readonly name: string;
  readonly fields: Of;
  /** In the order of their numbers. */
  readonly entries: readonly Entry[];
  readonly byNumber: ReadonlyMap<number, Entry>;
};

/** A message that holds itself names its type by a thunk. */
export type Type = ScalarName | Enumeration | Message | (() => Message);

export interface Fields {
  readonly [name: string]: Field;
}

export type Field<Of extends Presence = Presence, Held extends Type = Type> = {
  readonly presence: Of;
  readonly type: Held;
  readonly number: number;
  /** What an absent field means; JSON writes it, as Mesos does. `undefined`: no default is declared. */
  readonly declaredDefault: unknown;
};

type Presence = "required" | "optional" | "repeated" | "map";

/** A field and its name. */
export type Entry = Field & { readonly name: string };

/** What a decoder makes: what is unset is absent, lists and maps are always there. */
export type ValueOf<Of> = Of extends Message<infer Held> ? Shape<Held, "optional"> : never;

/** What an encoder takes: as `ValueOf`, with lists and maps left out where they are empty. */
export type InputOf<Of> = Of extends Message<infer Held> ? Shape<Held, "optional" | "repeated" | "map"> : never;

/** `Absent` names the presences under which a field may be left out. */
type Shape<Of extends Fields, Absent extends Presence> = Flat<
  {
    readonly [Name in keyof Of as Of[Name]["presence"] extends Absent ? never : Name]: FieldValue<Of[Name], Absent>;
  } & {
    readonly [Name in keyof Of as Of[Name]["presence"] extends Absent ? Name : never]?:
      | FieldValue<Of[Name], Absent>
      | undefined;
  }
>;

type Flat<Of> = { [Name in keyof Of]: Of[Name] };

type FieldValue<Of extends Field, Absent extends Presence> = Of["presence"] extends "repeated"
  ? readonly Plain<Of["type"], Absent>[]
  : Of["presence"] extends "map"
    ? ReadonlyMap<string, Plain<Of["type"], Absent>>
    : Plain<Of["type"], Absent>;

type Plain<Of, Absent extends Presence> = Of extends ScalarName
  ? ScalarValues[Of]
  : Of extends Enumeration<infer Name>
    ? Name
    : Of extends Message<infer Held>
      ? Shape<Held, Absent>
      : Of extends () => Message<infer Held>
        ? Shape<Held, Absent>
        : never;

export function message<const Of extends Fields>(name: string, fields: Of): Message<Of> {
  const entries = Object.entries<Field>(fields)
    .map(([field, of]) => ({ name: field, ...of }))
    .sort((one, other) => one.number - other.number);
  const byNumber = new Map(entries.map((entry) => [entry.number, entry]));
  invariant(byNumber.size === entries.length, () => `two fields of ${name} have one number`);
  return { kind: "message", name, fields, entries, byNumber };
}

export function enumeration<const Name extends string>(
  name: string,
  numbers: Readonly<Record<Name, number>>,
): Enumeration<Name> {
  const pairs = Object.entries<number>(numbers) as [Name, number][];
  const nameOf = new Map(pairs.map(([value, number]) => [number, value]));
  invariant(nameOf.size === pairs.length, () => `two names of ${name} have one number`);
  return { kind: "enumeration", name, numberOf: new Map(pairs), nameOf };
}

export const required = <const Held extends Type>(type: Held, number: number): Field<"required", Held> => ({
  presence: "required",
  type,
  number,
  declaredDefault: undefined,
});

export const optional = <const Held extends Type>(
  type: Held,
  number: number,
  declaredDefault?: Plain<Held, "optional">,
): Field<"optional", Held> => ({ presence: "optional", type, number, declaredDefault });

export const repeated = <const Held extends Type>(type: Held, number: number): Field<"repeated", Held> => ({
  presence: "repeated",
  type,
  number,
  declaredDefault: undefined,
});

/** Keys are strings. */
export const map = <const Held extends Message | "string">(type: Held, number: number): Field<"map", Held> => ({
  presence: "map",
  type,
  number,
  declaredDefault: undefined,
});

/** The type of a field, a thunk followed. */
export function typeOf(field: Field): Exclude<Type, () => Message> {
  return typeof field.type === "function" ? field.type() : field.type;
}

/** A value with nothing set, for a decoder to fill: it puts lists and maps of its own in place of the shared empty ones. */
export function blank(of: Message): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const { name, presence } of of.entries) {
    if (presence === "repeated") value[name] = nothing;
    else if (presence === "map") value[name] = noEntries;
  }
  return value;
}

const nothing: readonly never[] = Object.freeze([]);
const noEntries: ReadonlyMap<string, never> = new Map<string, never>();
