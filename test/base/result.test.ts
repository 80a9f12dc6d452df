import { expect, expectTypeOf, test } from "vitest";
import { ok, type Result, refused } from "../../src/base/result.ts";

function half(number: number): Result<number> {
  return number % 2 === 0 ? ok(number / 2) : refused(`${number} is odd`);
}

test("a result is plain data that crosses a link as it is", () => {
  expect(half(4)).toEqual({ ok: true, value: 2 });
  expect(half(3)).toEqual({ ok: false, error: "3 is odd" });
  expect(structuredClone(half(3))).toEqual(half(3));
});

test("ok tells the compiler which half there is", () => {
  const result = half(8);
  if (result.ok) expectTypeOf(result.value).toBeNumber();
  else expectTypeOf(result.error).toBeString();
});
