import { describe, expect, test } from "vitest";
import type { OfferedRows } from "../../src/master/allocator/protocol.ts";
import { FrameworkId, OfferId, TaskId } from "../../src/protocol/ids.ts";
import { quantities } from "../protocol/quantities.ts";
import { batchesOf } from "./allocator/kit.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

/** One slave of 4 cpus and 4 GiB, one scheduler that has been offered all of it. */
function scene(config: ConstructorParameters<typeof Cluster>[0] = {}) {
  const cluster = new Cluster(config);
  const slave = ScriptedSlave.registered(cluster, "s1", "cpus:4;mem:4096");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  return { cluster, slave, scheduler };
}

function counts(cluster: Cluster, { id }: ScriptedScheduler) {
  return cluster.state.frameworks.get(id)?.counts;
}

describe("an offer", () => {
  test("carries the slave's free resources and who it is", () => {
    const { slave, scheduler } = scene();
    expect(scheduler.offers).toMatchObject([
      { frameworkId: scheduler.id, slaveId: slave.id, hostname: "s1", resources: slave.info.resources, role: "*" },
    ]);
  });

  test("that is accepted is over: its tasks are launched and the rest comes back at once", () => {
    const { cluster, slave, scheduler } = scene();
    scheduler.accept([scheduler.offer.id], [task("t1", slave.id, "cpus:1;mem:1024")], 0);
    expect(slave.hearing.of("runTask")).toMatchObject([{ frameworkId: scheduler.id, task: { taskId: "t1" } }]);
    expect(scheduler.offers.length).toBe(1);
    cluster.advance(1_000);
    expect(scheduler.offer.resources).toEqual({ cpus: 3_000, mem: 3_072_000 });
    expect(counts(cluster, scheduler)).toEqual({ sent: 2, accepted: 1, declined: 0, rescinded: 0 });
  });

  test("leaves its remainder hidden for as long as the filter of the accept says", () => {
    const { cluster, slave, scheduler } = scene();
    scheduler.accept([scheduler.offer.id], [task("t1", slave.id, "cpus:1;mem:1024")], 5_000);
    cluster.advance(4_999);
    expect(scheduler.offers.length).toBe(1);
    cluster.advance(1_001);
    expect(scheduler.offers.length).toBe(2);
  });

  test("that is declined is over, and goes to somebody else", () => {
    const { cluster, scheduler } = scene();
    const other = ScriptedScheduler.subscribed(cluster, "f2");
    expect(other.offers).toEqual([]);
    scheduler.decline(60_000);
    expect(other.offers.length).toBe(1);
    expect(counts(cluster, scheduler)).toEqual({ sent: 1, accepted: 0, declined: 1, rescinded: 0 });
    scheduler.decline(60_000);
    expect(counts(cluster, scheduler)?.declined).toBe(1);
  });

  test("that is not answered in time is taken back, and is worth nothing afterwards", () => {
    const { cluster, slave, scheduler } = scene();
    const { id } = scheduler.offer;
    cluster.advance(9_999);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([]);
    cluster.advance(1);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([{ offerIds: [id], reason: "offerExpired" }]);
    scheduler.accept([id], [task("t1", slave.id, "cpus:1")]);
    expect(scheduler.updates).toMatchObject([{ taskId: "t1", state: "dropped", reason: "INVALID_OFFERS" }]);
    expect(slave.tasks).toEqual([]);
  });

  test("expires in its own time, also when older ones are gone", () => {
    const { cluster, scheduler } = scene();
    cluster.advance(3_000);
    ScriptedSlave.registered(cluster, "s2");
    const [first, second] = scheduler.offers;
    if (first !== undefined) scheduler.decline(60_000, [first.id]);
    cluster.advance(9_999);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([]);
    cluster.advance(1);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([{ offerIds: [second?.id], reason: "offerExpired" }]);
  });

  test("is kept for ever when the timeout is 0", () => {
    const { cluster, scheduler } = scene({ offerTimeoutMs: 0 });
    cluster.advance(3_600_000);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([]);
  });

  test("of a slave that is lost is taken back before anything of it is offered again", () => {
    const { slave, scheduler } = scene();
    const { id } = scheduler.offer;
    slave.party.cut();
    slave.party.connect();
    slave.helloAgain();
    const story = scheduler.hearing.kinds.filter((kind) => kind !== "subscribed");
    expect(story).toEqual(["resourceOffers", "offersRescinded", "resourceOffers"]);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([{ offerIds: [id], reason: "slaveLost" }]);
  });
});

