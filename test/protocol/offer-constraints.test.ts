/** Which slaves pass the constraints of a framework. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileConstraints } from "../../src/protocol/offer-constraints.ts";
import type { AttributePredicate, AttributeSelector, ConstraintGroup } from "../../src/protocol/offer-filters.ts";

const slave = {
  hostname: "node-17.east",
  attributes: { rack: "r1", size: "2.5", cores: "-16", disks: "[1-5]", kinds: "{a,b}", empty: "", odd: "[1-" },
};

function holds(predicate: AttributePredicate, selector: AttributeSelector): boolean {
  return compileConstraints([[{ selector, predicate }]])(slave);
}

const exists = { type: "exists" } as const;
const notExists = { type: "notExists" } as const;
const equals = (value: string) => ({ type: "equals", value }) as const;
const notEquals = (value: string) => ({ type: "notEquals", value }) as const;
const matches = (regex: string) => ({ type: "matches", regex }) as const;
const notMatches = (regex: string) => ({ type: "notMatches", regex }) as const;

const predicates = [exists, notExists, equals("r1"), notEquals("r1"), matches("r[0-9]"), notMatches("r[0-9]")];

/** What Mesos 1.11 answers, in the order of the predicates above. */
test.each<[string, AttributeSelector, string]>([
  ["text that is the one", { attribute: "rack" }, "+ - + - + -"],
  ["another text", { attribute: "odd" }, "+ - - + - +"],
  ["an empty text", { attribute: "empty" }, "+ - - + - +"],
  ["a number", { attribute: "size" }, "+ - + + + +"],
  ["a number below zero", { attribute: "cores" }, "+ - + + + +"],
  ["ranges", { attribute: "disks" }, "+ - + + + +"],
  ["what looks like a set, which attributes have not", { attribute: "kinds" }, "+ - - + - +"],
  ["an attribute that is absent", { attribute: "zone" }, "- + - + - +"],
  ["one by the name of what every object has", { attribute: "constructor" }, "- + - + - +"],
  ["the host's name", { pseudo: "hostname" }, "+ - - + - +"],
  ["a region, which slaves do not have", { pseudo: "region" }, "- + - + - +"],
  ["a zone, which slaves do not have", { pseudo: "zone" }, "- + - + - +"],
])("%s", (_, selector, expected) => {
  expect(predicates.map((predicate) => (holds(predicate, selector) ? "+" : "-")).join(" ")).toBe(expected);
});

describe("a regular expression", () => {
  const rack = { attribute: "rack" };
  const host = { pseudo: "hostname" } as const;

  test("is for the text as a whole", () => {
    expect(
      [matches("r"), matches("1"), matches("r1|r2"), matches("r|r1"), matches("")].map((p) => holds(p, rack)),
    ).toEqual([false, false, true, true, false]);
    expect(holds(matches("node"), host)).toBe(false);
    expect(holds(matches("node-[0-9]+\\..*"), host)).toBe(true);
    expect(holds(matches("^r1$"), rack)).toBe(true);
  });

  test("speaks of characters and not of code units", () => {
    const snowy = { hostname: "h", attributes: { rack: "☃🏔" } };
    const fits = (regex: string) => compileConstraints([[{ selector: rack, predicate: matches(regex) }]])(snowy);
    expect([fits(".."), fits("..."), fits("☃\\x{1F3D4}"), fits("\\p{So}+")]).toEqual([true, false, true, true]);
  });

  test("that would keep a backtracking engine busy for years takes milliseconds, also of a long text", () => {
    const texts = [`${"a".repeat(30)}b`, `${"a".repeat(100_000)}b`];
    for (const regex of ["(a+)+$", "(a*)*", "(a|aa)+", "(?:a?){20}a{20}"]) {
      const fits = compileConstraints([[{ selector: rack, predicate: matches(regex) }]]);
      const before = performance.now();
      expect(texts.map((text) => fits({ hostname: "h", attributes: { rack: text } }))).toEqual([false, false]);
      expect(performance.now() - before).toBeLessThan(500);
    }
  });
});

const names = ["rack", "size", "zone", "constructor", "__proto__"];
const texts = ["", "r", "r1", "r2", "r11", "1", "2.5", "-0", "[1-2]", "{a}", "[", "{", "node"];
const selectors = fc.oneof(
  fc.constantFrom(...names).map((attribute): AttributeSelector => ({ attribute })),
  fc.constantFrom("hostname", "region", "zone").map((pseudo): AttributeSelector => ({ pseudo })),
);
/** Those that mean the same in JavaScript. */
const regexes = ["r", "r.*", "[a-z]+", "(r|r1)", "r1?", ".*", "", "[0-9.]+", "(r1*)+", "[^1]*"];
const anyPredicate = fc.oneof(
  fc.constantFrom<AttributePredicate>(exists, notExists),
  fc.tuple(fc.constantFrom(equals, notEquals), fc.constantFrom(...texts)).map(([make, value]) => make(value)),
  fc.tuple(fc.constantFrom(matches, notMatches), fc.constantFrom(...regexes)).map(([make, regex]) => make(regex)),
);
const groups = fc.array(
  fc.array(fc.record({ selector: selectors, predicate: anyPredicate }), { minLength: 1, maxLength: 4 }),
  {
    minLength: 1,
    maxLength: 4,
  },
);
const slaves = fc.record({
  hostname: fc.constantFrom(...texts),
  attributes: fc
    .array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...texts)), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
});

test("groups are alternatives, and all of a group must hold, as in a plain reading of Mesos's words", () => {
  fc.assert(
    fc.property(groups, slaves, (given, some) => {
      expect(compileConstraints(given)(some)).toBe(plainly(given, some));
    }),
    { numRuns: 2_000 },
  );
});

/** Every predicate by hand: what is not there has no text, what is no text passes. */
function plainly(given: readonly ConstraintGroup[], some: { hostname: string; attributes: Record<string, string> }) {
  for (const group of given) {
    let all = true;
    for (const { selector, predicate } of group) {
      const entry =
        "attribute" in selector
          ? Object.entries(some.attributes).find(([name]) => name === selector.attribute)
          : selector.pseudo === "hostname"
            ? ["hostname", some.hostname]
            : undefined;
      const value = entry?.[1];
      const noText = "attribute" in selector && value !== undefined && ["1", "2.5", "-0", "[1-2]"].includes(value);
      let one: boolean;
      if (predicate.type === "exists") one = value !== undefined;
      else if (predicate.type === "notExists") one = value === undefined;
      else if (value === undefined) one = predicate.type === "notEquals" || predicate.type === "notMatches";
      else if (noText) one = true;
      else if ("value" in predicate) one = (value === predicate.value) === (predicate.type === "equals");
      else one = new RegExp(`^(?:${predicate.regex})$`).test(value) === (predicate.type === "matches");
      all &&= one;
    }
    if (all) return true;
  }
  return false;
}
