import { expect, test } from "vitest";
import { Durations } from "../../../src/master/allocator/durations.ts";

test("what has not happened yet has no duration", () => {
  expect(new Durations().summary()).toEqual({});
});

test("percentiles are of the last thousand, and the last one is told", () => {
  const durations = new Durations();
  for (let ms = 5_000; ms > 0; ms--) durations.add(ms);
  expect(durations.summary()).toEqual({
    last: 1,
    count: 1_000,
    min: 1,
    max: 1_000,
    p50: 501,
    p90: 901,
    p95: 951,
    p99: 991,
    p999: 1_000,
    p9999: 1_000,
  });
});
