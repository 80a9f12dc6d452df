import { access } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { batch } from "../../src/frameworks/batch/batch.ts";
import { defineScheduler, type SchedulerDefinition } from "../../src/frameworks/scheduler.ts";
import { TaskId } from "../../src/protocol/ids.ts";
import { contains } from "../../src/protocol/resources.ts";
import { isTerminal } from "../../src/protocol/task.ts";
import { torture } from "../../src/sim/fixture.ts";
import type { TortureResult } from "../../src/sim/torture.ts";

const small = { cpus: 1_000, mem: 64_000 };

type Bug = "forgets" | "repeats" | "hoards" | "reuses" | "throws" | "gives up" | "clings";

/** Does a list of items one after another, as its author might have written it on the first day. */
function worker(items: number, bug?: Bug): SchedulerDefinition {
  let begun = 0;
  let attempts = 0;
  let waiting: string[] = [];
  const next = () => {
    begun++;
    waiting.push(`item-${begun}.${++attempts}`);
  };
  const over = new Set<TaskId>();
  next();
  return defineScheduler({
    name: "worker",
    resourceOffers(offers, driver) {
      for (const offer of offers) {
        const taskId = waiting[0];
        if (bug === "hoards") driver.keep([offer.id]);
        if (taskId === undefined || !contains(offer.resources, small)) continue;
        waiting = waiting.slice(1);
        const work = { simulated: { durationMs: 2_000, outcome: "finished" as const } };
        const task = { taskId: TaskId(taskId), name: taskId, slaveId: offer.slaveId, resources: small, ...work };
        driver.replyToOffer([offer.id], [task], { refuseMs: 100 });
        if (bug === "clings") driver.replyToOffer([offer.id], [{ ...task, taskId: TaskId(`${taskId}.again`) }]);
      }
    },
    statusUpdate(status, driver) {
      if (status.state === "finished") {
        if (bug === "repeats" && begun < items) waiting.push(`after-${status.taskId}`);
        if (over.has(status.taskId)) return;
        over.add(status.taskId);
        if (begun < items) next();
        else driver.stop({ kind: "done", result: items });
      } else if (isTerminal(status.state) || status.state === "unknown" || status.state === "unreachable") {
        if (bug === "forgets" || over.has(status.taskId)) return;
        if (bug === "throws") throw new Error(`what is ${status.state}?`);
        if (bug === "gives up") driver.stop({ kind: "failed", message: `${status.taskId} is ${status.state}` });
        over.add(status.taskId);
        waiting.push(bug === "reuses" ? status.taskId : `item-${begun}.${++attempts}`);
      }
    },
  });
}

/** The worker, and how often it heard a thing twice at the same instant. */
function attentive(heardTwice: () => void): SchedulerDefinition {
  const definition = worker(6);
  let last = "";
  return defineScheduler({
    ...definition,
    statusUpdate(status, driver) {
      const news = `${status.taskId} ${status.state} ${driver.clock.now()}`;
      if (news === last) heardTwice();
      last = news;
      return definition.statusUpdate?.(status, driver);
    },
  });
}

async function breach(bug: Bug): Promise<Extract<TortureResult, { kind: "broken" }>> {
  const result = await torture(() => worker(6, bug));
  if (result.kind === "passed") throw new Error(`nobody noticed that the scheduler ${bug}`);
  return result;
}

