import fc from "fast-check";
import { AgentCapability, AgentInfo } from "../../../src/http/v1/host-messages.ts";
import { Call, Event, Response } from "../../../src/http/v1/scheduler-messages.ts";
import { type Entry, type Message, type ScalarName, type Type, typeOf } from "../../../src/http/v1/schema.ts";
import { Task } from "../../../src/http/v1/task-messages.ts";

/** Every message of the schema, and values of any of them, drawn from it. */

type Value = Readonly<Record<string, unknown>>;

export const everyMessage: readonly Message[] = reachable([Call, Event, Response, Task, AgentInfo, AgentCapability]);

/** Any value as a decoder would make it, so without what is unset but with empty lists and maps. */
export function anyValue(message: Message, depth = 3): fc.Arbitrary<Value> {
  const known = drawn.get(message)?.[depth];
  if (known !== undefined) return known;
  const kept = message.entries.filter((entry) => depth > 0 || entry.presence !== "optional" || !holdsMessage(entry));
  const made = fc.record(Object.fromEntries(kept.map((entry) => [entry.name, anyField(entry, depth)])), {
    requiredKeys: kept.filter(({ presence }) => presence !== "optional").map(({ name }) => name),
    noNullPrototype: true,
  });
  const values: fc.Arbitrary<Value>[] = drawn.get(message) ?? [];
  values[depth] = made;
  drawn.set(message, values);
  return made;
}

const drawn = new Map<Message, fc.Arbitrary<Value>[]>();

/** The value that JSON tells: declared defaults stand where nothing is set. */
export function withDefaults(message: Message, value: Value): Value {
  const full = message.entries.map((entry) => {
    const held = value[entry.name] ?? entry.declaredDefault;
    const type = typeOf(entry);
    if (held === undefined || typeof type === "string" || type.kind !== "message") return [entry.name, held];
    const fill = (element: unknown) => withDefaults(type, element as Value);
    if (entry.presence === "repeated") return [entry.name, (held as readonly unknown[]).map(fill)];
    if (entry.presence === "map")
      return [entry.name, new Map([...(held as ReadonlyMap<string, unknown>)].map(([key, of]) => [key, fill(of)]))];
    return [entry.name, fill(held)];
  });
  return Object.fromEntries(full.filter(([, held]) => held !== undefined));
}

function reachable(roots: readonly Message[]): readonly Message[] {
  const found = new Set<Message>();
  const visit = (message: Message): void => {
    if (found.has(message)) return;
    found.add(message);
    for (const entry of message.entries) {
      const type = typeOf(entry);
      if (typeof type === "object" && type.kind === "message") visit(type);
    }
  };
  for (const root of roots) visit(root);
  return [...found];
}

function holdsMessage(entry: Entry): boolean {
  const type = typeOf(entry);
  return typeof type === "object" && type.kind === "message";
}

function anyField(entry: Entry, depth: number): fc.Arbitrary<unknown> {
  const maxLength = depth > 0 || !holdsMessage(entry) ? 2 : 0;
  const element = anyOf(typeOf(entry), depth);
  if (entry.presence === "repeated") return fc.array(element, { maxLength });
  if (entry.presence !== "map") return element;
  return fc.array(fc.tuple(anyKey, element), { maxLength }).map((pairs) => new Map(pairs));
}

function anyOf(type: Exclude<Type, () => Message>, depth: number): fc.Arbitrary<unknown> {
  if (typeof type === "string") return scalars[type];
  if (type.kind === "enumeration") return fc.constantFrom(...type.nameOf.values());
  return anyValue(type, Math.max(0, depth - 1));
}

const anyText = fc.string({ unit: "binary", maxLength: 5 });
const anyKey = fc.oneof(anyText, fc.constantFrom("__proto__", "constructor", "toString"));
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

const scalars: Readonly<Record<ScalarName, fc.Arbitrary<unknown>>> = {
  string: fc.oneof(anyText, fc.string({ unit: "grapheme", minLength: 40, maxLength: 90 })),
  bytes: fc.uint8Array({ maxLength: 5 }),
  bool: fc.boolean(),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1025n }).map(Number)),
  uint64: fc.maxSafeNat(),
  double: fc.oneof(finite, fc.integer(), fc.constantFrom(-0, 5e-324, 1e21, 1e20)),
};
