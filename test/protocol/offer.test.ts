import { expect, test } from "vitest";
import { clampRefuseMs } from "../../src/protocol/offer.ts";

const yearMs = 365 * 24 * 3_600_000;

test.each([
  [0, 0],
  [-0, 0],
  [1, 1],
  [5_000, 5_000],
  [yearMs, yearMs],
  [yearMs + 1, yearMs],
  [-1, 5_000],
  [Number.NaN, 5_000],
  [Number.POSITIVE_INFINITY, 5_000],
  [Number.NEGATIVE_INFINITY, 5_000],
])("refusing for %d ms means %d", (asked, meant) => {
  expect(clampRefuseMs(asked) === meant).toBe(true);
});
