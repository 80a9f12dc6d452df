/** A slave with a part for short tasks, and one with a minimum offer, as the whole master and its frameworks see them. */

import { describe, expect, test } from "vitest";
import type { SlaveInfo } from "../../src/protocol/slave-info.ts";
import { quantities } from "../protocol/quantities.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

const shortTasks = { resources: quantities("cpus:3;mem:1024"), maxTaskMs: 60_000 };

function scene(more: Partial<SlaveInfo> = { shortTasks }) {
  const cluster = new Cluster();
  const slave = new ScriptedSlave(cluster, "s1", "cpus:8;mem:4096", { checkpoint: true, ...more });
  slave.hello();
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  return { cluster, slave, scheduler };
}

/** The newest offer of each part. */
function offersOf({ offers }: ScriptedScheduler) {
  const short = offers.findLast(({ maxTaskMs }) => maxTaskMs !== undefined);
  const long = offers.findLast(({ maxTaskMs }) => maxTaskMs === undefined);
  if (short === undefined || long === undefined) throw new Error("there is not an offer of each part");
  return { short, long };
}

/** The framework as it comes back to a new master, with what it is offered then. */
function returned(cluster: Cluster, scheduler: ScriptedScheduler): ScriptedScheduler {
  scheduler.party.connect();
  scheduler.hearing.clear();
  scheduler.subscribe(scheduler.id);
  cluster.advance(1_000);
  return scheduler;
}

describe("a slave with a part for short tasks", () => {
  test("is offered in two parts, of which one says how long a task may take", () => {
    const { short, long } = offersOf(scene().scheduler);
    expect([short.maxTaskMs, short.resources]).toEqual([60_000, quantities("cpus:3;mem:1024")]);
    expect([long.maxTaskMs, long.resources]).toEqual([undefined, quantities("cpus:5;mem:3072")]);
  });

  test("gives tasks on that part its limit, unless their own is shorter, and others none", () => {
    const { slave, scheduler } = scene();
    const { short, long } = offersOf(scheduler);
    const limits = [undefined, 10_000, 90_000].map((maxCompletionMs, nth) =>
      task(`t${nth}`, slave.id, "cpus:1", maxCompletionMs === undefined ? {} : { maxCompletionMs }),
    );
    scheduler.accept([short.id], limits);
    scheduler.accept([long.id], [task("long", slave.id, "cpus:1")]);
    expect(slave.tasks.map(({ short, maxCompletionMs }) => [short, maxCompletionMs])).toEqual([
      [true, 60_000],
      [true, 10_000],
      [true, 60_000],
      [undefined, undefined],
    ]);
  });

  test("has its parts accepted apart: together they are refused, and both come back", () => {
    const { cluster, slave, scheduler } = scene();
    const { short, long } = offersOf(scheduler);
    scheduler.accept([short.id, long.id], [task("t", slave.id, "cpus:6")]);
    expect(scheduler.updates).toMatchObject([
      {
        state: "dropped",
        reason: "INVALID_OFFERS",
        message: "only some of the offers are of the part of the slave that is for short tasks",
      },
    ]);
    cluster.advance(1_000);
    const again = offersOf(scheduler);
    expect([again.short.resources, again.long.resources]).toEqual([short.resources, long.resources]);
  });

  test("counts a task to the part whose offer it was launched on, whatever its framework says", () => {
    const { cluster, slave, scheduler } = scene();
    const { long } = offersOf(scheduler);
    scheduler.accept([long.id], [task("t", slave.id, "cpus:5", { short: true })], 0);
    expect(slave.tasks[0]?.short).toBeUndefined();
    slave.report(scheduler.id, "t", "finished");
    cluster.advance(1_000);
    expect(offersOf(scheduler).long.resources).toEqual(quantities("cpus:5;mem:3072"));
  });

  test("what ends on a part is free on that part", () => {
    const { cluster, slave, scheduler } = scene();
    const { short } = offersOf(scheduler);
    scheduler.accept([short.id], [task("t", slave.id, "cpus:3;mem:1024")]);
    const before = scheduler.offers.length;
    slave.report(scheduler.id, "t", "failed", { reason: "MAX_COMPLETION_TIME_REACHED" });
    cluster.settle();
    expect(scheduler.offers.slice(before)).toMatchObject([{ maxTaskMs: 60_000, resources: short.resources }]);
  });
});

