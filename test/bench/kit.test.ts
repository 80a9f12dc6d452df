import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { figure, interleaved, median, ratio, Subject } from "../../bench/kit.ts";

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
    subjects.flatMap((subject) => (subject === undefined ? [] : [{ name: subject.name, subject, shape: "work" }])),
    { steps: 10, rounds: 3 },
  );
  for (const subject of subjects) subject?.stop();
  expect(Object.entries(figures).map(([name, { rounds }]) => [name, rounds.length])).toEqual([
    ["a", 3],
    ["b", 3],
  ]);
});

test("a ratio is of neighbouring rounds: the machine's mood cancels out", () => {
  expect(ratio(figure([10, 20, 40]), figure([5, 10, 20]))).toBe(2);
  expect(ratio(figure([1]), undefined)).toBeUndefined();
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});
