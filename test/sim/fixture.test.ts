import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { batch } from "../../src/frameworks/batch/batch.ts";
import { defineScheduler, type SchedulerDefinition } from "../../src/frameworks/scheduler.ts";
import { TaskId } from "../../src/protocol/ids.ts";
import { simulateCluster } from "../../src/sim/fixture.ts";

const small = { cpus: 1_000, mem: 64_000 };

/** Launches one simulated task and ends with it. */
function single(durationMs: number): SchedulerDefinition {
  let launched = false;
  return defineScheduler({
    name: "single",
    resourceOffers([offer], driver) {
      if (launched || offer === undefined) return;
      launched = true;
      const work = { simulated: { durationMs, outcome: "finished" as const } };
      const task = { taskId: TaskId("only"), name: "only", slaveId: offer.slaveId, resources: small, ...work };
      driver.replyToOffer([offer.id], [task]);
    },
    statusUpdate(status, driver) {
      if (status.state === "finished") driver.stop({ kind: "done", result: null });
    },
  });
}

test("a task runs and ends in virtual time", async () => {
  await using cluster = await simulateCluster({ slaves: 2 });
  expect(cluster.slaves().map(({ name, state }) => [name, state])).toEqual(
    expect.arrayContaining([
      ["slave-0", "registered"],
      ["slave-1", "registered"],
    ]),
  );
  const framework = cluster.run(() => single(3_600_000));
  await cluster.clock.advance(2_000);
  const begun = cluster.clock.now();
  expect(cluster.tasks()).toMatchObject([{ taskId: "only", state: "running", frameworkId: framework.id }]);
  expect(framework.inspect()?.tasks.get(TaskId("only"))?.state).toBe("running");
  await cluster.clock.advance(3_600_000.25);
  expect(cluster.clock.now()).toBe(begun + 3_600_000.25);
  expect(framework.ended).toEqual({ kind: "done", result: null });
  expect(framework.inspect()).toBeUndefined();
  await cluster.settle();
  expect([cluster.tasks(), cluster.offers()]).toEqual([[], []]);
});

test("a cluster is there in less than 50 ms", async () => {
  await using _warm = await simulateCluster({ slaves: 2 });
  const times: number[] = [];
  for (let count = 0; count < 5; count++) {
    const begun = performance.now();
    await using _cluster = await simulateCluster({ slaves: 2 });
    times.push(performance.now() - begun);
  }
  expect(Math.min(...times)).toBeLessThan(50);
});

test("the bundled batch runs, and its programs do what the test says", async () => {
  const command = ({ argv }: { readonly argv: readonly string[] }) => ({
    takesMs: 500,
    status: argv[2] === "false" ? 1 : 0,
  });
  await using cluster = await simulateCluster({
    frameworks: [() => batch({ commands: [{ command: "true" }, { command: "false" }] })],
    programs: { command },
  });
  const other = cluster.run(() => batch({ commands: [{ command: "true" }] }));
  await cluster.until(() => other.ended !== undefined);
  expect(other.ended).toMatchObject({ kind: "done", result: { succeeded: 1, failed: 0 } });
  expect(other.records).toMatchObject([{ name: "true", state: "finished", exit: { status: 0 } }]);
});

test("slaves whose resources are reserved run what is given to them", async () => {
  const reserved = { "cpus(ads)": 1_000, cpus: 500, "mem(ads)": 1_024_000 };
  await using cluster = await simulateCluster({ slaves: [reserved, reserved] });
  const command = { resources: { cpus: 1_200, mem: 64_000 }, command: "true" };
  const framework = cluster.run(() => batch({ role: "ads", commands: Array(6).fill(command) }));
  await cluster.until(() => framework.ended !== undefined);
  expect(framework.ended).toMatchObject({ kind: "done", result: { succeeded: 6, failed: 0 } });
});

test("programs return what the test says, and obey when they are killed", async () => {
  const heard: string[] = [];
  const mixed = () => {
    let launched = false;
    return defineScheduler({
      name: "mixed",
      resourceOffers([offer], driver) {
        if (launched || offer === undefined) return;
        launched = true;
        const each = { slaveId: offer.slaveId, resources: small };
        const square = { module: "squares.ts", export: "square", args: 7 };
        driver.replyToOffer(
          [offer.id],
          [
            { taskId: TaskId("called"), name: "called", ...each, function: square },
            { taskId: TaskId("killed"), name: "killed", ...each, command: { shell: true, value: "sleep infinity" } },
          ],
        );
        driver.after("kill", 5_000, () => driver.killTask(TaskId("killed")));
      },
      statusUpdate({ taskId, state, data, exit }) {
        if (state !== "running") heard.push(`${taskId} ${state} ${JSON.stringify(data ?? exit)}`);
      },
    });
  };
  await using cluster = await simulateCluster({
    programs: {
      command: () => ({ takesMs: 1e9, status: 0 }),
      function: ({ args }) => ({ takesMs: 100, value: Number(args) ** 2 }),
    },
  });
  cluster.run(mixed);
  await cluster.clock.advance(10_000);
  expect(heard).toEqual(["called finished 49", 'killed killed {"signal":"SIGTERM"}']);
});

test("a silent slave is given up after 75 s, and comes back when it can be heard", async () => {
  await using cluster = await simulateCluster({ slaves: 2 });
  const framework = cluster.run(() => single(1_000_000));
  await cluster.settle();
  await cluster.clock.advance(1_000);
  const [task] = cluster.tasks();
  const slave = task?.slave ?? "";
  cluster.net.partition(slave, "master");
  await cluster.clock.advance(60_000);
  expect(cluster.slaves().map(({ name, state }) => [name, state])).toContainEqual([slave, "disconnected"]);
  await cluster.clock.advance(40_000);
  expect(cluster.slaves().map(({ name }) => name)).not.toContain(slave);
  expect(framework.story.join("\n")).toMatch(/hears that only is (unreachable|lost)/);
  cluster.net.heal(slave, "master");
  await cluster.until(() => cluster.slaves().length === 2);
});