describe("a slave with a part for short tasks that comes back", () => {
  test("to a new master has its short tasks on their part, and so have the books", () => {
    const { cluster, slave, scheduler } = scene();
    const { short, long } = offersOf(scheduler);
    scheduler.accept([short.id], [task("short", slave.id, "cpus:2")]);
    scheduler.accept([long.id], [task("long", slave.id, "cpus:1")]);
    const [one, other] = slave.tasks.map((info) => slave.known(scheduler.id, scheduler.info, info));
    cluster.bootMaster();
    slave.party.connect();
    slave.helloAgain([one, other].filter((known) => known !== undefined));
    const free = offersOf(returned(cluster, scheduler));
    expect([free.short.resources, free.long.resources]).toEqual([
      quantities("cpus:1;mem:1024"),
      quantities("cpus:4;mem:3072"),
    ]);
  });

  test("without the part has no room for what ran there", () => {
    const { cluster, slave, scheduler } = scene();
    scheduler.accept([offersOf(scheduler).short.id], [task("short", slave.id, "cpus:2")]);
    const known = slave.tasks.map((info) => slave.known(scheduler.id, scheduler.info, info));
    cluster.bootMaster();
    slave.party.connect();
    const { shortTasks: _none, ...whole } = slave.info;
    Object.assign(slave, { info: whole });
    slave.helloAgain(known);
    expect(returned(cluster, scheduler).offers).toMatchObject([{ resources: quantities("cpus:8;mem:4096") }]);
    expect(slave.hearing.of("slaveRegistered").at(-1)?.lost).toMatchObject([{ taskId: "short" }]);
  });
});

describe("a slave with a minimum offer", () => {
  const minOffer = quantities("cpus:4");

  test("is offered once as much is free, and then all that is", () => {
    const { cluster, slave, scheduler } = scene({ minOffer });
    const [a, b] = [task("a", slave.id, "cpus:3"), task("b", slave.id, "cpus:3;mem:4096")];
    scheduler.accept([scheduler.offer.id], [a, b], 0);
    cluster.advance(5_000);
    expect(scheduler.offers.length).toBe(1);
    slave.report(scheduler.id, "a", "finished");
    cluster.settle();
    expect(scheduler.offers.slice(1)).toMatchObject([{ resources: quantities("cpus:5") }]);
  });

  test("counts what is reserved too: its role gets it with the rest, and others get theirs", () => {
    const { scheduler, cluster } = scene({ resources: quantities("cpus:2;cpus(ads):3"), minOffer });
    const ads = ScriptedScheduler.subscribed(cluster, "f2", { roles: ["ads"] });
    cluster.advance(1_000);
    expect([scheduler.offers, ads.offers].map((offers) => offers.map(({ resources }) => resources))).toEqual([
      [quantities("cpus:2")],
      [],
    ]);
    scheduler.decline(60_000);
    cluster.advance(1_000);
    expect(ads.offers).toMatchObject([{ resources: quantities("cpus:2;cpus(ads):3") }]);
  });

  test("has its part for short tasks offered whatever is free there", () => {
    const { scheduler } = scene({ minOffer, shortTasks });
    expect(scheduler.offers.map(({ resources }) => resources["cpus"]).sort()).toEqual([3_000, 5_000]);
  });
});

test.each<[what: string, more: Partial<SlaveInfo>, reason: RegExp]>([
  [
    "a part that is larger than the slave",
    { shortTasks: { resources: quantities("cpus:9"), maxTaskMs: 1 } },
    /part for short tasks is more than it has unreserved: cpus:9 of 8/,
  ],
  [
    "a part of what is reserved",
    { resources: quantities("cpus:2;cpus(ads):8"), shortTasks: { resources: quantities("cpus:3"), maxTaskMs: 1 } },
    /cpus:3 of 2/,
  ],
  [
    "a minimum that is never free",
    { minOffer: quantities("cpus:6"), shortTasks },
    /minimum offer is more than it has for tasks of any length: cpus:6 of 5/,
  ],
  ["the attribute by which offers tell their limit", { attributes: { max_task_seconds: "60" } }, /choose another name/],
])("a slave with %s is refused in words", (_, more, reason) => {
  const { slave } = scene(more);
  expect(slave.hearing.of("slaveRefused")).toMatchObject([{ reason: expect.stringMatching(reason) }]);
});
