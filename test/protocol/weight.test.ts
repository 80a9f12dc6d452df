import { expect, test } from "vitest";
import { weightFault, weightsFault, weightsMax } from "../../src/protocol/weight.ts";

test.each([0.000_001, 0.1, 1, 2.5, 1_000_000])("a weight may be %d", (weight) => {
  for (const role of ["*", "a", "a/b", "constructor"]) expect(weightFault(role, weight)).toBeUndefined();
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, 5e-324, 1_000_001])(
  "%d is no weight",
  (weight) => {
    expect(weightFault("a", weight)).toBe(`the weight of role "a" is ${weight} and must be from 0.000001 to 1000000`);
    expect(weightsFault({ b: 1, a: weight }, new Map())).toContain('the weight of role "a"');
  },
);

test.each([
  ["", "is empty"],
  ["a b", "contains whitespace"],
  ["a//b", "two in a row"],
  ["__proto__", "cannot have a weight"],
])("role %j can have no weight: %s", (role, fault) => {
  expect(weightsFault({ a: 1, [role]: 1 }, new Map())).toContain(fault);
});

test("there are no more weights than allowed, those kept included", () => {
  const kept = new Map(Array.from({ length: weightsMax }, (_, index) => [`r${index}`, 1]));
  expect(weightsFault({ r1: 2 }, kept)).toBeUndefined();
  expect(weightsFault({ more: 2 }, kept)).toBe(`there may be weights of ${weightsMax} roles, not of ${weightsMax + 1}`);
});
