import { describe, expect, test } from "vitest";
import type { ActorSystem } from "../../src/actors/system.ts";
import { Prng } from "../../src/base/prng.ts";
import { type Choice, type Ready, strategyNames, strategyOf } from "../../src/sim/strategy.ts";

/** A thread as a strategy sees it: its place, and how many of its cells could be next. */
function thread(node: string, order: number, sinceMs = 0): Ready {
  return { node, order, sinceMs, system: { place: `${node}~1/main.1`, choices: 3 } as unknown as ActorSystem };
}

const threads = ["a", "b", "c", "d"].map((node, index) => thread(node, index));

function who(choice: Choice): string {
  return choice === "clock" ? "clock" : choice.ready.node;
}

/** Whom the strategy picks, so many times in a row, when nothing ever changes. */
function picks(name: (typeof strategyNames)[number], seed: number, times: number, dueMs?: number): string[] {
  const strategy = strategyOf(name, new Prng(seed));
  return Array.from({ length: times }, () => who(strategy.pick(threads, 0, dueMs)));
}

function changes(names: readonly string[]): number {
  return names.filter((name, index) => index > 0 && name !== names[index - 1]).length;
}

test.each(strategyNames)("%s picks the same from the same seed", (name) => {
  expect(strategyOf(name, new Prng(7)).name).toBe(name);
  expect(picks(name, 7, 500, 20)).toEqual(picks(name, 7, 500, 20));
});

describe("uniform", () => {
  test("reaches every thread and every cell, and never passes time while somebody waits", () => {
    const strategy = strategyOf("uniform", new Prng(1));
    const seen = new Set<string>();
    for (let count = 0; count < 1_000; count++) {
      const choice = strategy.pick(threads, 0, 1);
      seen.add(choice === "clock" ? "clock" : `${choice.ready.node}${choice.cell}`);
    }
    expect([...seen].sort()).toEqual(["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2", "d0", "d1", "d2"]);
  });
});

describe("fifo", () => {
  const strategy = strategyOf("fifo", new Prng(1));

  test("takes who has waited longest, and a due frame before any letter", () => {
    expect(strategy.pick([thread("late", 9), thread("early", 2)], 0, 1)).toMatchObject({
      ready: { node: "early" },
      cell: 0,
    });
    expect(strategy.pick(threads, 5, 5)).toBe("clock");
  });
});

describe("delays", () => {
  test("deviate from the order of arrival, at most eight times in a run", () => {
    const deviations = Array.from({ length: 30 }, (_, seed) => picks("delays", seed, 5_000).filter((x) => x !== "a"));
    expect(Math.max(...deviations.map(({ length }) => length))).toBeLessThanOrEqual(8);
    expect(deviations.some(({ length }) => length > 3)).toBe(true);
  });
});

describe("pct", () => {
  test("lets the first in rank go until a change point makes it the last, at most five times", () => {
    const counts = Array.from({ length: 30 }, (_, seed) => changes(picks("pct", seed, 5_000)));
    expect(Math.max(...counts)).toBeLessThanOrEqual(5);
    expect(new Set(counts).size).toBeGreaterThan(2);
  });

  test("lets time pass a letter by, but not for long", () => {
    const clocks = (dueMs: number) =>
      Array.from({ length: 30 }, (_, seed) => picks("pct", seed, 100, dueMs))
        .flat()
        .includes("clock");
    expect(clocks(50)).toBe(true);
    expect(clocks(51)).toBe(false);
  });
});

describe("node-at-a-time", () => {
  test("stays with one node while time goes on, and comes round to all", () => {
    const strategy = strategyOf("node-at-a-time", new Prng(3));
    let nowMs = 0;
    let order = threads.length;
    let ready = threads;
    const turns: string[] = [];
    for (let count = 0; count < 4_000; count++) {
      const choice = strategy.pick(ready, nowMs, nowMs + 1);
      if (choice === "clock") nowMs++;
      else {
        turns.push(choice.ready.node);
        // It had its letter, and gets another one with the next tick.
        ready = ready.map((entry) => (entry === choice.ready ? thread(entry.node, order++, nowMs) : entry));
        if (count % 5 === 0) nowMs++;
      }
    }
    expect(new Set(turns)).toEqual(new Set(["a", "b", "c", "d"]));
    expect(changes(turns)).toBeLessThan(turns.length / 20);
  });

  test("passes time rather than let another node go", () => {
    const strategy = strategyOf("node-at-a-time", new Prng(3));
    expect(who(strategy.pick(threads, 0, 1))).toBe("a");
    expect(strategy.pick(threads.slice(1), 0, 1)).toBe("clock");
    expect(who(strategy.pick(threads.slice(1), 0, undefined))).toBe("b");
  });
});
