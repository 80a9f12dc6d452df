import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { Mesolite, mesolite, temporary } from "../e2e/kit.ts";

/** A whole cluster whose HTTP doors know nobody but ada, as people start it. */

const canary = "CANARY-b1946ac9";

test("with authentication on, those with a credential work as before and others learn what they lack", async () => {
  using home = temporary();
  const file = (name: string, text: string) => {
    const path = join(home.path, name);
    writeFileSync(path, text);
    chmodSync(path, 0o600);
    return path;
  };
  const ada = file("ada", `ada ${canary}\n`);
  const eve = file("eve", '{"credentials":[{"principal":"eve","secret":"guess"}]}');
  const access = ["--credentials", ada, "--authenticate-http-readonly"];
  const scale = ["--timeouts", "test", "--log-level", "debug"];
  const all = [...access, "--authenticate-http-readwrite", "--authenticate-http-frameworks"];
  await using master = new Mesolite(["master", "--port", "0", "--data", "master", ...all, ...scale], home.path);
  const [, address = ""] = await master.printed(/ready: http:\/\/(\S+)/);
  const slaveArgs = ["--port", "0", "--work-dir", "work", "--resources", "cpus:2;mem:256", ...access, ...scale];
  await using slave = new Mesolite(["slave", "--master", address, ...slaveArgs], home.path);
  await slave.printed(/registered as/);

  const ask = (args: readonly string[], credential: readonly string[], rest: readonly string[] = []) =>
    mesolite([...args, "--master", address, ...credential, ...rest], home.path);
  const run = await ask(["run"], ["--credential", ada], ["--", "sh", "-c", "echo hello; exit 3"]);
  expect([run.code, run.stdout, run.stderr]).toEqual([3, "hello\n", ""]);
  const listed = await ask(["ps", "--all"], ["--credential", ada]);
  expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining("failed")]);
  const endless = ["run", "--master", address, "--credential", ada, "--", "sh", "-c", "echo begun; sleep 1000"];
  await using stopped = new Mesolite(endless, home.path);
  await stopped.printed(/begun/);
  stopped.kill("SIGINT");
  expect(await Promise.race([stopped.finished, pause(10_000)])).toMatchObject({ code: expect.any(Number) });
  for (const { args, rest } of [
    { args: ["ps"], rest: [] },
    { args: ["slave", "list"], rest: [] },
    { args: ["actors", "top", "--once"], rest: [] },
    { args: ["run"], rest: ["--", "true"] },
  ]) {
    const stranger = await ask(args, [], rest);
    expect([args, stranger.code]).toEqual([args, 6]);
    expect(stranger.stderr).toMatch(/--credential FILE/);
    const other = await ask(args, ["--credential", eve], rest);
    expect([args, other.code]).toEqual([args, 6]);
    expect(other.stderr).toMatch(/no such principal, or another secret.*asked as eve/);
  }
  const printed = master.stdout + master.stderr + slave.stdout + slave.stderr + run.stderr + listed.stdout;
  expect(printed).not.toContain(canary);
});
