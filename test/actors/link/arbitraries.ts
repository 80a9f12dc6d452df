import fc from "fast-check";
import type { ItemTarget, LinkItem } from "../../../src/actors/link/item.ts";
import type { DownReason } from "../../../src/actors/spec.ts";
import type { WireValue } from "../../../src/actors/wire-value.ts";

/** Any text without lone surrogates, which UTF-8 cannot carry. */
const texts = fc.string({ unit: "binary", maxLength: 40 });

/** msgpackr renames this one key, so that no decoded object has a prototype of a stranger's making. */
const keys = texts.filter((key) => key !== "__proto__");

const numbers = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
);

export const wireValues: fc.Arbitrary<WireValue> = fc.letrec<{ value: WireValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: "wire" },
    fc.constant(null),
    fc.boolean(),
    numbers,
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    texts,
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 20, depthIdentifier: "wire" }),
    fc.dictionary(keys, tie("value"), { maxKeys: 20, depthIdentifier: "wire", noNullPrototype: true }),
  ),
})).value;

const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { noNullPrototype: true });

const counts = fc.nat({ max: 2 ** 32 - 1 });

const targets: fc.Arbitrary<ItemTarget> = fc.oneof(
  record({ slot: fc.nat({ max: 2 ** 24 - 1 }), generation: counts }),
  record({ name: texts }),
);

const reasons: fc.Arbitrary<DownReason> = fc.oneof(
  fc.constantFrom("normal", "shutdown", "restarted", "noproc", "noconnection"),
  record({ failed: texts }),
);

/** Bodies of the puppets' messages: the second field may be absent. */
const bodies = fc.record({ text: texts, more: wireValues }, { requiredKeys: ["text"], noNullPrototype: true });

export const linkItems: fc.Arbitrary<LinkItem> = fc.oneof(
  record({ type: fc.constant("tell"), to: targets, kind: fc.constant("say"), body: bodies }),
  record({
    type: fc.constant("ask"),
    to: targets,
    kind: fc.constant("ask"),
    body: bodies,
    correlation: counts,
    remainingMs: fc.double({ min: 0, max: 1e9, noNaN: true }).map(Math.abs),
  }),
  record({ type: fc.constant("reply"), correlation: counts, value: wireValues }),
  record({
    type: fc.constant("askFailed"),
    correlation: counts,
    code: fc.constantFrom("timeout", "down", "overloaded", "expired"),
    outcome: fc.constantFrom("unknown", "not-run"),
  }),
  record({ type: fc.constant("watch"), to: targets, watch: counts }),
  record({ type: fc.constant("unwatch"), watch: counts }),
  record({ type: fc.constant("down"), watch: counts, who: texts, reason: reasons }),
);
