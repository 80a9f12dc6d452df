import { expect, test } from "vitest";
import { run } from "../../src/sim/run.ts";
import { minimize, shrink } from "../../src/sim/shrink.ts";

const never = () => false;

test.each([
  { needs: [3], of: 10 },
  { needs: [0, 19], of: 20 },
  { needs: [], of: 7 },
  { needs: [1, 2, 3, 4, 5], of: 6 },
])("of $of elements exactly $needs are left", ({ needs, of }) => {
  const all = Array.from({ length: of }, (_, index) => index);
  expect(minimize(all, (part) => needs.every((need) => part.includes(need)), never)).toEqual(needs);
});

test("what needs all of it is left as it is", () => {
  const all = ["a", "b", "c"];
  expect(minimize(all, (part) => part.length === 3, never)).toEqual(all);
});

test("the search ends when its time is up, with what it has", () => {
  let runs = 0;
  const all = Array.from({ length: 64 }, (_, index) => index);
  const passes = (part: readonly number[]) => {
    runs++;
    return part.includes(0) && part.includes(63);
  };
  const left = minimize(all, passes, () => runs >= 4);
  expect(runs).toBe(4);
  expect(left).toContain(63);
});

test("a planted bug is told with less, breaks the same rule, and does the same again", () => {
  const options = { seed: firstBroken(), plant: "skipped-rescind" as const };
  const broken = run(options);
  const shrunk = shrink(options, broken, never);
  const weight = (items: readonly number[]) => items.reduce((sum, count) => sum + count, 0);
  expect(shrunk.violation?.rule).toBe(broken.violation?.rule);
  expect(shrunk.faults.length).toBeLessThan(broken.faults.length);
  expect(weight(shrunk.items)).toBeLessThan(weight(broken.items));
  const { strategy, faults, items } = shrunk;
  expect(run({ ...options, strategy, faults, items }).traceHash).toBe(shrunk.traceHash);
}, 60_000);

function firstBroken(): number {
  for (let seed = 1; ; seed++) if (run({ seed, plant: "skipped-rescind" }).violation !== undefined) return seed;
}
