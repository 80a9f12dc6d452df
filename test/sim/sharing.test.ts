/** How whole clusters are shared: policies, minimum offers and parts for short tasks, seen by the frameworks. */

import { describe, expect, test } from "vitest";
import { batch } from "../../src/frameworks/batch/batch.ts";
import { defineScheduler, type SchedulerDefinition } from "../../src/frameworks/scheduler.ts";
import { lottery } from "../../src/master/allocator/policies/lottery.ts";
import { TaskId } from "../../src/protocol/ids.ts";
import type { Offer } from "../../src/protocol/offer.ts";
import { contains, type Resources } from "../../src/protocol/resources.ts";
import { simulateCluster } from "../../src/sim/fixture.ts";
import { quantities } from "../protocol/quantities.ts";

type Demand = {
  readonly needs: Resources;
  /** Of the n-th task, in milliseconds. Default: for ever. */
  readonly durationMs?: (nth: number) => number;
  /** Tasks that one offer may be used for. Default: one. */
  readonly perOffer?: number;
  readonly roles?: readonly string[];
  readonly launched?: (offer: Offer) => void;
};

/** What a framework has had of the cluster. */
class Work {
  running = 0;
  mostRunning = 0;
  finished = 0;
  readonly reasons = new Set<string>();

  /**
   * A framework that always wants to run one more task, and gives back at once what is left of an offer. What is too little
   * for a task it refuses as the driver does, for 5 s.
   */
  scheduler(
    name: string,
    { needs, durationMs = () => 1e9, perOffer = 1, roles, launched }: Demand,
  ): SchedulerDefinition {
    let made = 0;
    return defineScheduler({
      name,
      ...(roles && { roles }),
      resourceOffers: (offers, driver) => {
        for (const offer of offers) {
          const tasks = [];
          let used: Resources = {};
          while (tasks.length < perOffer && contains(offer.resources, sumOf(used, needs))) {
            used = sumOf(used, needs);
            const simulated = { durationMs: durationMs(made), outcome: "finished" as const };
            const task = { name, slaveId: offer.slaveId, resources: needs, simulated };
            tasks.push({ ...task, taskId: TaskId(`${name}-${made++}`) });
            launched?.(offer);
          }
          if (tasks.length > 0) driver.replyToOffer([offer.id], tasks, { refuseMs: 0 });
        }
      },
      statusUpdate: ({ state, reason }) => {
        if (state === "running") this.mostRunning = Math.max(this.mostRunning, ++this.running);
        else {
          this.running--;
          if (state === "finished") this.finished++;
        }
        if (reason !== undefined) this.reasons.add(reason);
      },
    });
  }
}

/** Of scalars. */
function sumOf(a: Resources, b: Resources): Resources {
  return Object.fromEntries(Object.keys(b).map((name) => [name, Number(a[name] ?? 0) + Number(b[name])]));
}

describe("policies", () => {
  test("the DRF paper's example fills in the order of its Table 1: B, A, A, B, A", async () => {
    await using cluster = await simulateCluster({ slaves: [quantities("cpus:9;mem:18432")] });
    let order = "";
    const [a, b] = [new Work(), new Work()];
    const launched = (name: string) => () => {
      order += name;
    };
    // Between equal shares the first to come is first, and the paper begins with B.
    const second = cluster.run(() =>
      b.scheduler("B", { needs: quantities("cpus:3;mem:1024"), launched: launched("B") }),
    );
    await cluster.until(() => second.id !== undefined);
    cluster.run(() => a.scheduler("A", { needs: quantities("cpus:1;mem:4096"), launched: launched("A") }));
    await cluster.clock.advance(60_000);
    expect(order).toBe("BAABA");
    expect([a.running, b.running]).toEqual([3, 2]);
    const used = cluster.tasks().map(({ resources }) => Number(resources["cpus"]));
    expect(used.reduce((sum, cpus) => sum + cpus, 0)).toBe(9_000);
  });

  test("under a lottery a framework with many short tasks and one with few long ones are drawn alike", async () => {
    await using cluster = await simulateCluster({ slaves: [quantities("cpus:1")], policy: lottery });
    const [one, two] = [new Work(), new Work()];
    const needs = quantities("cpus:1");
    cluster.run(() => one.scheduler("one", { needs, durationMs: () => 1_000 }));
    cluster.run(() => two.scheduler("two", { needs, durationMs: () => 3_000 }));
    await cluster.clock.advance(400_000);
    const draws = one.finished + two.finished;
    expect(draws).toBeGreaterThan(140);
    // Four binomial standard errors.
    expect(Math.abs(one.finished / draws - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / draws));
  });
});

