import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { devSlaves, threadBackoff } from "../../src/cli/dev.ts";
import { type FrameworkEnd, FrameworkProcess } from "../../src/cli/framework-process.ts";
import { LocalCluster } from "../../src/cli/local-cluster.ts";
import type { BatchRow } from "../../src/frameworks/batch/batch.ts";
import { masterTestScale } from "../../src/master/config.ts";
import { slaveTestScale } from "../../src/slave/config.ts";
import { until } from "./kit.ts";

const slaves = 2;
let cluster: LocalCluster;

beforeAll(async () => {
  cluster = new LocalCluster({ node: "test", logLevel: "error", prettyLog: true });
  await cluster.startMaster({ config: masterTestScale });
  const config = { ...slaveTestScale, registration: threadBackoff };
  const plans = devSlaves(slaves, { cpus: 2_000, mem: 1_024_000 });
  await cluster.startSlaves({ master: "thread:master", slaves: plans, config });
  await healthy();
});

afterAll(() => cluster.close());

async function healthy(): Promise<void> {
  await until(() => (cluster.view.fresh && cluster.registeredSlaves === slaves ? true : undefined));
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

describe("a lost thread", () => {
  test.each(["allocator", "master", "storage"])(
    "%s comes back: no running task is lost, and new work gets done",
    async (thread) => {
      const before = batch(["sleep 3", "sleep 3", "sleep 3"]);
      await until(() => (running() === 3 ? true : undefined));
      await cluster.threads.kill(thread);
      await until(() => (cluster.threads.place(thread) === undefined ? undefined : true));
      const after = batch(["true", "exit 3"]);
      expect((await after.ended).ending.kind).toBe("done");
      expect(after.rows.map(({ exit }) => exit)).toEqual(expect.arrayContaining([{ status: 0 }, { status: 3 }]));
      expect((await before.ended).ending.kind).toBe("done");
      expect(before.rows.map(({ state, attempts }) => [state, attempts])).toEqual(Array(3).fill(["finished", 1]));
      await healthy();
    },
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
