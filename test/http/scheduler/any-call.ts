import fc from "fast-check";
import { Call } from "../../../src/http/v1/scheduler-messages.ts";
import { type Entry, type Message, type ScalarName, type Type, typeOf } from "../../../src/http/v1/schema.ts";
import type { Wire } from "./client.ts";

/** Calls drawn from the schema, as a test writes them, with what a hostile or a broken scheduler would put into them. */

/** Words that stand for what the cluster has when the call is sent. */
export const offerWord = "$offer";
export const agentWord = "$agent";

const texts = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(offerWord, agentWord, "t1", "t2", "cpus", "mem", "ports", "*") },
  {
    weight: 20,
    arbitrary: fc.constantFrom("", ".", "..", "a/b", "a\\b", "a\0b", "\u001b[2J\n", "__proto__", "constructor", "-x"),
  },
  { weight: 10, arbitrary: fc.constantFrom("x".repeat(256), "e\u0301", "\u202e", "NaN") },
  { weight: 1, arbitrary: fc.constant("x".repeat(20_000)) },
  { weight: 10, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
);

const doubles = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 0.5, 1, 2, 32, 0.001) },
  { weight: 2, arbitrary: fc.constantFrom(-0, -1, 1e-9, 1e300, -1e300, 2 ** 53, 2 ** 63, Number.MAX_VALUE, 5e-324) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);

const whole = (...edges: readonly number[]) => fc.constantFrom(0, 1, 31_000, 31_005, ...edges);

const scalars: Readonly<Record<ScalarName, fc.Arbitrary<unknown>>> = {
  string: texts,
  bytes: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(16))).map((bytes) => base64(bytes)),
  bool: fc.boolean(),
  int32: whole(-1, 2 ** 31 - 1, -(2 ** 31)),
  uint32: whole(2 ** 32 - 1),
  int64: whole(-1, 2 ** 53, 2 ** 62, -(2 ** 62)),
  uint64: whole(2 ** 53 - 1, 2 ** 53, 2 ** 62),
  double: doubles,
};

/** What no field is, where JSON lets one say it. */
const wrong = fc.constantFrom<unknown>(null, [], {}, "x", true, -1, 1e300, [null], { value: null }, "1e400");

export function anyCall(wire: Wire): fc.Arbitrary<object> {
  return fc.oneof(...Call.entries.flatMap((entry) => callsWith(entry, wire)), fc.constantFrom(...bare));
}

const bare = ["REVIVE", "SUPPRESS", "TEARDOWN", "UNKNOWN", "SUBSCRIBE", "ACCEPT"].map((type) => ({ type }));

/** Calls whose type is that of one of the parts. */
function callsWith(entry: Entry, wire: Wire): readonly fc.Arbitrary<object>[] {
  if (entry.name === "framework_id" || entry.name === "type") return [];
  const part = anyField(entry, wire, 7).map((value) => ({ type: entry.name.toUpperCase(), [entry.name]: value }));
  // What moves resources is worth most of the time.
  return entry.name === "accept" ? Array(10).fill(part) : [part];
}

function anyMessage(message: Message, wire: Wire, depth: number): fc.Arbitrary<unknown> {
  const kept = message.entries.filter((entry) => depth > 0 || entry.presence === "required" || isPlain(entry));
  const fields = Object.fromEntries(kept.map((entry) => [entry.name, anyField(entry, wire, depth)]));
  const requiredKeys = kept.filter(({ presence, name }) => presence === "required" || usual.has(name));
  return fc.record(fields, { requiredKeys: requiredKeys.map(({ name }) => name), noNullPrototype: true });
}

/** Without these nothing much happens. */
const usual: ReadonlySet<string> = new Set([
  "type",
  "offer_ids",
  "operations",
  "launch",
  "task_infos",
  "resources",
  "scalar",
]);

function isPlain(entry: Entry): boolean {
  const type = typeOf(entry);
  return typeof type === "string" || type.kind === "enumeration";
}

function anyField(entry: Entry, wire: Wire, depth: number): fc.Arbitrary<unknown> {
  const element = anyOf(typeOf(entry), wire, depth);
  const maxLength = depth > 0 || isPlain(entry) ? 3 : 0;
  if (entry.presence === "repeated") return fc.array(element, { maxLength });
  if (entry.presence === "map") return fc.dictionary(texts, element, { maxKeys: 2, noNullPrototype: true });
  return wire === "json" ? fc.oneof({ weight: 60, arbitrary: element }, { weight: 1, arbitrary: wrong }) : element;
}

function anyOf(type: Exclude<Type, () => Message>, wire: Wire, depth: number): fc.Arbitrary<unknown> {
  if (typeof type === "string") return scalars[type];
  if (type.kind === "enumeration") return fc.constantFrom(...favoured(type.numberOf.keys()));
  const known = made.get(type)?.get(`${wire} ${depth}`);
  if (known !== undefined) return known;
  const arbitrary = anyMessage(type, wire, Math.max(0, depth - 1));
  made.set(type, (made.get(type) ?? new Map()).set(`${wire} ${depth}`, arbitrary));
  return arbitrary;
}

const made = new Map<Message, Map<string, fc.Arbitrary<unknown>>>();

/** Launches of scalars are what does something. */
function favoured(names: Iterable<string>): readonly string[] {
  const all = [...names];
  return [...all, ...["LAUNCH", "SCALAR"].flatMap((name) => (all.includes(name) ? Array(6).fill(name) : []))];
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** Bytes that were a call, and are not quite. */
export function anyDamage(): fc.Arbitrary<(bytes: Buffer) => Buffer> {
  const at = fc.double({ min: 0, max: 1, noNaN: true });
  return fc
    .tuple(fc.constantFrom("flip", "cut", "double", "insert"), at, fc.uint8Array({ maxLength: 4 }))
    .map(([how, where, more]) => (bytes) => {
      const index = Math.floor(where * bytes.length);
      if (how === "cut") return bytes.subarray(0, index);
      if (how === "double") return Buffer.concat([bytes, bytes]);
      if (how === "insert") return Buffer.concat([bytes.subarray(0, index), more, bytes.subarray(index)]);
      const flipped = Buffer.from(bytes);
      for (const [offset, byte] of more.entries()) flipped[index + offset] = byte;
      return flipped;
    });
}
