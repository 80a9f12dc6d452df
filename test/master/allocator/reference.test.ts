import fc from "fast-check";
import { expect, test } from "vitest";
import type { RefPolicy } from "./reference.ts";
import { Comparison, story } from "./story.ts";

/** More by hand: `REFERENCE_STORIES=5000 REFERENCE_SEED=7 npm exec -c 'vitest run test/master/allocator/reference'`. */
const stories = Number(process.env["REFERENCE_STORIES"] ?? 700);
const seed = Number(process.env["REFERENCE_SEED"] ?? 2011);
const parts: readonly (readonly [RefPolicy, number])[] = [
  ["drf", 0.7],
  ["priority", 0.15],
  ["fifo", 0.15],
];

test.each(parts)(
  "%s offers the same as the rules written down plainly, offer by offer",
  (policy, part) => {
    const numRuns = Math.ceil(stories * part);
    let rows = 0;
    fc.assert(
      fc.property(story, (events) => {
        const comparison = new Comparison(policy);
        for (const step of events) comparison.happen(step);
        rows += comparison.rows;
      }),
      { numRuns, seed },
    );
    expect(rows).toBeGreaterThan(4 * numRuns);
  },
  600_000,
);
