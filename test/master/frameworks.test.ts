import { describe, expect, test } from "vitest";
import { clientId } from "../../src/master/allocator/client.ts";
import { FrameworkId } from "../../src/protocol/ids.ts";
import { Cluster, clientsOf } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

/** A framework with one task on half of one slave, holding an offer of the other half. */
function scene(failoverTimeoutMs = 60_000) {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1", "cpus:4;mem:4096");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { failoverTimeoutMs });
  scheduler.accept([scheduler.offer.id], [task("t1", slave.id, "cpus:2;mem:1024")], 0);
  slave.report(scheduler.id, "t1", "running");
  cluster.advance(1_000);
  return { cluster, slave, scheduler };
}

const stateOf = (cluster: Cluster, id: FrameworkId) => cluster.state.frameworks.get(id)?.state;

describe("subscribing", () => {
  test("again before the answer came makes one framework, and is answered again", () => {
    const cluster = new Cluster();
    const scheduler = new ScriptedScheduler(cluster, "f1");
    for (let retry = 0; retry < 3; retry++) scheduler.subscribe();
    expect([...cluster.state.frameworks.all()].length).toBe(1);
    expect(new Set(scheduler.hearing.of("subscribed").map(({ frameworkId }) => frameworkId)).size).toBe(1);
    expect(scheduler.hearing.of("subscribed").length).toBe(3);
  });

  test("with the same name twice makes two", () => {
    const cluster = new Cluster();
    const ids = ["a", "b"].map((node) => ScriptedScheduler.subscribed(cluster, node, { name: "same" }).id);
    expect(new Set(ids).size).toBe(2);
  });

  test("with an id that nobody knows keeps the id: the master may have forgotten", () => {
    const cluster = new Cluster();
    const scheduler = new ScriptedScheduler(cluster, "f1");
    scheduler.subscribe(FrameworkId("of-old"));
    expect(scheduler.id).toBe("of-old");
  });
});

describe("failover", () => {
  test("the newer scheduler wins: the older hears that it is over, its offers go, tasks stay", () => {
    const { cluster, slave, scheduler } = scene();
    const { id } = scheduler.offer;
    const heir = new ScriptedScheduler(cluster, "f1-heir", scheduler.info);
    heir.subscribe(scheduler.id);
    expect(scheduler.hearing.of("frameworkError").length).toBe(1);
    expect(heir.id).toBe(scheduler.id);
    expect(heir.offer.id).not.toBe(id);
    slave.report(heir.id, "t1", "finished");
    expect(scheduler.news).toEqual(["t1 running"]);
    expect(heir.news).toEqual(["t1 finished"]);
    scheduler.party.end();
    expect(stateOf(cluster, heir.id)).toBe("connected");
  });

  test("the newer scheduler starts with no filters of the older one's", () => {
    const { cluster, scheduler } = scene();
    scheduler.party.tell("setFilters", { frameworkId: scheduler.id, filters: { slaves: [] } });
    scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: [] });
    const heir = new ScriptedScheduler(cluster, "f1-heir", scheduler.info);
    heir.subscribe(scheduler.id);
    expect(heir.offers.length).toBe(1);
  });

  test("a scheduler that is away keeps its tasks for its failover timeout, and its offers go at once", () => {
    const { cluster, slave, scheduler } = scene();
    const other = ScriptedScheduler.subscribed(cluster, "f2");
    scheduler.party.cut();
    expect(other.offers.length).toBe(1);
    cluster.advance(59_999);
    expect(slave.hearing.of("shutdownFramework")).toEqual([]);
    cluster.advance(1);
    expect(slave.hearing.of("shutdownFramework")).toMatchObject([{ frameworkId: scheduler.id }]);
    expect(stateOf(cluster, scheduler.id)).toBe("completed");
  });

  test("one that comes back in time keeps everything, and its time starts anew", () => {
    const { cluster, slave, scheduler } = scene();
    scheduler.party.cut();
    cluster.advance(59_000);
    scheduler.party.connect();
    scheduler.subscribe(scheduler.id);
    cluster.advance(120_000);
    expect(slave.hearing.of("shutdownFramework")).toEqual([]);
    expect([...cluster.state.offers.all()].length).toBe(1);
  });

  test("a timeout of 0 ends the framework with its connection", () => {
    const { cluster, slave, scheduler } = scene(0);
    scheduler.party.cut();
    cluster.settle();
    expect(slave.hearing.of("shutdownFramework").length).toBe(1);
  });

  test("after a master's restart even a timeout of 0 leaves the scheduler its time to come back", () => {
    const { cluster, slave, scheduler } = scene(0);
    const known = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    cluster.bootMaster();
    slave.party.connect();
    slave.helloAgain(known);
    cluster.advance(1_000);
    scheduler.party.connect();
    scheduler.subscribe(scheduler.id);
    expect(scheduler.hearing.of("frameworkError")).toEqual([]);
    expect(slave.hearing.of("shutdownFramework")).toEqual([]);
    cluster.advance(60_000);
    expect(stateOf(cluster, scheduler.id)).toBe("connected");
  });

  test("after a master's restart a framework whose scheduler stays away is ended", () => {
    const { cluster, slave, scheduler } = scene(0);
    const known = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    cluster.bootMaster();
    slave.party.connect();
    slave.helloAgain(known);
    cluster.advance(60_000);
    expect(slave.hearing.of("shutdownFramework")).toMatchObject([{ frameworkId: scheduler.id }]);
  });
});

