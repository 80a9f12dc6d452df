/** Whatever a user's policy does in the allocator's thread, the master, its tasks and its answers go on. */

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { devSlaves, threadBackoff } from "../../src/cli/dev.ts";
import { FrameworkProcess } from "../../src/cli/framework-process.ts";
import { LocalCluster } from "../../src/cli/local-cluster.ts";
import type { BatchRow } from "../../src/frameworks/batch/batch.ts";
import { masterTestScale } from "../../src/master/config.ts";
import { slaveTestScale } from "../../src/slave/config.ts";
import { Mesolite, mesolite, temporary, until } from "../e2e/kit.ts";

const slaves = 2;

/** A cluster whose allocator has this policy, and the port of its HTTP door. */
async function clusterWith(directory: string, source: string): Promise<{ cluster: LocalCluster; port: number }> {
  const file = join(directory, "policy.mjs");
  writeFileSync(file, source);
  const cluster = new LocalCluster({ node: "test", logLevel: "error", prettyLog: false });
  onTestFinished(() => cluster.close());
  await cluster.startMaster({ config: masterTestScale, allocator: file });
  const config = { ...slaveTestScale, registration: threadBackoff };
  const plans = devSlaves(slaves, { cpus: 2_000, mem: 1_024_000 });
  await cluster.startSlaves({ master: "thread:master", slaves: plans, config });
  const { port } = await cluster.openGateway({ port: 0 }, slaves);
  await until(() => (cluster.registeredSlaves === slaves ? true : undefined));
  return { cluster, port };
}

/** How often the supervisor of a thread has started its child again. */
async function restarts(cluster: LocalCluster, thread: string): Promise<number> {
  return Number(await cluster.threads.inspect(thread, "supervisor"));
}

/** Runs the commands as tasks of one cpu, and answers how often each was tried. */
async function attempts(cluster: LocalCluster, commands: readonly string[]): Promise<readonly number[]> {
  const rows: BatchRow[] = [];
  const resources = { cpus: 1_000, mem: 32_000 };
  const framework = new FrameworkProcess(cluster, {
    behaviour: "batch",
    master: "thread:master",
    options: { commands: commands.map((command) => ({ command, resources })) },
    events: { record: (row) => rows.push(row as unknown as BatchRow) },
  });
  expect((await framework.ended).ending.kind).toBe("done");
  return rows.filter(({ state }) => state === "finished").map((row) => row.attempts);
}

test("a policy that throws now and then costs no offer and no task: the allocator learns the master's book again", {
  timeout: 60_000,
}, async () => {
  using home = temporary();
  const source = `let calls = 0;
    export const policy = {
      name: "clumsy",
      rank({ share }) {
        if ([10, 30, 50, 51, 70].includes(++calls)) throw new Error("call " + calls);
        return share;
      },
    };`;
  const { cluster } = await clusterWith(home.path, source);
  const work = Array(30).fill("true");
  for (const tried of await Promise.all([attempts(cluster, work), attempts(cluster, work)])) {
    expect(tried).toEqual(Array(30).fill(1));
  }
  expect(await restarts(cluster, "allocator")).toBeGreaterThanOrEqual(3);
  // The whole cluster at once: nothing of it was lost; and the master, which would fail over an offer made twice, has not.
  const whole = attempts(cluster, Array(2 * slaves).fill("sleep 1"));
  const running = () => [...cluster.view.rows.tasks.values()].filter(({ status }) => status.state === "running").length;
  await until(() => (running() === 2 * slaves ? true : undefined));
  expect(await whole).toEqual(Array(2 * slaves).fill(1));
  expect(await restarts(cluster, "master")).toBe(0);
  await until(() => {
    const { slaves: rows, offers } = cluster.view.rows;
    const idle = [...rows.values()].every(({ used, offered }) => Object.keys({ ...used, ...offered }).length === 0);
    return idle && offers.size === 0 ? true : undefined;
  });
});

