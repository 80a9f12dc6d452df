import fc from "fast-check";
import { expect, test } from "vitest";
import { Backoff } from "../../src/actors/backoff.ts";
import { Prng } from "../../src/base/prng.ts";

const config = { minMs: 100, maxMs: 10_000, factor: 2 };

test("a pause is a whole number of milliseconds under a limit that doubles up to its maximum", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 200 }), (seed, attempts) => {
      const backoff = new Backoff(config, new Prng(seed));
      for (let attempt = 0; attempt < attempts; attempt++) {
        expect(backoff.attempts).toBe(attempt);
        const pauseMs = backoff.nextMs();
        expect(Number.isSafeInteger(pauseMs) && pauseMs >= 0).toBe(true);
        expect(pauseMs).toBeLessThanOrEqual(Math.min(10_000, 100 * 2 ** attempt));
      }
    }),
  );
});

test("the jitter is full: pauses spread over the whole of the limit", () => {
  const firsts = [...Array(400).keys()].map((seed) => new Backoff(config, new Prng(seed)).nextMs());
  expect(Math.min(...firsts)).toBeLessThan(5);
  expect(Math.max(...firsts)).toBeGreaterThan(95);
});

test("reset starts over with the shortest limit", () => {
  const backoff = new Backoff(config, new Prng(1));
  for (let attempt = 0; attempt < 10; attempt++) backoff.nextMs();
  backoff.reset();
  expect(backoff.attempts).toBe(0);
  expect(backoff.nextMs()).toBeLessThanOrEqual(100);
});
