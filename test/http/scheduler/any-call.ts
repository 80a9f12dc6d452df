import fc from "fast-check";
import { Call } from "../../../src/http/v1/scheduler-messages.ts";
import { type Entry, type Message, type ScalarName, type Type, typeOf } from "../../../src/http/v1/schema.ts";
import type { Wire } from "./client.ts";

/** Calls drawn from the schema, as a test writes them, with what a hostile or a broken scheduler would put into them. */

/** Words that stand for what the cluster has when the call is sent. */
export const offerWord = "$offer";
export const agentWord = "$agent";

/** One in so many is not what a sane scheduler would send: a call has dozens. */
const saneToHostile = 25;

export function mostly<Of>(sane: readonly Of[], hostile: fc.Arbitrary<Of>): fc.Arbitrary<Of> {
  return fc.oneof({ weight: saneToHostile, arbitrary: fc.constantFrom(...sane) }, { weight: 1, arbitrary: hostile });
}

const hostileTexts = fc.oneof(
  fc.constantFrom("", ".", "..", "a/b", "a\\b", "a\0b", "\u001b[2J\n", "__proto__", "constructor", "-x"),
  fc.constantFrom("x".repeat(256), "e\u0301", "\u202e", "NaN", "x".repeat(20_000)),
  fc.string({ unit: "binary", maxLength: 8 }),
);

export const texts = mostly([offerWord, agentWord, "t1", "t2", "cpus", "mem", "*", "true"], hostileTexts);

/** What a sane scheduler has in the text fields that matter, by message and field. */
const saneTexts: Readonly<Record<string, readonly string[]>> = {
  "OfferID.value": [offerWord],
  "AgentID.value": [agentWord],
  "TaskID.value": ["t1", "t2", "t3", "t4", "t5", "t6"],
  "ExecutorID.value": ["t1", "t2", "t3"],
  "Resource.name": ["cpus", "mem"],
  "Resource.role": ["*"],
  "mesolite.Simulated.outcome": ["finished", "failed"],
};

export const doubles = mostly(
  [0, 0.1, 0.5, 1, 2, 32, 0.001],
  fc.oneof(
    fc.constantFrom(-0, -1, 1e-9, 1e300, -1e300, 2 ** 53, 2 ** 63, Number.MAX_VALUE, 5e-324),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  ),
);

const whole = (...edges: readonly number[]) => mostly([0, 1, 31_000, 31_005], fc.constantFrom(...edges));

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
  return entry.name === "accept" ? Array(8).fill(part) : [part];
}

function anyMessage(message: Message, wire: Wire, depth: number): fc.Arbitrary<unknown> {
  const kept = message.entries.filter((entry) => depth > 0 || entry.presence === "required" || isPlain(entry));
  const fields = kept.map((entry) => {
    const sane = saneTexts[`${message.name}.${entry.name}`];
    const field = sane === undefined ? anyField(entry, wire, depth) : mostly(sane, hostileTexts);
    if (entry.presence === "required") return [entry.name, field] as const;
    const [there, absent] = usual.has(entry.name) ? [60, 1] : [1, 25];
    const unset = fc.constant(undefined);
    return [entry.name, fc.oneof({ weight: there, arbitrary: field }, { weight: absent, arbitrary: unset })] as const;
  });
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true }).map((value) => withoutUnset(value));
}

function withoutUnset(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== undefined));
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
  "mesolite_simulated",
  "args",
]);

function isPlain(entry: Entry): boolean {
  const type = typeOf(entry);
  return typeof type === "string" || type.kind === "enumeration";
}

function anyField(entry: Entry, wire: Wire, depth: number): fc.Arbitrary<unknown> {
  const element = anyOf(typeOf(entry), wire, depth);
  const maxLength = depth > 0 || isPlain(entry) ? 3 : 0;
  const minLength = usual.has(entry.name) ? Math.min(1, maxLength) : 0;
  if (entry.presence === "repeated")
    return fc.array(element, { minLength, maxLength: entry.name === "offer_ids" ? 1 : maxLength });
  if (entry.presence === "map") return fc.dictionary(texts, element, { maxKeys: 2, noNullPrototype: true });
  return wire === "json" ? fc.oneof({ weight: 150, arbitrary: element }, { weight: 1, arbitrary: wrong }) : element;
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
  return [...all, ...["LAUNCH", "SCALAR"].flatMap((name) => (all.includes(name) ? Array(150).fill(name) : []))];
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
