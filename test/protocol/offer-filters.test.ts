/** What filters a framework may have, and what of them concerns one of its roles. */

import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { SlaveId } from "../../src/protocol/ids.ts";
import { clientFilters, filtersFault, type OfferFilters, offerFiltersShape } from "../../src/protocol/offer-filters.ts";
import { writtenOutLength } from "../../src/protocol/regex.ts";
import { shapeFault } from "../../src/protocol/shape.ts";

const rack = { attribute: "rack" };
const exists = { type: "exists" } as const;
const constrained = (...constraints: readonly unknown[]) => ({ roles: { web: { constraints: [constraints] } } });
const matching = (regex: unknown) => constrained({ selector: rack, predicate: { type: "matches", regex } });
const many = <T>(count: number, each: T): readonly T[] => Array.from({ length: count }, () => each);
const faultOf = (filters: unknown) => shapeFault(offerFiltersShape, filters);

describe("the filters of a client", () => {
  test("are those of all its framework's roles, and those of its own role", () => {
    const web = { minAllocatable: [{ cpus: 1_000 }], constraints: [[{ selector: rack, predicate: exists }]] };
    const filters: OfferFilters = { slaves: [SlaveId("s1")], minFree: { cpus: 1 }, roles: { web } };
    expect(clientFilters(filters, "web")).toEqual({ slaves: ["s1"], minFree: { cpus: 1 }, ...web });
    for (const other of ["db", "constructor"]) {
      expect(clientFilters(filters, other)).toEqual({ slaves: ["s1"], minFree: { cpus: 1 } });
    }
    expect(clientFilters({}, "web")).toEqual({});
  });

  test("are for a role that the framework has", () => {
    expect(filtersFault({ roles: { web: {} } }, ["db"])).toBe('filters name the role "web", which is not its own');
    expect(filtersFault({ roles: { web: {} } }, ["db", "web"])).toBeUndefined();
  });
});

test.each<[string, unknown]>([
  ["none", {}],
  ["an explicit minimum of nothing", { roles: { web: { minAllocatable: [] } } }],
  ["vectors", { roles: { web: { minAllocatable: [{ cpus: 0 }, { cpus: 1, ports: 2_000 }, {}] } } }],
  [
    "any selector",
    constrained(
      ...(["hostname", "region", "zone"] as const).map((pseudo) => ({ selector: { pseudo }, predicate: exists })),
    ),
  ],
  ["a long expression", matching("a".repeat(1_024))],
  ["repetition", matching("[0-9]{1,3}(\\.[0-9]{1,3}){3}")],
  ["names of hosts", matching("[a-z0-9-]{1,63}(\\.[a-z0-9-]{1,63}){0,3}")],
])("%s can be had", (_, filters) => {
  expect(faultOf(filters)).toBeUndefined();
});

const repeated = many(21, { selector: rack, predicate: { type: "notMatches", regex: "[a-z]{500}" } });

