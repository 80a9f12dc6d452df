import { expect, test } from "vitest";
import { InvariantViolation, invariant, unreachable } from "../../src/base/invariant.ts";

test("a condition that holds costs no message", () => {
  invariant(true, () => {
    throw new Error("built for nothing");
  });
});

test("a condition that does not hold throws what was said", () => {
  expect(() => invariant(false, "the books differ")).toThrow(new InvariantViolation("the books differ"));
  expect(() => invariant(undefined, () => "late words")).toThrow(new InvariantViolation("late words"));
});

test("a variant nobody handles is named", () => {
  expect(() => unreachable({ kind: "surprise" } as never)).toThrow('unreachable variant: {"kind":"surprise"}');
});
