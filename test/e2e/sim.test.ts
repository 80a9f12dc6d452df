import { expect, test } from "vitest";
import { mesolite, temporary } from "./kit.ts";

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

test("a planted bug is found, and the printed command finds it again", async () => {
  using home = temporary();
  const found = await simulate(home.path, "--seed", "1", "--seeds", "50", "--plant", "double-offer");
  expect(found.code).toBe(1);
  const [, command = "", hash] = /replay: mesolite (.*?) +\(trace (\w+)\)/.exec(found.stderr) ?? [];
  const replayed = await mesolite(command.split(" "), home.path);
  expect(replayed.code).toBe(1);
  expect(replayed.stderr).toContain(`(trace ${hash})`);
});