describe("a scheduler that is in order", () => {
  test("passes: the bundled batch", async () => {
    const commands = Array.from({ length: 12 }, (_, index) => ({ command: `echo ${index}` }));
    const result = await torture(() => batch({ commands, resources: small }));
    expect(result).toMatchObject({ kind: "passed", seeds: 20, counts: { ended: 20 } });
    if (result.kind !== "passed") return;
    const { rescinds, ...others } = result.counts;
    expect(rescinds).toBe(0); // It answers every offer at once.
    for (const [name, count] of Object.entries(others)) expect([name, count > 0]).toEqual([name, true]);
  });

  test("passes: one that an author wrote", async () => {
    expect(await torture(() => worker(6))).toMatchObject({ kind: "passed", seeds: 20 });
  });

  test("awaits nothing but promises of its own", async () => {
    const define = () => ({ ...worker(6), subscribed: () => access(import.meta.filename) });
    expect(await torture(define, { seeds: 1 })).toMatchObject({
      rule: "callbacks await nothing from outside",
      what: expect.stringContaining("the callback subscribed of framework-0 awaits"),
    });
  });

  test("hears things twice", async () => {
    let repeats = 0;
    const define = () => attentive(() => repeats++);
    await torture(define, { seeds: 5 });
    expect(repeats).toBeGreaterThan(5);
    repeats = 0;
    await torture(define, { seeds: 5, world: "calm" });
    expect(repeats).toBe(0);
  });

  test("passes in a calm world", async () => {
    const result = await torture(() => worker(3, "forgets"), { world: "calm", seeds: 3 });
    expect(result).toMatchObject({ kind: "passed", counts: { ended: 3, launches: 9, slaveLost: 0 } });
  });

  test("passes: one that is async", async () => {
    const wait = async () => {
      for (let hop = 0; hop < 5; hop++) await Promise.resolve();
    };
    const slow = () => {
      const definition = worker(4);
      return defineScheduler({
        ...definition,
        async resourceOffers(offers, driver) {
          await wait();
          await definition.resourceOffers(offers, driver);
        },
        async statusUpdate(status, driver) {
          await wait();
          await definition.statusUpdate?.(status, driver);
        },
      });
    };
    expect(await torture(slow, { seeds: 10 })).toMatchObject({ kind: "passed", seeds: 10 });
  });

  test("passes: one that never ends and has what it wants", async () => {
    const service = () => {
      const definition = worker(1);
      let attempts = 0;
      let wanted = true;
      return defineScheduler({
        ...definition,
        name: "service",
        resourceOffers([offer], driver) {
          if (offer === undefined || !wanted) return;
          wanted = false;
          const work = { simulated: { durationMs: 1e9, outcome: "finished" as const } };
          const taskId = TaskId(`server-${++attempts}`);
          driver.replyToOffer(
            [offer.id],
            [{ taskId, name: "server", slaveId: offer.slaveId, resources: small, ...work }],
          );
        },
        statusUpdate({ taskId, state }) {
          if (taskId === `server-${attempts}` && !["staging", "starting", "running"].includes(state)) wanted = true;
        },
      });
    };
    const satisfied = (tasks: readonly { readonly state: string }[]) => tasks.some(({ state }) => state === "running");
    expect(await torture(service, { seeds: 10, satisfied })).toMatchObject({ kind: "passed", counts: { ended: 0 } });
    expect(await torture(service, { seeds: 10 })).toMatchObject({ rule: "a framework ends once the world is calm" });
  });
});

describe("a scheduler that is broken is caught", () => {
  test("when it forgets tasks that are lost", async () => {
    const { rule, story } = await breach("forgets");
    expect(rule).toBe("a framework ends once the world is calm");
    expect(story.join("\n")).toMatch(/hears that item-\d\.\d is (lost|unreachable|gone|dropped)/);
    expect(story.length).toBeLessThan(30);
  });

  test("when it launches again on an update that is repeated", async () => {
    const { rule, what, story, world } = await breach("repeats");
    expect(rule).toBe("a task id is launched once");
    expect(what).toMatch(/it launched after-item-\d\.\d twice/);
    expect(story.filter((line) => line.includes("launches")).length).toBeGreaterThanOrEqual(2);
    expect(world).toMatchObject({ slaves: 1 });
    expect(world.mishaps.length).toBeLessThanOrEqual(2);
  });

  test("when it hoards offers", async () => {
    const { rule, what } = await breach("hoards");
    expect([rule, what]).toEqual(["offers are answered", expect.stringMatching(/it has held .* for 1\d s/)]);
  });

  test.each([
    ["reuses", "a task id is launched once"],
    ["throws", "a callback does not throw"],
    ["gives up", "a framework does not give up"],
    ["clings", "an offer is answered once"],
  ] as const)("when it %s", async (bug, rule) => {
    expect(await breach(bug)).toMatchObject({ rule });
  });

  test("and the same seed tells the same story", async () => {
    const first = await breach("reuses");
    expect(await torture(() => worker(6, "reuses"), { seeds: [first.seed] })).toEqual(first);
  });
});
