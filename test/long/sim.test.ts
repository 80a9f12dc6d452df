import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { differenceOf } from "../../src/cli/seed-run.ts";
import { sim } from "../../src/cli/sim.ts";
import { plantNames } from "../../src/sim/plants.ts";
import { mesolite, temporary } from "../e2e/kit.ts";

type Summary = { readonly results: Readonly<Record<string, number | string>> };

async function simulate(
  cwd: string,
  ...flags: string[]
): Promise<{ readonly code: number | null; readonly summary: Summary; readonly stderr: string }> {
  const { code, stdout, stderr } = await mesolite(["sim", "--json", ...flags], cwd);
  return { code, summary: JSON.parse(stdout) as Summary, stderr };
}

test("a seed does the same in another process, from another directory", async () => {
  using home = temporary();
  using elsewhere = temporary();
  const [one, two] = await Promise.all([simulate(home.path, "--seed", "77"), simulate(elsewhere.path, "--seed", "77")]);
  expect(one.summary.results["traceHash"]).toBe(two.summary.results["traceHash"]);
  const other = await simulate(home.path, "--seed", "78");
  expect(other.summary.results["traceHash"]).not.toBe(one.summary.results["traceHash"]);
});

test("seeds on several threads do the same as on one, and say how many messages they took", async () => {
  using home = temporary();
  const range = ["--seed", "1", "--seeds", "16"];
  const one = await simulate(home.path, ...range, "--threads", "1");
  const two = await simulate(home.path, ...range, "--threads", "2");
  const { messages, messagesPerSecond, stepsPerSecond, seconds, threads, ...same } = two.summary.results;
  expect(one.summary.results).toMatchObject(same);
  expect([one.summary.results["threads"], threads, one.summary.results["messages"]]).toEqual([1, 2, messages]);
  expect(Number(messagesPerSecond)).toBeGreaterThan(Number(messages) / (Number(seconds) + 0.1));
  expect(Number(messagesPerSecond) / Number(stepsPerSecond)).toBeCloseTo(Number(messages) / Number(same["steps"]), 2);
}, 60_000);

test("every bug is planted in turn, and those that no rule catches are told", async () => {
  using home = temporary();
  const { code, stdout, stderr } = await mesolite(
    ["sim", "--plant", "all", "--seed", "1", "--seeds", "1", "--json"],
    home.path,
  );
  const { results } = JSON.parse(stdout) as {
    readonly results: { readonly caught: Readonly<Record<string, unknown>>; readonly missed: readonly string[] };
  };
  expect([...Object.keys(results.caught), ...results.missed].sort()).toEqual([...plantNames].sort());
  expect(results.caught).toHaveProperty("double-offer");
  expect([code, stderr]).toEqual([1, expect.stringContaining("no rule caught skipped-rescind, ")]);
}, 120_000);

test("a planted bug is found, and the printed command finds it again", async () => {
  using home = temporary();
  const found = await simulate(home.path, "--seed", "1", "--seeds", "50", "--plant", "double-offer");
  expect(found.code).toBe(1);
  const [, command = "", hash] = /replay: mesolite (.*?) +\(trace (\w+)\)/.exec(found.stderr) ?? [];
  const replayed = await mesolite(command.split(" "), home.path);
  expect(replayed.code).toBe(1);
  expect(replayed.stderr).toContain(`(trace ${hash})`);
}, 60_000);

test("a failure is written down with less of everything, and does the same again from its file", async () => {
  using home = temporary();
  const found = await simulate(home.path, "--seed", "1", "--seeds", "50", "--plant", "skipped-rescind");
  const [name = ""] = readdirSync(join(home.path, "sim-failures"));
  const path = join(home.path, "sim-failures", name);
  const failure = JSON.parse(readFileSync(path, "utf8"));
  expect(found.stderr).toContain(`written: sim-failures/${name}`);
  expect(failure).toMatchObject({
    plant: "skipped-rescind",
    rule: "no scheduler holds an offer that is not outstanding",
    node: process.version,
    replay: `mesolite sim --replay sim-failures/${name}`,
  });
  expect(name).toBe(`${failure.traceHash}.json`);
  expect(await replay(path)).toContain(`trace ${failure.traceHash}, as it was written down`);

  // Once the bug is gone, so is the failure.
  writeFileSync(path, JSON.stringify({ ...failure, plant: undefined }));
  expect(await replay(path)).toContain("breaks no rule now");

  writeFileSync(path, JSON.stringify({ ...failure, strategy: "chess" }));
  expect(await replay(path)).toContain(`cannot replay ${path}: strategy: `);
}, 60_000);

/** Everything that the replay of a failure's file says. */
async function replay(path: string): Promise<string> {
  const said: string[] = [];
  const hear = (text: unknown) => {
    said.push(String(text));
    return true;
  };
  const spies = [process.stderr, process.stdout].map((stream) => vi.spyOn(stream, "write").mockImplementation(hear));
  try {
    await sim({ seeds: 1, json: false, replay: path });
  } catch (error) {
    said.push(error instanceof Error ? error.message : String(error));
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return said.join("");
}

test.each([
  { once: ["a", "b"], twice: ["a", "b"], difference: undefined },
  { once: ["a", "b"], twice: ["a", "c"], difference: /step 2 .* after a\n.*: +b\n.*: c/ },
  { once: ["a"], twice: ["a", "b"], difference: /step 2 .* after a\n.* the run was over\n.*: b/ },
  { once: ["a"], twice: ["b"], difference: /step 1 .* after the start/ },
])("two runs are compared step by step: $once and $twice", ({ once, twice, difference }) => {
  if (difference === undefined) expect(differenceOf(once, twice)).toBeUndefined();
  else expect(differenceOf(once, twice)).toMatch(difference);
});