describe("a minimum offer (paper §4.6, fragmentation)", () => {
  /** Whole-slave tasks beside a stream of small ones: how many of them have run after four minutes. */
  async function largeTasks(minOffer: Resources | undefined): Promise<number> {
    await using cluster = await simulateCluster({
      slaves: [quantities("cpus:4"), quantities("cpus:4")],
      ...(minOffer && { parts: { minOffer } }),
    });
    const [small, large] = [new Work(), new Work()];
    const durationMs = (nth: number) => 5_000 + 1_700 * (nth % 7);
    cluster.run(() => small.scheduler("small", { needs: quantities("cpus:1"), durationMs, perOffer: 4 }));
    await cluster.clock.advance(30_000);
    const mixed = { needs: quantities("cpus:4"), durationMs: () => 10_000 };
    cluster.run(() => large.scheduler("large", mixed));
    await cluster.clock.advance(240_000);
    expect(small.finished).toBeGreaterThan(20);
    return large.finished;
  }

  test("without one a framework of large tasks starves beside one of small tasks", async () => {
    expect(await largeTasks(undefined)).toBe(0);
  });

  test("with one it runs", async () => {
    expect(await largeTasks(quantities("cpus:4"))).toBeGreaterThan(6);
  });

  test("for all slaves does the same as one for each", async () => {
    await using cluster = await simulateCluster({
      slaves: [quantities("cpus:4")],
      master: { minAllocatable: [quantities("cpus:4") as { cpus: number }] },
    });
    const [small, large] = [new Work(), new Work()];
    const durationMs = (nth: number) => 5_000 + 1_700 * (nth % 7);
    cluster.run(() => small.scheduler("small", { needs: quantities("cpus:1"), durationMs, perOffer: 4 }));
    cluster.run(() => large.scheduler("large", { needs: quantities("cpus:4"), durationMs: () => 10_000 }));
    await cluster.clock.advance(600_000);
    expect(large.finished).toBeGreaterThan(10);
  });
});

describe("a part for short tasks (paper §4.4)", () => {
  const maxTaskMs = 60_000;
  const shortTasks = { resources: quantities("cpus:4"), maxTaskMs };

  /** Long tasks take all there is; then a framework of ten-second tasks comes. */
  async function besideLongTasks(parts: { shortTasks?: typeof shortTasks }) {
    const cluster = await simulateCluster({ slaves: Array(4).fill(quantities("cpus:8")), parts });
    const limits = new Set<number | undefined>();
    const [long, short] = [new Work(), new Work()];
    const note = (offer: Offer) => limits.add(offer.maxTaskMs);
    const forAnHour = { needs: quantities("cpus:1"), durationMs: () => 3_600_000, perOffer: 8, launched: note };
    cluster.run(() => long.scheduler("long", forAnHour));
    await cluster.until(() => long.running === 32);
    await cluster.clock.advance(200_000);
    const forTenSeconds = { needs: quantities("cpus:1"), durationMs: () => 10_000, perOffer: 8 };
    cluster.run(() => short.scheduler("short", forTenSeconds));
    return { cluster, long, short, limits };
  }

  test("lets short tasks ramp up within its limit although long ones hoard the rest", async () => {
    const { cluster, long, short, limits } = await besideLongTasks({ shortTasks });
    await using _closed = cluster;
    await cluster.until(() => short.running >= 14, maxTaskMs + 2_000);
    expect(limits).toEqual(new Set([undefined, maxTaskMs]));
    // Whoever uses the part for long tasks has them ended at its limit; the others are left alone.
    expect(long.reasons).toEqual(new Set(["MAX_COMPLETION_TIME_REACHED"]));
    expect(long.running).toBeGreaterThanOrEqual(16);
    await cluster.clock.advance(120_000);
    expect(short.finished).toBeGreaterThan(100);
    expect([...short.reasons]).toEqual([]);
  });

  test("is what does it: without one they wait for the long tasks", async () => {
    const { cluster, short } = await besideLongTasks({});
    await using _closed = cluster;
    await cluster.clock.advance(600_000);
    expect([short.mostRunning, short.finished]).toEqual([0, 0]);
  });

  test("is left alone by the frameworks that come with the product, for nobody knows how long their tasks take", async () => {
    await using cluster = await simulateCluster({
      slaves: [quantities("cpus:2;mem:1024")],
      parts: { shortTasks: { resources: quantities("cpus:1;mem:512"), maxTaskMs: 1_000 } },
      programs: { command: () => ({ takesMs: 5_000, status: 0 }) },
    });
    const command = { command: "make", resources: quantities("cpus:1;mem:64") };
    const framework = cluster.run(() => batch({ commands: Array(3).fill(command) }));
    await cluster.until(() => framework.ended !== undefined);
    expect(framework.ended).toMatchObject({ kind: "done", result: { succeeded: 3, failed: 0 } });
    const large = cluster.run(() => batch({ commands: [{ ...command, resources: quantities("cpus:2") }] }));
    await cluster.until(() => large.ended !== undefined);
    expect(large.ended).toMatchObject({ kind: "notPlaced", message: expect.stringContaining("cpus:1") });
  });
});