describe("an accept with invalid offers", () => {
  /** Two slaves offered to one scheduler, and a second scheduler with nothing. */
  function wide() {
    const cluster = new Cluster();
    const slaves = ["s1", "s2"].map((name) => ScriptedSlave.registered(cluster, name));
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
    const [a, b] = scheduler.offers;
    if (a === undefined || b === undefined) throw new Error("two offers are needed");
    return { cluster, slaves, scheduler, a, b };
  }

  test.each([
    ["none", () => [], "no offer is named", 2],
    ["an unknown one", ({ a }) => [a.id, OfferId("never")], "offer never is no longer valid", 1],
    ["one named twice", ({ a }) => [a.id, a.id], "an offer is named twice", 1],
    ["offers of different slaves", ({ a, b }) => [a.id, b.id], "the offers are of different slaves", 0],
  ] as readonly [string, (scene: ReturnType<typeof wide>) => readonly OfferId[], string, number][])(
    "%s: the tasks are dropped, and the valid ones come back",
    (_, ids, message, left) => {
      const scene = wide();
      const { cluster, slaves, scheduler, a } = scene;
      scheduler.accept(ids(scene), [task("t1", a.slaveId, "cpus:1"), task("t2", a.slaveId, "cpus:1")]);
      const dropped = { state: "dropped", source: "master", reason: "INVALID_OFFERS", message };
      expect(scheduler.updates).toMatchObject([
        { taskId: "t1", ...dropped },
        { taskId: "t2", ...dropped },
      ]);
      expect(scheduler.updates.every(({ uuid }) => uuid === undefined)).toBe(true);
      expect(slaves.flatMap((slave) => slave.tasks)).toEqual([]);
      cluster.advance(1_000);
      expect([...cluster.state.offers.all()].length).toBe(2);
      expect(scheduler.offers.length).toBe(2 + (2 - left));
    },
  );

  test("somebody else's: the other keeps it", () => {
    const { cluster, slaves, a } = wide();
    const thief = ScriptedScheduler.subscribed(cluster, "f2");
    thief.accept([a.id], [task("t1", a.slaveId, "cpus:1")]);
    expect(thief.news).toEqual(["t1 dropped"]);
    thief.decline(0, [a.id]);
    expect(slaves.flatMap((slave) => slave.tasks)).toEqual([]);
    expect([...cluster.state.offers.all()].some(({ id }) => id === a.id)).toBe(true);
  });

  test("of a framework that nobody knows changes nothing", () => {
    const { cluster, scheduler, a } = wide();
    const filter = { refuseMs: 0 };
    scheduler.party.tell("decline", { frameworkId: FrameworkId("nobody"), offerIds: [a.id], filter });
    expect([...cluster.state.offers.all()].length).toBe(2);
  });

  test("several offers of one slave are used as one", () => {
    const { cluster, slave, scheduler } = scene();
    scheduler.launch(task("t1", slave.id, "cpus:1;mem:1024"), task("t2", slave.id, "cpus:3;mem:3072"));
    slave.report(scheduler.id, "t1", "finished");
    slave.report(scheduler.id, "t2", "finished");
    expect(scheduler.offers.length).toBe(3);
    const ids = scheduler.offers.slice(1).map(({ id }) => id);
    scheduler.accept(ids, [task("t3", slave.id, "cpus:4;mem:4096")]);
    expect(slave.tasks.map(({ taskId }) => String(taskId))).toEqual(["t1", "t2", "t3"]);
    expect([...cluster.state.offers.all()]).toEqual([]);
  });
});

