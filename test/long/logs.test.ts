import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Mesolite, mesolite, temporary, until } from "../e2e/kit.ts";

async function startDev(cwd: string): Promise<{ readonly dev: Mesolite; readonly master: readonly string[] }> {
  const dev = new Mesolite(["dev", "--port", "0", "--slaves", "1"], cwd);
  const [, address = ""] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  return { dev, master: ["--master", address] };
}

async function taskIds(cwd: string, master: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await mesolite(["ps", "--all", "-o", "json", ...master], cwd);
  return JSON.parse(stdout).map((task: { readonly task_id: { readonly value: string } }) => task.task_id.value);
}

describe("mesolite logs", () => {
  test("prints what a task has written to either stream, also after its end", async () => {
    using home = temporary();
    const { dev, master } = await startDev(home.path);
    await using _dev = dev;
    await mesolite(["run", ...master, "--", "sh", "-c", "echo out; echo err >&2"], home.path);
    const [task = ""] = await taskIds(home.path, master);
    const logs = async (...flags: string[]) => await mesolite(["logs", ...master, ...flags, task], home.path);
    expect(await logs()).toEqual({ code: 0, stdout: "out\n", stderr: "" });
    expect(await logs("--stderr")).toEqual({ code: 0, stdout: "err\n", stderr: "" });
    expect(await logs("-f")).toEqual({ code: 0, stdout: "out\n", stderr: "" });
    const stranger = await logs("--framework", "nobody");
    expect([stranger.code, stranger.stderr]).toEqual([4, expect.stringMatching(/no task \S+ of framework nobody/)]);
  });

  test("follows a task until it has ended, to the last byte", async () => {
    using home = temporary();
    const { dev, master } = await startDev(home.path);
    await using _dev = dev;
    const go = join(home.path, "go");
    const script = `echo first; until [ -e ${go} ]; do sleep 0.05; done; printf last`;
    await using run = new Mesolite(["run", ...master, "--", "sh", "-c", script], home.path);
    await run.printed(/first/);
    const [task = ""] = await taskIds(home.path, master);
    await using logs = new Mesolite(["logs", ...master, "-f", task], home.path);
    await logs.printed(/first/);
    expect([logs.child.exitCode, existsSync(go)]).toEqual([null, false]);
    const once = await mesolite(["logs", ...master, task], home.path);
    expect(once).toEqual({ code: 0, stdout: "first\n", stderr: "" });
    writeFileSync(go, "");
    expect(await logs.finished).toEqual({ code: 0, stdout: "first\nlast", stderr: "" });
  });

  test("fails with 4 when there is no such task, and with 5 when there is no master", async () => {
    using home = temporary();
    const { dev, master } = await startDev(home.path);
    await using _dev = dev;
    const nobody = await mesolite(["logs", ...master, "nope"], home.path);
    expect([nobody.code, nobody.stderr]).toEqual([4, expect.stringMatching(/no task nope is known/)]);
    await dev[Symbol.asyncDispose]();
    const alone = await until(async () => {
      const asked = await mesolite(["logs", ...master, "nope"], home.path);
      return asked.code === 5 ? asked : undefined;
    });
    expect(alone.stderr).toMatch(/no master at/);
  });
});
