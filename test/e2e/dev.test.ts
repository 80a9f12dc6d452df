import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { Mesolite, mesolite, temporary, until } from "./kit.ts";

async function startDev(
  cwd: string,
  ...flags: string[]
): Promise<{ readonly dev: Mesolite; readonly address: string }> {
  const dev = new Mesolite(["dev", "--port", "0", ...flags], cwd);
  const [, address = ""] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  return { dev, address };
}

/** Pids of processes whose command line begins with these words. */
function processesWith(words: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").startsWith(words);
      } catch {
        return false;
      }
    })
    .map(Number);
}

test("says why a framework is not offered slaves, and why resources are idle", async () => {
  using home = temporary();
  const { dev, address } = await startDev(home.path, "--slaves", "2", "--resources", "cpus:2;mem:512");
  await using _dev = dev;
  const master = ["--master", address];
  await using run = new Mesolite(["run", ...master, "--cpus", "1.5", "--", "sh", "-c", "echo up; sleep 60"], home.path);
  await run.printed(/up/);
  const json = await mesolite(["why-idle", ...master, "-o", "json"], home.path);
  const { total, running, idle } = JSON.parse(json.stdout);
  expect({ total, running, idle }).toMatchObject({ total: { cpus: 4 }, running: { cpus: 1.5 }, idle: { cpus: 2.5 } });
  const table = await mesolite(["why-idle", ...master], home.path);
  expect(table.stdout).toMatch(/^ {2}cpus:2\.5 mem:\d+ +idle, which is$/m);
  const not = await mesolite(["why-not", "run", "--need", "cpus:1,mem:64", ...master], home.path);
  expect(not.stdout).toMatch(/^run \(\S+\), 2 slaves\n\nin role \*, .*\n {2}2 slaves {2}\S.*\n {12}→ /);
  const nobody = await mesolite(["why-not", "nobody", ...master], home.path);
  expect(nobody).toEqual({
    code: 4,
    stdout: "",
    stderr: 'mesolite: no framework has the id or the name "nobody"\n',
  });
  const odd = await mesolite(["why-not", "run", "--need", "much", ...master], home.path);
  expect(odd.stderr).toMatch(/'--need <list>' argument 'much' is invalid\. "much" is not name:value/);
});

describe("a development cluster", () => {
  test("runs a command: both streams come out where they belong, and the exit code is the task's", async () => {
    using home = temporary();
    const { dev, address } = await startDev(home.path);
    await using _dev = dev;
    const run = await mesolite(
      ["run", "--master", address, "--", "sh", "-c", "echo out; echo err >&2; exit 3"],
      home.path,
    );
    expect(run).toEqual({ code: 3, stdout: "out\n", stderr: "err\n" });
    const killed = await mesolite(["run", "--master", address, "--", "sh", "-c", "kill -9 $$"], home.path);
    expect(killed.code).toBe(137);
    const many = await mesolite(
      ["run", "--master", address, "--instances", "5", "--env", "WHO=me", "--", "printenv", "WHO"],
      home.path,
    );
    expect(many).toEqual({ code: 0, stdout: "me\n".repeat(5), stderr: "" });
    const long = await mesolite(["run", "--master", address, "--", "seq", "1", "300000"], home.path);
    expect(long.stdout.length).toBe(1_988_895);
    expect(long.stdout.endsWith("\n300000\n")).toBe(true);
  });

  test("shows its tasks, offers and slaves, and says when something cannot be placed", async () => {
    using home = temporary();
    const { dev, address } = await startDev(home.path, "--slaves", "2", "--resources", "cpus:1;mem:512");
    await using _dev = dev;
    await mesolite(["run", "--master", address, "--name", "greeting", "--", "echo", "hello"], home.path);
    const ps = await mesolite(["ps", "--all", "--master", address], home.path);
    expect(ps.stdout).toMatch(/^TASK +STATE +FRAMEWORK +SLAVE +NAME\n\S+ +finished +\S+ +\S+ +greeting\n$/);
    const slaves = await mesolite(["slave", "list", "--master", address, "-o", "json"], home.path);
    expect((JSON.parse(slaves.stdout) as unknown[]).length).toBe(2);
    const offers = await mesolite(["offers", "--master", address, "-o", "json"], home.path);
    expect(JSON.parse(offers.stdout)).toEqual([]);
    const large = await mesolite(["run", "--master", address, "--cpus", "64", "--", "true"], home.path);
    expect(large).toEqual({ code: 3, stdout: "", stderr: "mesolite: needs cpus:64, the largest slave has cpus:1\n" });
  });

  test("leaves no process behind on Ctrl-C, nor does a client that is interrupted", async () => {
    using home = temporary();
    const { dev, address } = await startDev(home.path);
    await using run = new Mesolite(
      ["run", "--master", address, "--", "sh", "-c", "sleep 987.5 & sleep 987.5"],
      home.path,
    );
    await until(() => (processesWith("sleep 987.5").length >= 2 ? true : undefined));
    run.kill("SIGINT");
    expect((await run.finished).code).not.toBe(0);
    await until(() => (processesWith("sleep 987.5").length === 0 ? true : undefined));
    await using _again = new Mesolite(["run", "--master", address, "--", "sleep", "986.5"], home.path);
    await until(() => (processesWith("sleep 986.5").length > 0 ? true : undefined));
    dev.kill("SIGINT");
    expect((await dev.finished).code).toBe(0);
    expect(processesWith("sleep 986.5")).toEqual([]);
  });

  test("names whoever holds its port, and leaves nothing half-started", async () => {
    using home = temporary();
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const dev = await mesolite(["dev", "--port", String(port)], home.path);
    server.close();
    expect(dev.code).toBe(1);
    expect(dev.stdout).toBe("");
    expect(dev.stderr).toMatch(new RegExp(`^mesolite: port ${port} is in use by .*pid ${process.pid}\\).*--port\n$`));
  });
});