test("nodes crash and come back", async () => {
  await using cluster = await simulateCluster({ slaves: 2 });
  const framework = cluster.run(() => single(100_000));
  await cluster.until(() => cluster.tasks().length === 1);
  cluster.crash("master");
  expect(cluster.slaves()).toEqual([]);
  cluster.restart("master");
  await cluster.until(() => cluster.slaves().length === 2 && cluster.tasks().length === 1);
  const { id } = framework;
  cluster.crash("framework-0");
  expect(framework.inspect()).toBeUndefined();
  cluster.restart("framework-0");
  await cluster.until(() => framework.inspect()?.subscribed === true);
  expect(framework.id).toBe(id);
  cluster.crash("slave-1");
  await cluster.settle();
  cluster.restart("slave-1");
  await cluster.until(() => cluster.slaves().every(({ state }) => state === "registered"));
});

test("async callbacks have their turn, and hold up the next", async () => {
  const order: string[] = [];
  await using cluster = await simulateCluster();
  const framework = cluster.run(() => ({
    ...single(1_000),
    async subscribed() {
      order.push("subscribed begins");
      for (let hop = 0; hop < 500; hop++) await Promise.resolve();
      order.push("subscribed ends");
    },
    async statusUpdate(status, driver) {
      order.push(status.state);
      await Promise.resolve();
      if (status.state === "finished") driver.stop({ kind: "done", result: order.length });
    },
  }));
  await cluster.until(() => framework.ended !== undefined);
  expect(order).toEqual(["subscribed begins", "subscribed ends", "running", "finished"]);
});

test("a callback that waits for the machine is named, before time moves on without it", async () => {
  await using cluster = await simulateCluster();
  cluster.run(() => ({ ...single(1_000), subscribed: () => access(import.meta.filename) }));
  await expect(cluster.clock.advance(1_000)).rejects.toThrow(
    "the callback subscribed of framework-0 awaits what a simulation does not bring: a timer, file or socket of the machine",
  );
});

test("a callback that asks the machine for the time fails", async () => {
  const errors: unknown[] = [];
  await using cluster = await simulateCluster();
  cluster.run(() => ({
    ...single(1_000),
    subscribed() {
      try {
        Date.now();
      } catch (error) {
        errors.push(error);
      }
    },
  }));
  await cluster.clock.advance(1_000);
  expect(errors).toMatchObject([{ name: "DeterminismViolation" }]);
});

test("a scheduler that cannot start has failed, once", async () => {
  let lives = 0;
  await using cluster = await simulateCluster();
  const framework = cluster.run(() => {
    lives++;
    return defineScheduler({
      name: "broken",
      start: () => {
        throw new Error("no configuration");
      },
      resourceOffers() {},
    });
  });
  await cluster.clock.advance(60_000);
  expect(framework.ended).toMatchObject({ kind: "failed" });
  expect(lives).toBe(1);
});

test("clusters of one process do not disturb one another, and a seed tells the same story", async () => {
  const stories = await Promise.all(
    [7, 7, 8].map(async (seed) => {
      await using cluster = await simulateCluster({ slaves: 3, seed, faults: true });
      const framework = cluster.run(() => batch({ commands: Array(20).fill({ command: "true" }) }));
      await cluster.until(() => framework.ended !== undefined);
      return framework.story;
    }),
  );
  expect(stories[0]).toEqual(stories[1]);
  expect(stories[0]).not.toEqual(stories[2]);
});

test("what can never rest is named", async () => {
  const greedy = defineScheduler({
    name: "greedy",
    resourceOffers: (offers, driver) =>
      driver.decline(
        offers.map(({ id }) => id),
        { refuseMs: 0 },
      ),
    start: (driver) => {
      const again = () => driver.after("again", 0, again);
      again();
    },
  });
  await using cluster = await simulateCluster();
  cluster.run(() => greedy);
  await expect(cluster.settle()).rejects.toThrow(
    /steps within a second of virtual time; the busiest are .*framework-0/,
  );
});

test("a mistake in a test is explained", async () => {
  await using cluster = await simulateCluster();
  expect(() => cluster.crash("slave-1")).toThrow("there is no node slave-1; there are master, slave-0");
  expect(() => cluster.restart("slave-0")).toThrow("slave-0 is running; crash it before you restart it");
  await expect(cluster.until(() => false, 5_000)).rejects.toThrow("did not come to hold within 5000 ms");
});

test("the example in docs/testing.md runs as it stands there", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "docs/testing.md"), "utf8")) ?? [];
  const project = mkdtempSync(join(tmpdir(), "mesolite-example-"));
  onTestFinished(() => rmSync(project, { recursive: true }));
  // The project of somebody who has installed mesolite and vitest.
  mkdirSync(join(project, "node_modules"));
  symlinkSync(root, join(project, "node_modules/mesolite"));
  symlinkSync(join(root, "node_modules/vitest"), join(project, "node_modules/vitest"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "run-all.test.ts"), example ?? "");

  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--no-color"], {
    cwd: project,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });

  expect({ status, output: `${stdout}${stderr}` }).toEqual({
    status: 0,
    output: expect.stringMatching(/Tests\s+3 passed \(3\)/),
  });
});
