/** The lottery: each draw has chances in proportion to weights, and nothing that a framework does makes its own better. */

import { describe, expect, test } from "vitest";
import { lottery } from "../../../src/master/allocator/policies/lottery.ts";
import type { Client } from "../../../src/master/allocator/protocol.ts";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import { noResources } from "../../../src/protocol/resources.ts";
import { Table } from "./table.ts";

const draws = 100_000;
/** Of these a hundredth is more than four standard errors. */
const fewer = 40_000;
const within = 0.01;

describe("a draw", () => {
  test("gives each its part of the weights, over a hundred thousand draws", () => {
    const weights = { a: 1, b: 2, c: 3, d: 0.25 };
    const table = new Table(lottery, weights);
    table.slave();
    for (const name of Object.keys(weights)) table.framework(name);
    const part = table.draws(draws);
    for (const [name, weight] of Object.entries(weights))
      expect(Math.abs(part(name) - weight / 6.25)).toBeLessThan(within);
  });

  test("draws among those who want the slave: who is passed over elsewhere has no better chance here", () => {
    const table = new Table(lottery, { a: 1, b: 1, c: 2 });
    const [alone, common] = [table.slave(), table.slave()];
    for (const name of ["a", "b", "c"]) table.framework(name);
    table.only({ frameworkId: FrameworkId("b"), role: "b" }, [common]);
    table.only({ frameworkId: FrameworkId("c"), role: "c" }, [common]);
    const part = table.draws(fewer);
    expect(part("a", alone)).toBe(1);
    expect(Math.abs(part("a", common) - 0.25)).toBeLessThan(within);
    expect(Math.abs(part("b", common) - 0.25)).toBeLessThan(within);
    expect(Math.abs(part("c", common) - 0.5)).toBeLessThan(within);
  });

  test("one draw knows nothing of the one before", () => {
    const table = new Table(lottery, { a: 1, b: 3 });
    table.slave();
    for (const name of ["a", "b"]) table.framework(name);
    table.draws(fewer);
    const following = (name: string) => table.given.filter((_, draw) => table.given[draw - 1]?.name === name);
    for (const before of ["a", "b"]) {
      const wins = following(before).filter(({ name }) => name === "b").length / following(before).length;
      expect(Math.abs(wins - 0.75)).toBeLessThan(within);
    }
  });

  test("draws in every role for itself, and a role's chance is its weight whoever is in it", () => {
    const table = new Table(lottery, { a: 1, b: 3, "b/x": 1, "b/y": 4 });
    table.slave();
    const members = [
      ["a1", "a"],
      ["a2", "a"],
      ["x", "b/x"],
      ["y1", "b/y"],
      ["y2", "b/y"],
    ] as const;
    for (const [name, role] of members) table.framework(name, role);
    const part = table.draws(draws);
    const expected = { a1: 1 / 8, a2: 1 / 8, x: 3 / 20, y1: 3 / 10, y2: 3 / 10 };
    for (const [name, chance] of Object.entries(expected)) expect(Math.abs(part(name) - chance)).toBeLessThan(within);
  });
});

describe("coming and going", () => {
  const toggles: readonly (readonly [how: string, often: (draw: number, lost: boolean) => boolean])[] = [
    ["before every draw", () => true],
    ["after every draw that it has lost", (_, lost) => lost],
    ["after every draw that it has won", (_, lost) => !lost],
    ["every tenth draw", (draw) => draw % 10 === 0],
  ];
  test.each(toggles)("nobody gains by ceasing to want offers and wanting them again, %s", (_, often) => {
    const table = new Table(lottery, { toggling: 1, steady: 1, heavy: 2 });
    table.slave();
    const [toggling] = ["toggling", "steady", "heavy"].map((name) => table.framework(name));
    const part = table.draws(fewer, (draw) => {
      if (!often(draw, table.given.at(-1)?.name !== "toggling")) return;
      table.book.setWanting(toggling as Client, { suppressed: true });
      table.book.revive(toggling as Client, undefined);
    });
    expect(Math.abs(part("toggling") - 0.25)).toBeLessThan(within);
    expect(Math.abs(part("steady") - 0.25)).toBeLessThan(within);
  });

  test("who was away for long has missed its draws, and gets none of them back", () => {
    const table = new Table(lottery);
    table.slave();
    const [away] = ["away", "steady"].map((name) => table.framework(name));
    table.book.setWanting(away as Client, { suppressed: true });
    expect(table.draws(1_000)("steady")).toBe(1);
    table.book.revive(away as Client, undefined);
    expect(Math.abs(table.draws(fewer)("away") - 0.5)).toBeLessThan(within);
  });
});

describe("weights and seeds", () => {
  test("a change of weights counts from the next draw on", () => {
    const changes = Array.from({ length: 2_000 }, (_, seed) => {
      const table = new Table(lottery, { a: 0.001 }, seed);
      table.slave();
      for (const name of ["a", "b"]) table.framework(name);
      table.draws(3);
      table.book.setWeights({ a: 3 });
      table.draws(1);
      return table.given.at(-1)?.name;
    });
    expect(Math.abs(changes.filter((name) => name === "a").length / changes.length - 0.75)).toBeLessThan(0.03);
  });

  test("slots that several prefer are theirs in proportion to their weights (paper §4.3)", () => {
    const weights = { a: 1, b: 2, c: 3, d: 6 };
    const table = new Table(lottery, weights);
    const preferred = Array.from({ length: 12 }, () => table.slave());
    const others = Array.from({ length: 12 }, () => table.slave());
    for (const name of ["a", "b", "c"]) table.only(table.framework(name), preferred);
    table.only(table.framework("d"), others);
    const rounds = 4_000;
    const part = table.draws(rounds);
    // Of p·s_i/Σs_j slots, on average over the rounds; four binomial standard errors.
    for (const [name, weight] of Object.entries({ a: 1, b: 2, c: 3 })) {
      const slots = part(name) * 24;
      const chance = weight / 6;
      const error = 4 * Math.sqrt((12 * chance * (1 - chance)) / rounds);
      expect(Math.abs(slots - 12 * chance)).toBeLessThan(error);
    }
  });

  test("the same seed draws the same, another one otherwise", () => {
    const story = (seed: number) => {
      const table = new Table(lottery, {}, seed);
      table.slave();
      for (const name of ["a", "b", "c"]) table.framework(name);
      table.draws(200);
      return table.given.map(({ name }) => name).join("");
    };
    expect(story(7)).toBe(story(7));
    expect(story(7)).not.toBe(story(8));
  });

  test("nothing is lost: the book adds up after all draws", () => {
    const table = new Table(lottery);
    table.slave();
    for (const name of ["a", "b"]) table.framework(name);
    table.draws(100);
    expect(table.book.fault()).toBeUndefined();
    expect(table.book.free(table.book.slaves.row(1) as number)).not.toEqual(noResources);
  });
});