test("what the allocator gave from an account that the master has closed since is no offer, and nothing to give back", () => {
  const { cluster, slave, scheduler } = scene();
  const { id: slaveId } = slave;
  const account = cluster.state.slaves.get(slaveId)?.parts[0]?.account ?? 0;
  slave.party.cut();
  slave.party.connect();
  slave.helloAgain();
  expect(cluster.state.slaves.get(slaveId)?.parts[0]?.account).toBeGreaterThan(account);
  const client = { frameworkId: scheduler.id, role: "*" };
  const [batch] = batchesOf([{ account, ...client, resources: quantities("cpus:4") }]);
  cluster.state.offers.make({ ...(batch as OfferedRows), quotas: 1 });
  cluster.settle();
  expect(scheduler.offers.length).toBe(1);
  expect(counts(cluster, scheduler)).toEqual({ sent: 2, accepted: 0, declined: 0, rescinded: 1 });
});

describe("launching", () => {
  test("an invalid task is an error, and its valid siblings run", () => {
    const { slave, scheduler } = scene();
    scheduler.launch(
      task("t1", slave.id, "cpus:1"),
      task("t2", slave.id, "cpus:0"),
      task("t3", slave.id, "cpus:64"),
      task("t4", slave.id, "cpus:1"),
    );
    expect(slave.tasks.map(({ taskId }) => String(taskId))).toEqual(["t1", "t4"]);
    expect(scheduler.updates).toMatchObject([
      { taskId: "t2", state: "error", reason: "TASK_INVALID", message: "the task uses no resources" },
      { taskId: "t3", state: "error", message: "the task needs more than the offer has: cpus:64 of 3" },
    ]);
  });

  test("each task sees what the ones before it left over", () => {
    const { slave, scheduler } = scene();
    scheduler.launch(task("t1", slave.id, "cpus:3"), task("t2", slave.id, "cpus:2"), task("t3", slave.id, "cpus:1"));
    expect(slave.tasks.map(({ taskId }) => String(taskId))).toEqual(["t1", "t3"]);
  });

  test("a task id that is in use is refused, and the task that has it goes on", () => {
    const { cluster, slave, scheduler } = scene();
    scheduler.launch(task("t1", slave.id, "cpus:1"), task("t1", slave.id, "cpus:2"));
    expect(slave.tasks.length).toBe(1);
    expect(scheduler.updates).toMatchObject([
      { taskId: "t1", state: "error", reason: "TASK_INVALID", message: "task id t1 is in use" },
    ]);
    expect(cluster.state.slaves.get(slave.id)?.used).toEqual({ cpus: 1_000 });
    expect(cluster.state.tasks.get(scheduler.id, TaskId("t1"))?.status.state).toBe("staging");
    slave.report(scheduler.id, "t1", "running");
    expect(scheduler.news).toEqual(["t1 error", "t1 running"]);
  });

  test("the same task id of another framework is another task", () => {
    const { slave, scheduler, cluster } = scene();
    scheduler.launch(task("t1", slave.id, "cpus:1"));
    const other = ScriptedScheduler.subscribed(cluster, "f2");
    other.launch(task("t1", slave.id, "cpus:1"));
    expect(slave.tasks.length).toBe(2);
    slave.report(other.id, "t1", "running");
    expect([scheduler.news, other.news]).toEqual([[], ["t1 running"]]);
  });
});

test("a framework holds no more offers than it may; what goes beyond is offered to others, and to it once it has answered", () => {
  const cluster = new Cluster({ outstandingOffersMax: 3, offerTimeoutMs: 0 });
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  for (let index = 0; index < 5; index++) ScriptedSlave.registered(cluster, `s${index}`);
  cluster.advance(10_000);
  expect(scheduler.offers.length).toBe(3);
  const other = ScriptedScheduler.subscribed(cluster, "f2");
  cluster.advance(2_000);
  expect([scheduler.offers.length, other.offers.length]).toEqual([3, 2]);
  other.decline(
    1_000_000,
    other.offers.map(({ id }) => id),
  );
  const answered = scheduler.offers.slice(0, 2).map(({ id }) => id);
  scheduler.decline(1_000_000, answered);
  cluster.advance(3_000);
  expect(scheduler.offers.length).toBe(5);
});
