import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Picture } from "../../src/cli/actors-picture.ts";
import { Mesolite, mesolite, startMaster, startSlave, temporary } from "../e2e/kit.ts";

const threads = ["main", "storage", "allocator", "master", "slaves"];

test("actors top shows the threads and actors of a cluster at work, and never what is in a message", async () => {
  using home = temporary();
  await using dev = new Mesolite(["dev", "--port", "0"], home.path);
  const [, address = ""] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  writeFileSync(join(home.path, "commands"), "echo THE-BODY; sleep 0.3\n".repeat(60));
  const work = ["framework", "run", "batch", "--master", address, "--commands", "commands"];
  await using framework = new Mesolite(work, home.path);
  await framework.printed(/running/);

  const top = ["actors", "top", "--master", address, "--once"];
  const json = await mesolite([...top, "-o", "json", "--interval", "1", "--sort", "handled"], home.path);
  expect(json.code).toBe(0);
  const shown = JSON.parse(json.stdout) as Picture;
  expect(shown.threads.map(({ thread }) => thread).sort()).toEqual([...threads].sort());
  for (const thread of shown.threads) expect(thread).toHaveProperty("lag.maxMs", expect.any(Number));
  const rates = new Map(shown.actors.map((actor) => [actor.path, actor.handledPerSecond]));
  expect(rates.get("/supervisor/master")).toBeGreaterThan(0);
  expect(rates.get("/supervisor/allocator")).toBeGreaterThan(0);
  const ordered = shown.actors.map(({ handledPerSecond }) => handledPerSecond ?? -1);
  expect(ordered).toEqual([...ordered].sort((a, b) => b - a));
  expect(shown.links.length).toBeGreaterThan(threads.length);
  expect(json.stdout).not.toMatch(/THE-BODY/);

  const table = await mesolite([...top, "--interval", "0.2", "-n", "3"], home.path);
  expect([table.code, table.stderr]).toEqual([0, ""]);
  expect(table.stdout).toMatch(/^THREAD +LAG P99 MS +MAX MS +BUSY % +HEAP MIB +ACTORS +ASKS +DEAD LETTERS$/m);
  expect(table.stdout).toMatch(/^master +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +\d+ +\d+ +\d+$/m);
  expect(table.stdout).toMatch(/^ACTOR .*\n(\/.+\n){3}and \d+ more$/m);
});

test("actors top goes on until Ctrl-C, which is no failure, and looks into slaves as well", async () => {
  using home = temporary();
  const { process: master, address } = await startMaster(home.path);
  await using _master = master;
  await using _slave = await startSlave(home.path, address, "one", "cpus:1;mem:64");
  const { slaves } = (await (await fetch(`http://${address}/state`)).json()) as {
    readonly slaves: readonly { readonly hostname: string; readonly port: number }[];
  };
  await using top = new Mesolite(
    ["actors", "top", "--master", `127.0.0.1:${slaves[0]?.port}`, "--interval", "0.1"],
    home.path,
  );
  await top.printed(/^slaves [\s\S]*^\/supervisor\/slave [\s\S]*^THREAD [\s\S]*^THREAD /m);
  top.kill("SIGINT");
  expect((await top.finished).code).toBe(0);
  expect(top.stderr).toBe("");
  expect(top.stdout).toMatch(/^LINK FROM|links?:/m);
});
