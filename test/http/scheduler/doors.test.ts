/** Schedulers of the SDK hear the same whether they come over the bridge or by HTTP. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { batchFramework } from "../../../src/frameworks/batch/batch.ts";
import { type FrameworkId, TaskId } from "../../../src/protocol/ids.ts";
import type { Offer } from "../../../src/protocol/offer.ts";
import { format } from "../../../src/protocol/resources.ts";
import type { TaskInfo } from "../../../src/protocol/task.ts";
import { temporary, until } from "../../e2e/kit.ts";
import { CuttingProxy, type DoorName, Doors, doorSlave, slaveOf } from "./doors.ts";

const again = { refuseMs: 0 };
const hour = { refuseMs: 3_600_000 };
let doors: Doors;

beforeAll(async () => {
  doors = await Doors.open();
});

afterEach(() => doors.leave());
afterAll(() => doors.close());

function simulated(id: string, { slaveId }: Offer, durationMs: number, cpus = 100): TaskInfo {
  return {
    taskId: TaskId(id),
    name: id,
    slaveId,
    resources: { cpus, mem: 32_000 },
    simulated: { durationMs, outcome: "finished" },
  };
}

/** What a scheduler hears, by what it does; each is played through both doors. */
const scenarios: Readonly<
  Record<string, { readonly hears: unknown; readonly play: (door: DoorName) => Promise<unknown> }>
