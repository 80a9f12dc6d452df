import fc from "fast-check";
import { expect, test } from "vitest";
import { type Step, step } from "./bad-steps.ts";
import { BadStory, type Tally } from "./bad-story.ts";

const stories = Number(process.env["MESOLITE_BAD_STORIES"] ?? 200);

test("whatever is said, each thing that was asked for is answered once and the books stay exact", { timeout: 600_000 }, () => {
  const tally: Tally = {};
  fc.assert(
    fc.property(fc.array(step, { minLength: 12, maxLength: 40, size: "max" }), (steps: readonly Step[]) => {
      const story = new BadStory(tally);
      for (const each of steps) story.play(each);
      story.finish();
    }),
    { numRuns: stories },
  );
  console.log(tally);
  expect(Object.keys(tally).length).toBeGreaterThan(0);
});