test("a policy that always throws takes nothing with it: tasks end, HTTP answers, and it is tried again ever more seldom", {
  timeout: 120_000,
}, async () => {
  using home = temporary();
  const broken = join(home.path, "broken");
  const source = `import { existsSync } from "node:fs";
    export const policy = {
      name: "moody",
      rank({ share }) {
        if (existsSync(${JSON.stringify(broken)})) throw new Error("not in the mood");
        return share;
      },
    };`;
  writeFileSync(join(home.path, "moody.mjs"), source);
  const flags = ["--port", "0", "--slaves", "1", "--allocator", "./moody.mjs", "--timeouts", "test"];
  await using dev = new Mesolite(["dev", ...flags, "--log-level", "warn"], home.path);
  const [, master = ""] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  const said = (pattern: RegExp) => dev.stderr.split("\n").filter((line) => pattern.test(line));
  const failures = () => said(/"msg":"failed: Error: not in the mood"/);

  const early = mesolite(["run", "--master", master, "--", "sleep", "5"], home.path);
  const states = async () => (await mesolite(["ps", "--master", master, "-o", "json"], home.path)).stdout;
  await until(async () => (/running/i.test(await states()) ? true : undefined));
  writeFileSync(broken, "");
  const late = mesolite(["run", "--master", master, "--", "echo", "at last"], home.path);
  // More often than a supervisor allows an actor of ours before it gives up its thread.
  await until(async () => {
    expect((await fetch(`http://${master}/health`)).status).toBe(200);
    return failures().length >= 7 ? true : undefined;
  }, 60_000);
  expect(await early).toMatchObject({ code: 0 });
  expect(dev.child.exitCode).toBeNull();

  const times = failures().map((line) => Date.parse(String(JSON.parse(line).time)));
  expect((times.at(-1) as number) - (times[0] as number)).toBeGreaterThan(1_000);
  rmSync(broken);
  expect(await late).toMatchObject({ code: 0, stdout: "at last\n" });
  expect(said(/"msg":"restarting allocator"/).length).toBe(failures().length);
  expect(said(/is lost|started again/)).toEqual([]);
});

/** What the waits of a request beside a policy that blocks must not exceed, in milliseconds. */
const delayMsMax = 50;
/** Whoever waits for the allocator waits for a second each time; a machine that is busy is not so three times in a row. */
const tries = 3;

test("a policy that takes a second over a rank delays neither the master's pings nor its answers", {
  timeout: 60_000,
}, async () => {
  using home = temporary();
  const [block, story] = [join(home.path, "block"), join(home.path, "story")];
  const source = `import { existsSync, rmSync, writeFileSync } from "node:fs";
    export const policy = {
      name: "slow",
      rank({ share }) {
        if (!existsSync(${JSON.stringify(block)})) return share;
        rmSync(${JSON.stringify(block)});
        const begun = Date.now();
        while (Date.now() < begun + 1_000);
        writeFileSync(${JSON.stringify(story)}, JSON.stringify([begun, Date.now()]));
        return share;
      },
    };`;
  const { cluster, port } = await clusterWith(home.path, source);
  const worst: number[] = [];
  for (let attempt = 0; attempt < tries && !worst.some((ms) => ms <= delayMsMax); attempt++) {
    writeFileSync(block, "");
    rmSync(story, { force: true });
    // Its offers are what the policy is asked about.
    const work = attempts(cluster, ["true"]);
    const waits = await waitsUntil(port, () => existsSync(story));
    const [begun, ended] = JSON.parse(readFileSync(story, "utf8")) as [number, number];
    const beside = waits.filter(({ fromMs, untilMs }) => fromMs >= begun && untilMs <= ended + delayMsMax);
    expect(beside.length).toBeGreaterThan(5);
    worst.push(Math.max(...beside.map(({ waitedMs }) => waitedMs)));
    expect(await work).toEqual([1]);
  }
  expect(Math.min(...worst)).toBeLessThanOrEqual(delayMsMax);
  expect(cluster.registeredSlaves).toBe(slaves);
});

type Wait = { readonly fromMs: number; readonly untilMs: number; readonly waitedMs: number };

/** Asks for what is answered from the view, and for what the master's own actor answers, and notes how long it took. */
async function waitsUntil(port: number, over: () => boolean): Promise<readonly Wait[]> {
  const waits: Wait[] = [];
  const teardown = { type: "TEARDOWN", teardown: { framework_id: { value: "nobody" } } };
  while (!over()) {
    const fromMs = Date.now();
    const begun = performance.now();
    const read = fetch(`http://127.0.0.1:${port}/slaves`).then((response) => response.text());
    const write = fetch(`http://127.0.0.1:${port}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(teardown),
    });
    expect((await write).status).toBe(400);
    await read;
    waits.push({ fromMs, untilMs: Date.now(), waitedMs: performance.now() - begun });
    await pause(10);
  }
  return waits;
}
