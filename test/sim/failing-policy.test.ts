import { expect, test } from "vitest";
import { drf } from "../../src/master/allocator/policies/drf.ts";
import type { Contender } from "../../src/master/allocator/policy.ts";
import { FailingPolicy } from "../../src/sim/failing-policy.ts";
import type { Fault } from "../../src/sim/faults.ts";
import { run } from "../../src/sim/run.ts";

test("a policy fails once, after as many answers as it was told", () => {
  const failing = new FailingPolicy(drf);
  const ask = () => failing.policy.rank({ share: 0.5, weight: 2 } as Contender);
  failing.failAfter(2);
  expect([ask(), ask()]).toEqual([0.25, 0.25]);
  expect(ask).toThrow("injected");
  expect(ask()).toBe(0.25);
});

test.each([1, 2, 3, 4])(
  "wherever a policy throws, the books agree in the end and all work is done (seed %i)",
  (seed) => {
    let restarts = 0;
    const faults = Array.from(
      { length: 12 },
      (_, index): Fault => ({
        atMs: 800 + 4_000 * index,
        kind: "actorCrash",
        victim: "master",
        durationMs: 0,
        // The last quarter of the extent is the policy's: from its next rank on to its fortieth.
        extent: 0.75 + ((index * 7 + seed) % 12) / 50,
      }),
    );
    const heard = (line: string) => {
      if (line.includes("restart.allocator")) restarts++;
    };
    const { violation, counts } = run({ seed, faultMinutes: 1, faults, items: [40, 40], heard });
    expect(violation).toBeUndefined();
    expect(restarts).toBeGreaterThanOrEqual(3);
    expect(counts.finished).toBeGreaterThanOrEqual(80);
  },
);
