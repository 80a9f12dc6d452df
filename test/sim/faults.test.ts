import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { drawFaults, faultText, isFaultKind } from "../../src/sim/faults.ts";
import { run } from "../../src/sim/run.ts";
import { strategyNames } from "../../src/sim/strategy.ts";

const weathers = Array.from({ length: 200 }, (_, seed) => drawFaults(new Prng(seed), 120_000, 3, 2));

test("the faults of a seed are always the same, in order of time, and none is after the end", () => {
  for (const [seed, faults] of weathers.entries()) {
    expect(drawFaults(new Prng(seed), 120_000, 3, 2)).toEqual(faults);
    expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).sort((a, b) => a - b));
    expect(faults.every(({ atMs }) => atMs < 120_000)).toBe(true);
  }
});

test("every seed is another weather: a subset of the kinds, and all kinds over many", () => {
  const kinds = weathers.map((faults) => new Set(faults.map(({ kind }) => kind)));
  const all = new Set(kinds.flatMap((some) => [...some]));
  expect(all.size).toBe(20);
  expect(kinds.filter(({ size }) => size < all.size).length).toBeGreaterThan(190);
  expect(new Set(kinds.map(({ size }) => size)).size).toBeGreaterThan(4);
});

test("a fault can be told", () => {
  const rest = { victim: "slave-1", durationMs: 2_500, atMs: 1_500 };
  expect(faultText({ ...rest, kind: "slaveCrash", extent: 0.25 })).toBe(
    "1.500 s: slave-1 crashes, keeps 25 % of its unsynced writes, is back after 2.5 s",
  );
  expect(faultText({ ...rest, kind: "halfOpen", extent: 0.75 })).toBe(
    "1.500 s: master hears no more on its links from slave-1",
  );
  expect(faultText({ ...rest, kind: "threadCrash", extent: 0.75 })).toBe(
    "1.500 s: slave-1 loses its thread slave, which is started again",
  );
  expect([isFaultKind("pause"), isFaultKind("toString")]).toEqual([true, false]);
});

test("a run is made of data: its strategy, its faults and its work give the same run again", () => {
  const drawn = run({ seed: 5, faultMinutes: 0.5 });
  const { strategy, faults, items } = drawn;
  expect(run({ seed: 5, faultMinutes: 0.5, strategy, faults, items }).traceHash).toBe(drawn.traceHash);
  expect(run({ seed: 5, faultMinutes: 0.5, faults: [] }).traceHash).not.toBe(drawn.traceHash);
});

test.each(strategyNames)("%s schedules a whole run, says so, and takes another path", (strategy) => {
  const lines: string[] = [];
  const result = run({ seed: 5, faultMinutes: 0.2, strategy, heard: (line) => lines.push(line) });
  expect([result.strategy, result.violation, lines[0]]).toEqual([strategy, undefined, `0.000 strategy ${strategy}`]);
  expect(lines.length).toBe(result.steps);
});