test.each<[string, unknown, string]>([
  ["no groups", { roles: { web: { constraints: [] } } }, "roles.web.constraints: has 0 entries, under 1"],
  ["an empty group", constrained(), "roles.web.constraints.0: has 0 entries, under 1"],
  ["no selector", constrained({ predicate: exists }), "roles.web.constraints.0.0.selector: is of neither shape"],
  ["an empty selector", constrained({ selector: {}, predicate: exists }), ".selector: is of neither shape"],
  [
    "two selectors",
    constrained({ selector: { ...rack, pseudo: "zone" }, predicate: exists }),
    ".selector: selects an attribute and a pseudoattribute; it has to be one of them",
  ],
  [
    "another pseudoattribute",
    constrained({ selector: { pseudo: "os" }, predicate: exists }),
    ".selector: is of neither",
  ],
  ["no predicate", constrained({ selector: rack }), ".0.0.predicate: "],
  ["another predicate", constrained({ selector: rack, predicate: { type: "like" } }), ".predicate.type: is none of "],
  ["nothing to compare with", constrained({ selector: rack, predicate: { type: "equals" } }), ".value: is absent"],
  ["a long name", constrained({ selector: { attribute: "x".repeat(1_025) }, predicate: exists }), ".selector: is of"],
  [
    "a long text",
    constrained({ selector: rack, predicate: { type: "equals", value: "x".repeat(1_025) } }),
    ".predicate.value: is longer than 1024 characters",
  ],
  ["a regular expression that is none", matching("("), ".predicate.regex: is no regular expression of RE2: "],
  ["one that looks back", matching("(?<=a)b"), ".predicate.regex: is no regular expression of RE2: "],
  ["one that refers back", matching("(a)\\1"), ".predicate.regex: is no regular expression of RE2: "],
  ["one that is a number", matching(7), ".predicate.regex: expected text, received 7"],
  ["one that is long", matching("a".repeat(1_025)), ".predicate.regex: is longer than 1024 characters"],
  [
    "one that repeats too much",
    matching("[ab]{1000}[ab]{1000}"),
    ".predicate.regex: takes 2002 steps compiled, over 2000",
  ],
  [
    "one that would take seconds to compile",
    matching("a{1000}".repeat(146)),
    "roles: have regular expressions that repeat",
  ],
  [
    "one that nests repetitions",
    matching(`(((${"a".repeat(999)}){10}){10}){10}`),
    "roles: have regular expressions that",
  ],
  [
    "many that repeat",
    { roles: { web: { constraints: [repeated], minAllocatable: [] }, db: { constraints: [repeated] } } },
    "that repeat",
  ],
  [
    "many long ones",
    constrained(...many(33, { selector: rack, predicate: { type: "matches", regex: "a".repeat(999) } })),
    "roles: have regular expressions of 32967 characters in all, over 32768",
  ],
  [
    "too many groups",
    { roles: { web: { constraints: many(1_025, [{ selector: rack, predicate: exists }]) } } },
    "roles.web.constraints: has 1025 entries, over 1024",
  ],
  [
    "too many constraints in all",
    {
      roles: Object.fromEntries(
        many(3, 0).map((_, role) => [role, { constraints: [many(1_400, { selector: rack, predicate: exists })] }]),
      ),
    },
    "roles: have 4200 constraints in all, over 4096",
  ],
  [
    "too many vectors",
    { roles: { web: { minAllocatable: many(101, {}) } } },
    ".minAllocatable: has 101 entries, over 100",
  ],
  [
    "half a thousandth",
    { roles: { web: { minAllocatable: [{ cpus: 0.5 }] } } },
    ".minAllocatable.0.cpus: expected count",
  ],
  [
    "less than nothing",
    { roles: { web: { minAllocatable: [{ cpus: -1 }] } } },
    ".minAllocatable.0.cpus: expected count",
  ],
  ["an amount that is no number", { roles: { web: { minAllocatable: [{ cpus: "1" }] } } }, ".0.cpus: expected count"],
  ["a list of roles", { roles: [] }, "roles: expected fields, received list"],
])("%s cannot be had, and in no time", (_, filters, says) => {
  const before = performance.now();
  expect(faultOf(filters)).toContain(says);
  expect(performance.now() - before).toBeLessThan(1_000);
});

test("the name of a role is told only in part", () => {
  const role = "x".repeat(1_000);
  expect(faultOf({ roles: { [role]: matching("(").roles.web } })).toMatch(
    /^roles\.x{40}\.constraints\.0\.0\.predicate/,
  );
});

const piece = fc.constantFrom("a", ".", "[a-z]", "\\p{L}", "\\{", "^", "(?i)b", "()");
const repeat = fc.constantFrom("", "*", "?", "{3}", "{0,7}", "{4,}", "{12}");
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    fc.tuple(piece, repeat).map(([inner, times]) => (inner === "^" ? inner : inner + times)),
    fc.tuple(tie("tree"), tie("tree")).map(([left, right]) => `${left}${right}`),
    fc.tuple(tie("tree"), tie("tree"), repeat).map(([left, right, times]) => `(${left}|${right})${times}`),
  ),
}));

test("an expression takes no more steps than twice what it was thought to be when written out", () => {
  let compiled = 0;
  fc.assert(
    fc.property(tree, (source) => {
      // RE2 itself refuses what is repeated more than a thousand times.
      const size = sizeOf(source);
      if (size === undefined) return;
      compiled++;
      expect(size).toBeLessThanOrEqual(2 * writtenOutLength(source) + 2);
    }),
    { numRuns: 500 },
  );
  expect(compiled).toBeGreaterThan(300);
});

function sizeOf(source: string): number | undefined {
  try {
    return RE2JS.compile(source).programSize();
  } catch {
    return undefined;
  }
}
