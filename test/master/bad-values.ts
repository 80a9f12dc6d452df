import fc from "fast-check";
import type { WireBody } from "../../src/actors/wire-value.ts";
import { changed, pathsOf } from "../protocol/bodies.ts";

/** What no sane party would write into a field; `undefined` takes the field away. */
const hostileValues: readonly unknown[] = [
  ...[-1, -0, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, 2 ** 53, 5e-324],
  ...[Number.MAX_SAFE_INTEGER, 0, 1, true, null, undefined, 7n, [], {}, [[]], [null], { a: -1 }],
  ...["", ".", "..", "a/b", "-a", "*", "a b", "\0", "\u001b[2J", "é".repeat(128), "x".repeat(255), "x".repeat(20_000)],
  ...["constructor", "__proto__", "NaN", new Uint8Array(3), { ranges: [[9, 3]] }, { items: ["b", "a"] }],
];

/** One field of a body, and what is written into it. */
export type Damage = { readonly field: number; readonly value: number };

export const anyDamage: fc.Arbitrary<Damage> = fc.record({
  field: fc.nat(1_000),
  value: fc.nat(hostileValues.length - 1),
});

/** The body with one field as nobody would write it. */
export function damaged(body: WireBody, { field, value }: Damage): WireBody {
  const paths = pathsOf(body);
  const path = paths[field % Math.max(1, paths.length)];
  if (path === undefined) return body;
  const wrong = hostileValues[value];
  return changed(body, path, wrong === undefined && typeof path.at(-1) === "number" ? null : wrong);
}

/** Names that roles have or cannot have. The first are those of the frameworks of a story. */
export const roleNames = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("ads", "ads/web", "web", "*") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("other", "", "..", "-a", "a//b", "a b", "ads/*", "x".repeat(256), "valueOf", "[odd"),
  },
);

/** Names of resources; any text is one, also what every object inherits. (`__proto__` cannot be a name in a packed body.) */
const resourceNames = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("cpus", "mem") },
  { weight: 1, arbitrary: fc.constantFrom("ports", "gpus", "constructor", "toString", "", "x".repeat(65)) },
);

export const amounts = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 500, 2_000, 6_001, 6_001, 9_999_999, 9_999_999) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-1, Number.NaN, 1e300, 0.5, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER),
  },
);

/** Amounts by name: limits, guarantees, minima. */
export const quantitiesDrawn: fc.Arbitrary<{ readonly [name: string]: number }> = fc
  .array(fc.tuple(resourceNames, amounts), { maxLength: 2 })
  .map((entries) => Object.fromEntries(entries));

export const weights = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0.5, 1, 2, 10) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, Number.NaN, 1e300, Number.POSITIVE_INFINITY, 5e-324, 1e-7) },
);

/** Milliseconds of a filter: every number has a meaning. */
export const refusals = fc.constantFrom(
  0,
  0,
  0,
  0,
  0,
  1,
  500,
  5_000,
  -1,
  Number.NaN,
  1e300,
  Number.POSITIVE_INFINITY,
  1_000_000,
);
