import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAlive, Mesolite, startMaster, startSlave, temporary, until } from "./kit.ts";

type Row = { readonly index: number; readonly state: string; readonly pid: number; readonly attempts: number };

const commands = 60;

test("the master is killed in the middle of a batch and comes back: the same processes go on, each is told once", async () => {
  using home = temporary();
  const lines = Array.from({ length: commands }, (_, index) => `echo $$ >> ${home.path}/pid-${index}; sleep 3`);
  writeFileSync(join(home.path, "commands"), lines.join("\n"));
  const before = await startMaster(home.path);
  await using first = before.process;
  const port = Number(before.address.split(":")[1]);
  await using _one = await startSlave(home.path, before.address, "one", "cpus:3;mem:2048");
  await using _two = await startSlave(home.path, before.address, "two", "cpus:3;mem:2048");
  const flags = ["--master", before.address, "--commands", "commands", "--json"];
  await using run = new Mesolite(["framework", "run", "batch", ...flags], home.path);

  const pids = await until(() => (startedPids(home.path).length >= commands / 2 ? startedPids(home.path) : undefined));
  first.kill("SIGKILL");
  await first.finished;
  expect(pids.filter((pid) => !isAlive(pid))).toEqual([]);
  await using _again = (await startMaster(home.path, port)).process;
  const { code, stdout } = await run.finished;
  expect(code).toBe(0);
  const { rows } = JSON.parse(stdout) as { readonly rows: readonly Row[] };
  expect(rows.map(({ index }) => index).sort((a, b) => a - b)).toEqual(
    Array.from({ length: commands }, (_, index) => index),
  );
  expect(rows.filter(({ state }) => state !== "finished")).toEqual([]);
  for (const { index, pid } of rows) expect(readFileSync(join(home.path, `pid-${index}`), "utf8")).toBe(`${pid}\n`);
});

function startedPids(directory: string): readonly number[] {
  const files = readdirSync(directory).filter((name) => name.startsWith("pid-"));
  return files.map((name) => Number(readFileSync(join(directory, name), "utf8"))).filter((pid) => pid > 0);
}
