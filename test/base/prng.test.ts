import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";

const draw = (prng: Prng, count: number) => Array.from({ length: count }, () => prng.u32());

test("a seed draws the same numbers on every machine and in every release", () => {
  expect(draw(new Prng(42), 6)).toEqual([
    4_024_258_291, 3_914_393_615, 3_426_634_639, 860_550_857, 4_283_212_333, 4_077_622_807,
  ]);
  expect(draw(new Prng("mesolite/network"), 3)).toEqual([3_009_980_630, 1_711_843_402, 2_694_410_518]);
});

test("a number and its text are the same seed", () => {
  expect(draw(new Prng(7), 4)).toEqual(draw(new Prng("7"), 4));
});

test("neighbouring seeds and labels share nothing", () => {
  const streams = [...Array(200).keys()].flatMap((seed) => [new Prng(seed), new Prng(0).split(`slave-${seed}`)]);
  const firsts = new Set(streams.map((stream) => stream.u32()));
  expect(firsts.size).toBe(streams.length);
});

test("drawing from one stream never shifts another", () => {
  const quiet = new Prng("seed");
  const busy = new Prng("seed");
  draw(busy, 1_000);
  draw(busy.split("disk"), 1_000);
  expect(draw(busy.split("network"), 8)).toEqual(draw(quiet.split("network"), 8));
});

test("a split is a function of the labels on its way", () => {
  const once = new Prng("seed").split("a").split("b");
  expect(draw(once, 4)).toEqual(draw(new Prng("seed/a/b"), 4));
  expect(draw(new Prng("seed").split("b").split("a"), 4)).not.toEqual(draw(new Prng("seed/a/b"), 4));
});

test("int covers its range evenly and never reaches its bound", () => {
  const prng = new Prng("dice");
  const tally = new Array<number>(6).fill(0);
  for (let roll = 0; roll < 60_000; roll++) {
    const face = prng.int(6);
    tally[face] = (tally[face] ?? Number.NaN) + 1;
  }
  // Ten standard deviations (91 each) around 10 000.
  for (const count of tally) expect(Math.abs(count - 10_000)).toBeLessThan(910);
  expect(tally).toHaveLength(6);
});

test("unit stays in [0, 1), and chance keeps its two certainties", () => {
  const prng = new Prng("unit");
  for (let index = 0; index < 10_000; index++) {
    const unit = prng.unit();
    expect(unit >= 0 && unit < 1).toBe(true);
  }
  expect(Array.from({ length: 100 }, () => prng.chance(0))).not.toContain(true);
  expect(Array.from({ length: 100 }, () => prng.chance(1))).not.toContain(false);
});
