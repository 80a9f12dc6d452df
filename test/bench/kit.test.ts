import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { Cast, interleaved, median, percentile, ratio, Subject, spread } from "../../bench/kit.ts";

const home = mkdtempSync(join(tmpdir(), "mesolite-bench-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function module(name: string, source: string): URL {
  const path = join(home, `${name}.mjs`);
  writeFileSync(path, source);
  return pathToFileURL(path);
}

test("a subject that did not do all of its work has no figure", async () => {
  const subject = await Subject.start("lazy", module("lazy", "export const shapes = { work: (n) => n - 1 };"));
  await expect(subject?.round("work", 10)).rejects.toThrow("lazy did not do 10 steps of work");
  subject?.stop();
});

test("a subject that fails says why, and one that is not installed is left out", async () => {
  const subject = await Subject.start(
    "broken",
    module("broken", "export const shapes = { work: () => { throw new Error('out of luck'); } };"),
  );
  await expect(subject?.round("work", 10)).rejects.toThrow("out of luck");
  subject?.stop();
  expect(await Subject.start("absent", module("absent", "import 'no-such-package';"))).toBeUndefined();
});

test("subjects take turns, and rounds of the warm-up do not count", async () => {
  const source = "export const shapes = { work: (n) => n };";
  const subjects = [await Subject.start("a", module("a", source)), await Subject.start("b", module("b", source))];
  const figures = await interleaved(
    subjects.flatMap((subject) =>
      subject === undefined ? [] : [{ name: subject.name, subject, shape: "work", steps: 10 }],
    ),
    3,
  );
  for (const subject of subjects) subject?.stop();
  expect(Object.entries(figures).map(([name, { rounds }]) => [name, rounds.length])).toEqual([
    ["a", 3],
    ["b", 3],
  ]);
});

test("a ratio is of neighbouring rounds: the machine's mood cancels out", () => {
  expect(ratio(spread([10, 20, 40]), spread([5, 10, 20]))).toBe(2);
  expect(ratio(spread([1]), undefined)).toBeUndefined();
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});

test("the share of steps that a percentile names took no longer than it", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([percentile(hundred, 50), percentile(hundred, 99), percentile([7], 1)]).toEqual([50, 99, 7]);
});

test("a subject is given things, says its facts, and tells how long single steps took", async () => {
  const source = `
    export const facts = { port: JSON.parse(process.argv[3]).port + 1 };
    export const shapes = { work: (n) => ({ done: n, latenciesMs: [0.001, 0.002, 0.005] }) };
  `;
  const subject = await Subject.start("timed", module("timed", source), { port: 1 });
  expect(subject?.facts).toEqual({ port: 2 });
  expect(await subject?.round("work", 3)).toMatchObject({ p50Micros: 2, p99Micros: 5 });
  subject?.stop();
});

test("a subject with a fault of its own is not taken for one that is not installed", async () => {
  const faulty = module("faulty", "throw new Error('out of luck');");
  await expect(Subject.start("faulty", faulty)).rejects.toThrow("faulty does not start: Error: out of luck");
});

test("of two processes the far one tells the near one where it is", async () => {
  const far = module("far", "export const facts = 7; export const shapes = {};");
  const near = module(
    "near",
    "const { far } = JSON.parse(process.argv[3]); export const shapes = { work: () => far };",
  );
  using cast = new Cast();
  await cast.startPair("pair", far, near);
  await cast.startPair("half", far, module("half", "import 'no-such-package';"));
  expect(await cast.subjects["pair"]?.round("work", 7)).toBeDefined();
  expect(cast.missing.map(({ name }) => name)).toEqual(["half"]);
});