> = {
  "is offered every slave whole": {
    hears: ["slave-0 localhost * cpus:2;mem:1024;disk:1024", "slave-1 localhost * cpus:2;mem:1024;disk:1024"],
    play: async (door) => {
      const offers = await doors.probe(door).offers();
      return offers.map((offer) => `${slaveOf(offer)} ${offer.hostname} ${offer.role} ${format(offer.resources)}`);
    },
  },

  "runs a task of each kind": {
    hears: {
      command: ["running", "failed", { status: 3 }, "Command exited with status 3"],
      function: ["running", "finished", { twice: 42 }],
      simulated: ["running", "finished", null],
    },
    play: async (door) => {
      using home = temporary();
      const module = join(home.path, "twice.mjs");
      writeFileSync(module, "export const twice = ({ of }) => ({ twice: 2 * of });\n");
      const probe = doors.probe(door);
      const offer = await probe.offer();
      const { simulated: _, ...plain } = simulated("command", offer, 0);
      const called = { module: pathToFileURL(module).href, export: "twice", args: { of: 21 } };
      probe.driver.replyToOffer(
        [offer.id],
        [
          { ...plain, command: { shell: true, value: 'exit "$CODE"', environment: { CODE: "3" } } },
          { ...plain, taskId: TaskId("function"), function: called },
          simulated("simulated", offer, 1),
        ],
      );
      const ends = [
        await probe.terminal("command"),
        await probe.terminal("function"),
        await probe.terminal("simulated"),
      ];
      const states = (taskId: string) =>
        probe.updates.filter((each) => each.taskId === taskId).map(({ state }) => state);
      return {
        command: [...states("command"), ends[0]?.exit, ends[0]?.message],
        function: [...states("function"), ends[1]?.data],
        simulated: [...states("simulated"), ends[2]?.data ?? null],
      };
    },
  },

  "acknowledges an update when its callback has settled": {
    hears: ["t running", "over", "settled", "t finished, but", "t finished"],
    play: async (door) => {
      const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
      const probe = doors.probe(door, {
        statusUpdate: async (status) => {
          const first = status.state === "finished" && !probe.heard.includes("t finished, but");
          if (first) probe.heard.push("t finished, but");
          if (first) throw new Error("a scheduler that trips once, for this test");
          probe.wrote(status);
          if (status.state !== "running") return;
          await settled;
          probe.heard.push("settled");
        },
      });
      const offer = await probe.offer();
      probe.driver.replyToOffer([offer.id], [simulated("t", offer, 1)], hour);
      await probe.state("t", "running");
      // By the time that a later task of that slave is over, this one is too; but that is news for afterwards.
      const other = doors.probe(door);
      const rest = await other.offer(slaveOf(offer));
      other.driver.replyToOffer([rest.id], [simulated("later", rest, 10)]);
      await other.terminal("later");
      probe.heard.push("over");
      settle();
      await probe.terminal("t");
      return probe.heard.filter((line) => line !== "subscribed");
    },
  },

  "is not offered what it declines, until it revives": {
    hears: ["slave-1", "slave-1", "slave-1", "slave-0 slave-1"],
    play: async (door) => {
      const probe = doors.probe(door);
      const [first, second] = await probe.offers();
      probe.driver.decline([first.id], hour);
      probe.driver.decline([second.id], again);
      const seen: string[] = [];
      while (seen.length < 3) {
        const offer = await probe.offer();
        seen.push(slaveOf(offer));
        probe.driver.decline([offer.id], again);
      }
      probe.driver.decline([(await probe.offer()).id], hour);
      probe.driver.setNeedsOffers(true);
      return [...seen, (await probe.offers()).map(slaveOf).join(" ")];
    },
  },

  "is offered nothing while it needs nothing": {
    hears: ["sent 2 offers", "to the other: slave-0 slave-1", "slave-0 slave-1"],
    play: async (door) => {
      const probe = doors.probe(door);
      const offers = await probe.offers();
      probe.driver.setNeedsOffers(false);
      probe.driver.decline(
        offers.map(({ id }) => id),
        again,
      );
      const other = doors.probe(door);
      const theirs = await other.offers();
      // Offers that it was sent nevertheless the SDK would have declined by itself.
      await until(() => (offersSent(other.frameworkId) === 2 ? true : undefined));
      const sent = offersSent(probe.frameworkId);
      await other.stop();
      probe.driver.setNeedsOffers(true);
      return [
        `sent ${sent} offers`,
        `to the other: ${theirs.map(slaveOf).join(" ")}`,
        (await probe.offers()).map(slaveOf).join(" "),
      ];
    },
  },

  "kills a task": {
    hears: ["subscribed", "t running", "t killed"],
    play: async (door) => {
      const probe = doors.probe(door);
      const offer = await probe.offer();
      probe.driver.replyToOffer([offer.id], [simulated("t", offer, 60_000)]);
      await probe.state("t", "running");
      probe.driver.killTask(TaskId("t"), 100);
      await probe.terminal("t");
      return probe.heard;
    },
  },

  "asks after its tasks when it was cut off": {
    hears: ["subscribed", "t running", "disconnected", "subscribed", "t running RECONCILIATION"],
    play: async (door) => {
      const probe = doors.probe(door);
      const offer = await probe.offer();
      probe.driver.replyToOffer([offer.id], [simulated("t", offer, 60_000)]);
      await probe.state("t", "running");
      probe.joined?.cut();
      await probe.hears("t running RECONCILIATION");
      return probe.heard;
    },
  },

  "hears of a task that nobody knows": {
    hears: { state: "unknown", reason: "RECONCILIATION" },
    play: async (door) => {
      const probe = doors.probe(door);
      await probe.hears("subscribed");
      probe.driver.reconcile([TaskId("nobody")]);
      const status = await until(() => probe.updates[0]);
      return { state: status.state, reason: status.reason };
    },
  },

  "goes on with its tasks under the next master": {
    hears: ["disconnected", "subscribed", "t running RECONCILIATION", "after finished"],
    play: async (door) => {
      const probe = doors.probe(door);
      const offer = await probe.offer();
      probe.driver.replyToOffer([offer.id], [simulated("t", offer, 60_000)]);
      await probe.state("t", "running");
      const from = probe.heard.length;
      await doors.cluster.threads.kill("master");
      await probe.hears("t running RECONCILIATION");
      const next = await probe.offer();
      probe.driver.replyToOffer([next.id], [simulated("after", next, 1)]);
      await probe.terminal("after");
      await probe.stop();
      return probe.heard.slice(from).filter((line) => line !== "after running");
    },
  },

  "hands its tasks over to the next scheduler": {
    hears: {
      first: { kind: "failed", message: "Framework failed over" },
      second: ["subscribed", "t running RECONCILIATION", "t killed"],
    },
    play: async (door) => {
      const first = doors.probe(door);
      const offer = await first.offer();
      first.driver.replyToOffer([offer.id], [simulated("t", offer, 60_000)]);
      await first.state("t", "running");
      const second = doors.probe(door, {}, first.frameworkId);
      await second.hears("t running RECONCILIATION");
      second.driver.killTask(TaskId("t"));
      await second.terminal("t");
      return { first: await first.joined?.ended, second: second.heard };
    },
  },

  "ends with its tasks": {
    hears: { ending: "done", task: "killed", framework: "completed" },
    play: async (door) => {
      const probe = doors.probe(door);
      const offer = await probe.offer();
      probe.driver.replyToOffer([offer.id], [simulated("t", offer, 60_000)]);
      await probe.state("t", "running");
      await probe.stop();
      const { rows } = doors.cluster.view;
      const row = await until(() => rows.completedFrameworks.get(probe.frameworkId));
      const task = await until(() => (taskState("t") === "killed" ? "killed" : undefined));
      return { ending: (await probe.joined?.ended)?.kind, task, framework: row.state };
    },
  },

  "is offered the slaves it names, and all again": {
    hears: ["slave-1", "slave-1", "slave-0"],
    play: async (door) => {
      const probe = doors.probe(door);
      const [first, second] = await probe.offers();
      probe.driver.setFilters({ slaves: [second.slaveId] });
      probe.driver.decline([first.id, second.id], again);
      const seen: string[] = [];
      while (seen.length < 2) {
        const offer = await probe.offer();
        seen.push(slaveOf(offer));
        probe.driver.decline([offer.id], again);
      }
      probe.driver.setFilters({});
      return [...seen, slaveOf(await probe.offer("slave-0"))];
    },
  },

  "is offered no less than it wants": {
    hears: ["slave-1", "slave-1", "slave-0 cpus:1;mem:992;disk:1024"],
    play: async (door) => {
      const probe = doors.probe(door);
      const [first, second] = await probe.offers();
      probe.driver.setFilters({ minFree: { cpus: 1_500 } });
      probe.driver.replyToOffer([first.id], [simulated("t", first, 60_000, 1_000)], again);
      probe.driver.decline([second.id], again);
      const seen: string[] = [];
      while (seen.length < 2) {
        const offer = await probe.offer();
        seen.push(slaveOf(offer));
        probe.driver.decline([offer.id], again);
      }
      probe.driver.setFilters({});
      const rest = await probe.offer("slave-0");
      await probe.stop();
      return [...seen, `${slaveOf(rest)} ${format(rest.resources)}`];
    },
  },

  "is offered the slaves that fit its constraints, and all again": {
    hears: ["slave-1", "slave-1", "slave-0"],
    play: async (door) => {
      const probe = doors.probe(door);
      const [first, second] = await probe.offers();
      const selector = { attribute: "slave" };
      const constraints = [
        [{ selector, predicate: { type: "equals", value: "slave-7" } }],
        [{ selector, predicate: { type: "matches", regex: "slave-[1-9]" } }],
      ] as const;
      probe.driver.setFilters({ roles: { "*": { constraints } } });
      probe.driver.decline([first.id, second.id], again);
      const seen: string[] = [];
      while (seen.length < 2) {
        const offer = await probe.offer();
        seen.push(slaveOf(offer));
        probe.driver.decline([offer.id], again);
      }
      probe.driver.setFilters({});
      return [...seen, slaveOf(await probe.offer("slave-0"))];
    },
  },

  "is offered what covers one of its minima": {
    hears: ["slave-1", "slave-1", "slave-0 cpus:0.001;mem:992;disk:1024"],
    play: async (door) => {
      const probe = doors.probe(door);
      const [first, second] = await probe.offers();
      probe.driver.setFilters({ roles: { "*": { minAllocatable: [{ cpus: 3_000 }, { cpus: 1, mem: 1_000_000 }] } } });
      probe.driver.replyToOffer([first.id], [simulated("t", first, 60_000, 1_999)], again);
      probe.driver.decline([second.id], again);
      const seen: string[] = [];
      while (seen.length < 2) {
        const offer = await probe.offer();
        seen.push(slaveOf(offer));
        probe.driver.decline([offer.id], again);
      }
      probe.driver.setFilters({ roles: { "*": { minAllocatable: [] } } });
      const rest = await probe.offer("slave-0");
      await probe.stop();
      return [...seen, `${slaveOf(rest)} ${format(rest.resources)}`];
    },
  },

  "learns what would fit, and what is guaranteed": {
    hears: [
      { slaves: 2, fitting: 2 },
      { slaves: 2, fitting: 0, closest: { hostname: "localhost", resources: doorSlave } },
      {},
    ],
    play: async (door) => {
      const probe = doors.probe(door);
      await probe.hears("subscribed");
      const { driver } = probe;
      return [
        await new Promise((then) => driver.placeable({ cpus: 2_000 }, then)),
        await new Promise((then) => driver.placeable({ cpus: 2_001 }, then)),
        await new Promise((then) => driver.getGuaranteedShare(then)),
      ];
    },
  },
};

