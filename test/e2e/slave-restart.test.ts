import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Mesolite, mesolite, startMaster, startSlave, temporary, until } from "./kit.ts";

type Row = { readonly index: number; readonly state: string; readonly attempts: number };

test("a killed slave comes back as itself: what it had started is ended, reported and run again", async () => {
  using home = temporary();
  const { process: master, address } = await startMaster(home.path);
  await using _master = master;
  const before = await startSlave(home.path, address, "slave", "cpus:1;mem:512");
  await using first = before;
  const [, id] = await first.printed(/registered as ([\w-]+)/);
  writeFileSync(join(home.path, "commands"), `echo $$ >> ${home.path}/pids; sleep 4\n`.repeat(3));
  const flags = ["--master", address, "--commands", "commands", "--json"];
  await using run = new Mesolite(["framework", "run", "batch", ...flags], home.path);
  const pids = () =>
    readdirSync(home.path).includes("pids") ? readFileSync(join(home.path, "pids"), "utf8").trim().split("\n") : [];
  const started = await until(() => (pids().length === 3 ? pids() : undefined));
  first.kill("SIGKILL");
  await first.finished;

  await using again = await startSlave(home.path, address, "slave", "cpus:1;mem:512");
  expect((await again.printed(/registered as ([\w-]+)/))[1]).toBe(id);
  await until(() => (started.some((pid) => readdirSync("/proc").includes(pid)) ? undefined : true));
  const { code, stdout } = await run.finished;
  expect(code).toBe(0);
  const { rows } = JSON.parse(stdout) as { readonly rows: readonly Row[] };
  expect(rows.map(({ state, attempts }) => [state, attempts])).toEqual(Array(3).fill(["finished", 2]));
  expect(pids().length).toBe(6);
  const slaves = await mesolite(["slave", "list", "--master", address, "-o", "json"], home.path);
  expect((JSON.parse(slaves.stdout) as unknown[]).length).toBe(1);
});