describe("teardown", () => {
  test("takes the offers back, kills the tasks, and is complete when the last has ended", () => {
    const { cluster, slave, scheduler } = scene();
    const other = ScriptedScheduler.subscribed(cluster, "f2");
    scheduler.party.tell("teardown", { frameworkId: scheduler.id });
    expect(scheduler.hearing.of("frameworkError")).toEqual([{ message: "torn down by its scheduler" }]);
    expect(slave.hearing.of("shutdownFramework")).toMatchObject([{ frameworkId: scheduler.id }]);
    expect(other.offer.resources).toEqual({ cpus: 2_000, mem: 3_072_000 });
    other.decline(0);
    slave.report(scheduler.id, "t1", "killed");
    cluster.advance(1_000);
    expect(other.offer.resources).toEqual({ cpus: 4_000, mem: 4_096_000 });
    expect(clientsOf(cluster)).toEqual([clientId(other.id, "*")]);
  });

  test("acknowledges what its tasks report itself: nobody else is there to do it", () => {
    const { slave, scheduler, cluster } = scene();
    scheduler.party.tell("teardown", { frameworkId: scheduler.id });
    slave.report(scheduler.id, "t1", "killed");
    expect(slave.hearing.of("updateAcknowledged")).toMatchObject([{ taskId: "t1", uuid: "t1 killed" }]);
    expect(cluster.state.tasks.onSlave(slave.id)).toEqual([]);
  });

  test("is for good: who subscribes with its id is refused", () => {
    const { cluster, scheduler } = scene();
    scheduler.party.tell("teardown", { frameworkId: scheduler.id });
    const heir = new ScriptedScheduler(cluster, "f1-heir", scheduler.info);
    heir.subscribe(scheduler.id);
    expect(heir.hearing.of("frameworkError")).toMatchObject([{ message: "Framework has been removed" }]);
    expect(heir.hearing.of("subscribed")).toEqual([]);
  });

  test("kills the tasks of slaves that were away when they are back", () => {
    const { slave, scheduler } = scene();
    const known = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    slave.party.cut();
    scheduler.party.tell("teardown", { frameworkId: scheduler.id });
    slave.party.connect();
    slave.helloAgain(known);
    expect(slave.hearing.of("killOnSlave")).toMatchObject([{ frameworkId: scheduler.id, taskId: "t1" }]);
  });
});

describe("wanting offers", () => {
  test("a suppressed framework is offered nothing until it revives", () => {
    const { cluster, scheduler } = scene();
    scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: [] });
    scheduler.decline(0);
    const before = scheduler.offers.length;
    cluster.advance(10_000);
    expect(scheduler.offers.length).toBe(before);
    scheduler.party.tell("revive", { frameworkId: scheduler.id, roles: [] });
    expect(scheduler.offers.length).toBe(before + 1);
  });

  test("reviving forgets the framework's own declines", () => {
    const { cluster, scheduler } = scene();
    scheduler.decline(1_000_000);
    cluster.advance(5_000);
    const before = scheduler.offers.length;
    scheduler.party.tell("revive", { frameworkId: scheduler.id, roles: [] });
    expect(scheduler.offers.length).toBe(before + 1);
  });

  test("reviving for one slave leaves its declines of others", () => {
    const { cluster, slave, scheduler } = scene();
    ScriptedSlave.registered(cluster, "s2", "cpus:8;mem:8192");
    for (const { id } of cluster.state.offers.all()) scheduler.decline(1_000_000, [id]);
    cluster.advance(5_000);
    expect([...cluster.state.offers.all()]).toEqual([]);
    scheduler.party.tell("revive", { frameworkId: scheduler.id, roles: [], slaveIds: [slave.id] });
    expect([...cluster.state.offers.all()].map(({ slaveId }) => slaveId)).toEqual([slave.id]);
  });

  test("filters hold at the master: only these slaves, only so much", () => {
    const { cluster, slave, scheduler } = scene();
    const frameworkId = scheduler.id;
    const other = ScriptedSlave.registered(cluster, "s2", "cpus:8;mem:8192");
    scheduler.party.tell("setFilters", { frameworkId, filters: { slaves: [slave.id] } });
    for (const { id } of cluster.state.offers.all()) scheduler.decline(0, [id]);
    cluster.advance(1_000);
    expect([...cluster.state.offers.all()].map(({ slaveId }) => slaveId)).toEqual([slave.id]);
    scheduler.party.tell("setFilters", { frameworkId, filters: { minFree: { cpus: 8_000 } } });
    for (const { id } of cluster.state.offers.all()) scheduler.decline(0, [id]);
    cluster.advance(1_000);
    expect([...cluster.state.offers.all()].map(({ slaveId }) => slaveId)).toEqual([other.id]);
  });
});