function offersSent(id: FrameworkId): number | undefined {
  return doors.cluster.view.rows.frameworks.get(id)?.offers.sent;
}

function taskState(id: string): string | undefined {
  const { rows } = doors.cluster.view;
  const ended = [...rows.histories.values()].flatMap((history) => [...history.values()]);
  return [...rows.tasks.values(), ...ended].filter(({ task }) => task.taskId === id).at(-1)?.status.state;
}

describe.each(["bridge", "http"] as const)("a scheduler that comes by %s", (door) => {
  test.each(Object.entries(scenarios))("%s", async (_, { hears, play }) => {
    expect(await play(door)).toEqual(hears);
  });
});

test("whatever connections break, by HTTP each task runs once", async () => {
  using home = temporary();
  const runs = join(home.path, "runs");
  const names = Array.from({ length: 30 }, (_, index) => `task-${index}`);
  const proxy = new CuttingProxy(doors.port, 16);
  try {
    const commands = names.map((name) => ({ name, command: `echo ${name} >> ${runs}`, resources: { cpus: 500 } }));
    const port = await proxy.listen();
    const { ended } = doors.join("http", batchFramework, { commands } as never, { port });
    expect((await ended).kind).toBe("done");
  } finally {
    proxy.close();
  }
  expect(readFileSync(runs, "utf8").trim().split("\n").sort()).toEqual([...names].sort());
  expect(proxy.cuts.before).toBeGreaterThan(1);
  expect(proxy.cuts.after).toBeGreaterThan(1);
});

test("a reply by HTTP may name more tasks than fit into a message between hosts, and each of them runs", async () => {
  const probe = doors.probe("http");
  const offer = await probe.offer();
  const tasks = Array.from({ length: 600 }, (_, index) => ({
    ...simulated(`many-${index}`, offer, 1),
    name: "n".repeat(500),
    resources: { cpus: 1 },
  }));
  probe.driver.replyToOffer([offer.id], tasks);
  await until(() => {
    const ended = new Set(probe.updates.filter(({ state }) => state === "finished").map(({ taskId }) => taskId));
    return ended.size === tasks.length ? true : undefined;
  });
});
