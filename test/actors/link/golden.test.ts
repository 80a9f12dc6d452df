import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Golden, golden, goldenFile } from "../../../scripts/golden.ts";
import { Codec } from "../../../src/actors/link/codec.ts";
import { kinds } from "../../../src/cli/catalogue.ts";

const recorded: Golden = JSON.parse(readFileSync(goldenFile, "utf8"));
const current = golden();

const mend =
  "the bytes of a message have changed: programs of before and after do not understand one another. If that is " +
  "meant, raise `version` in src/actors/link/hello.ts unless `hash` has changed too, and run `node scripts/golden.ts`";

test("the kind table has the hash that was recorded", () => {
  expect(current.hash, mend).toBe(recorded.hash);
});

test.each(["frames", "items", "kinds"] as const)("R15.9 the same %s are recorded as there are", (part) => {
  expect(Object.keys(current[part]), mend).toEqual(Object.keys(recorded[part]));
});

test.each(["frames", "items", "kinds"] as const)("R15.9 %s have the bytes that were recorded", (part) => {
  for (const [name, hex] of Object.entries(recorded[part])) expect(current[part][name], `${name}: ${mend}`).toBe(hex);
});

describe("what was recorded is read", () => {
  const codec = new Codec(kinds);

  test.each(Object.entries({ ...recorded.kinds, ...recorded.items }))("%s", (_name, hex) => {
    const batch = codec.decode(Buffer.from(hex, "hex"));
    expect(Buffer.from(codec.encode(batch)).toString("hex")).toBe(hex);
  });
});
