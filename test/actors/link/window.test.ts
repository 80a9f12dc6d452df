import { describe, expect, test } from "vitest";
import { IngressBudget } from "../../../src/actors/link/ingress-budget.ts";
import { linkLimits } from "../../../src/actors/link/limits.ts";
import { Window } from "../../../src/actors/link/window.ts";

const limits = { ...linkLimits, creditFirstBytes: 100, creditBytes: 800 };

/** Takes batches of these sizes, then gives credit back as a link does once a turn. */
function turn(window: Window, ...sizes: readonly number[]): number {
  for (const size of sizes) expect(window.took(size)).toBe(true);
  if (!window.due) return 0;
  const credit = window.settle();
  window.gave();
  return credit;
}

describe("between threads", () => {
  test("a window is whole from the start and gives back what it took", () => {
    const window = new Window(limits, undefined);
    expect(window.bytes).toBe(800);
    expect(turn(window, 800)).toBe(800);
    expect(window.bytes).toBe(800);
  });
});

describe("between hosts", () => {
  test("a window doubles for a peer that uses it up, and no further than its limit", () => {
    const budget = new IngressBudget(10_000);
    const window = new Window(limits, budget);
    const credits = [100, 200, 400, 800, 800].map((size) => turn(window, size));
    expect(credits).toEqual([200, 400, 800, 800, 800]);
    expect([window.bytes, budget.bytes]).toEqual([800, 800]);
  });

  test("it stays as it is for a peer that sends slowly", () => {
    const budget = new IngressBudget(10_000);
    const window = new Window(limits, budget);
    for (let count = 0; count < 100; count++) turn(window, 10);
    expect([window.bytes, budget.bytes]).toEqual([100, 100]);
  });

  test("it grows no further than the budget, and shrinks while first windows overdraw it", () => {
    const budget = new IngressBudget(500);
    const window = new Window(limits, budget);
    for (const size of [100, 200, 400]) turn(window, size);
    expect([window.bytes, budget.bytes]).toEqual([500, 500]);
    const others = [1, 2].map(() => new Window(limits, budget));
    expect(budget.bytes).toBe(700);
    expect(turn(window, 500)).toBe(300);
    expect([window.bytes, budget.bytes]).toEqual([300, 500]);
    for (const other of others) other.close();
    expect(turn(window, 300)).toBe(500);
    window.close();
    expect(budget.bytes).toBe(0);
  });

  test("it never shrinks below the first", () => {
    const budget = new IngressBudget(0);
    const window = new Window(limits, budget);
    expect(turn(window, 100)).toBe(100);
    expect(window.bytes).toBe(100);
  });
});

test("a batch may pass the window and the next one may not begin", () => {
  const window = new Window(limits, new IngressBudget(10_000));
  expect(window.took(99)).toBe(true);
  expect(window.took(500)).toBe(true);
  expect(window.took(1)).toBe(false);
});
