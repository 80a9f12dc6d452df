/** Whatever is lost of a running cluster, threads or single actors, no running task is lost with it. */

import { Session } from "node:inspector";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Place, placeText } from "../../src/actors/address.ts";
import { devSlaves, threadBackoff } from "../../src/cli/dev.ts";
import { type FrameworkEnd, FrameworkProcess } from "../../src/cli/framework-process.ts";
import { LocalCluster } from "../../src/cli/local-cluster.ts";
import type { BatchRow } from "../../src/frameworks/batch/batch.ts";
import { masterTestScale } from "../../src/master/config.ts";
import { slaveTestScale } from "../../src/slave/config.ts";
import { temporary, until } from "../e2e/kit.ts";

const slaves = 2;
const threadWatch = { lookEveryMs: 100, warnAfterMs: 1_000, endAfterMs: 3_000, surveyEveryMs: 1_000 };
let cluster: LocalCluster;

beforeAll(async () => {
  cluster = new LocalCluster({ node: "test", logLevel: "error", prettyLog: true, threadWatch });
  await cluster.startMaster({ config: masterTestScale });
  const config = { ...slaveTestScale, registration: threadBackoff };
  const plans = devSlaves(slaves, { cpus: 2_000, mem: 1_024_000 });
  await cluster.startSlaves({ master: "thread:master", slaves: plans, config });
  await healthy();
});

afterAll(() => cluster.close());

async function healthy(): Promise<void> {
  const calm = () => cluster.view.fresh && cluster.registeredSlaves === slaves && running() === 0;
  await until(() => (calm() ? true : undefined));
}

type Batch = { readonly ended: Promise<FrameworkEnd>; readonly rows: BatchRow[] };

function batch(commands: readonly string[]): Batch {
  const rows: BatchRow[] = [];
  const framework = new FrameworkProcess(cluster, {
    behaviour: "batch",
    master: "thread:master",
    options: { commands: commands.map((command) => ({ command })) },
    events: { record: (row) => rows.push(row as unknown as BatchRow) },
  });
  return { ended: framework.ended, rows };
}

function running(): number {
  return [...cluster.view.rows.tasks.values()].filter(({ status }) => status.state === "running").length;
}

/** Does something to a cluster with running tasks: they go on to their end, and new work gets done beside them. */
async function survives(taskSeconds: number, harm: () => Promise<void>): Promise<void> {
  const before = batch(Array(3).fill(`sleep ${taskSeconds}`));
  await until(() => (running() === 3 ? true : undefined));
  await harm();
  const after = batch(["true", "exit 3"]);
  expect((await after.ended).ending.kind).toBe("done");
  expect(after.rows.map(({ exit }) => exit)).toEqual(expect.arrayContaining([{ status: 0 }, { status: 3 }]));
  expect((await before.ended).ending.kind).toBe("done");
  expect(before.rows.map(({ state, attempts }) => [state, attempts])).toEqual(Array(3).fill(["finished", 1]));
  await healthy();
}

/** Waits until the thread is there in a later life. */
async function comesBack(thread: string, lifeBefore: number | undefined): Promise<void> {
  await until(() => ((cluster.threads.place(thread)?.threadEpoch ?? 0) > (lifeBefore ?? 0) ? true : undefined));
}

/** Has a thread of this process loop for ever, as a debugger can. */
async function spin(thread: string): Promise<void> {
  const session = new Session();
  session.connect();
  onTestFinished(() => session.disconnect());
  const message = JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: "for (;;);" } });
  await new Promise<void>((posted) => {
    session.on("NodeWorker.attachedToWorker", ({ params: { sessionId, workerInfo } }) => {
      if (!workerInfo.title.endsWith(` ${thread}`)) return;
      // Whoever comes after it must be spared.
      session.removeAllListeners();
      session.post("NodeWorker.sendMessageToWorker", { sessionId, message }, () => posted());
    });
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  });
}

describe("a lost thread", () => {
  test.each(["allocator", "master", "storage"])("%s comes back", (thread) =>
    survives(3, async () => {
      const life = cluster.threads.place(thread)?.threadEpoch;
      await cluster.threads.kill(thread);
      await comesBack(thread, life);
    }),
  );

  test("slaves is reported, and its tasks are run again", async () => {
    const work = batch(["sleep 1", "sleep 1"]);
    await until(() => (running() === 2 ? true : undefined));
    await cluster.threads.kill("slaves");
    expect((await work.ended).ending.kind).toBe("done");
    expect(work.rows.map(({ state, attempts }) => [state, attempts])).toEqual(Array(2).fill(["finished", 2]));
    await healthy();
  });
});

test.each(["allocator", "master"])("a thread that spins, %s, is ended and comes back", (thread) =>
  survives(5, async () => {
    const life = cluster.threads.place(thread)?.threadEpoch;
    await spin(thread);
    await comesBack(thread, life);
  }),
);

describe("a failed actor", () => {
  /** A message that no peer of ours sends: its handler throws. */
  const poison = [
    { thread: "master", name: "master", kind: "watchCluster", body: { self: "not an address" } },
    { thread: "storage", name: "registry-store", kind: "commit", body: { lead: null, operations: null } },
    {
      thread: "allocator",
      name: "allocator",
      kind: "slaveAdded",
      body: { slaveId: "s", total: null, allocated: null },
    },
    { thread: "main", name: "view", kind: "clusterSnapshot", body: { seq: 1, changes: null, last: false } },
  ];

  test.each(poison)("$name comes back", ({ thread, name, kind, body }) =>
    survives(2, async () => {
      const { system } = cluster.hosted;
      const place = thread === "main" ? system.place : placeText(cluster.threads.place(thread) as Place);
      const before = await restarts(thread);
      system.refs.at<never>({ place, name }).tell(kind as never, body as never);
      await until(async () => ((await restarts(thread)) === before + 1 ? true : undefined));
    }),
  );
});

/** How often the supervisor of a thread has started one of its children again. */
async function restarts(thread: string): Promise<number> {
  const told =
    thread === "main"
      ? cluster.hosted.system.find("supervisor")?.inspect()
      : await cluster.threads.inspect(thread, "supervisor");
  return Number(told);
}

test("a lost thread of journals takes the slaves that write there with it, and they come back as who they were", async () => {
  using work = temporary();
  await using held = new AsyncDisposableStack();
  const kept = new LocalCluster({ node: "kept", logLevel: "error", prettyLog: true });
  held.defer(() => kept.close());
  await kept.startMaster({ config: masterTestScale });
  const config = { ...slaveTestScale, registration: threadBackoff };
  const plans = devSlaves(1, { cpus: 2_000, mem: 1_024_000 });
  await kept.startSlaves({ master: "thread:master", slaves: plans, config, journal: true, workDir: work.path });
  const registered = () => [...kept.view.rows.slaves.values()].find(({ state }) => state === "registered")?.id;
  const id = await until(registered);
  const epochOf = () => kept.threads.place("slaves")?.threadEpoch;
  await kept.threads.kill("journals");
  await until(() => (epochOf() === 2 ? true : undefined));
  expect(await until(registered)).toBe(id);
  const framework = new FrameworkProcess(kept, {
    behaviour: "batch",
    master: "thread:master",
    options: { commands: [{ command: "true" }] },
    events: {},
  });
  expect((await framework.ended).ending.kind).toBe("done");
});
