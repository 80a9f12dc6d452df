import { describe, expect, test } from "vitest";
import { type ViewProtocol, viewTable } from "../../src/protocol/cluster-events.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

function scene() {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  const counts = () => cluster.state.counters.counts;
  /** What has been counted since, without what the allocator tells of itself. */
  const since = (act: () => void) => {
    const before = counts();
    act();
    const after = Object.entries(counts()).filter(([name]) => !name.startsWith("allocator/"));
    return Object.fromEntries(
      after.map(([name, value]) => [name, value - (before[name] ?? 0)] as const).filter(([, more]) => more !== 0),
    );
  };
  return { cluster, slave, scheduler, counts, since };
}

describe("the master counts", () => {
  test("nothing before anything has happened, and says so", () => {
    const counts = new Cluster().state.counters.counts;
    expect(Object.values(counts).filter((value) => value !== 0)).toEqual([]);
    expect(Object.keys(counts)).toEqual(
      expect.arrayContaining(["master/messages_kill_task", "master/tasks_lost", "registrar/queued_operations"]),
    );
  });

  test("registrations, subscriptions and launches", () => {
    const { counts, since, scheduler, slave } = scene();
    expect(counts()).toMatchObject({
      "master/messages_register_slave": 1,
      "master/slave_registrations": 1,
      "master/messages_register_framework": 1,
    });
    expect(since(() => scheduler.accept([scheduler.offer.id], [task("t1", slave.id, "cpus:1")]))).toEqual({
      "master/messages_launch_tasks": 1,
    });
    expect(since(() => scheduler.accept([], []))).toEqual({ "master/messages_decline_offers": 1 });
  });

  test("the end of a task once, however often the slave tells it, and the messages each time", () => {
    const { since, scheduler, slave } = scene();
    scheduler.accept([scheduler.offer.id], [task("t1", slave.id, "cpus:1")]);
    const running = since(() => slave.report(scheduler.id, "t1", "running"));
    expect(running).toEqual({ "master/messages_status_update": 1, "master/valid_status_updates": 1 });
    const ended = since(() => {
      slave.report(scheduler.id, "t1", "failed");
      slave.report(scheduler.id, "t1", "failed");
      slave.report(scheduler.id, "t1", "killed");
    });
    expect(ended).toEqual({
      "master/messages_status_update": 3,
      "master/valid_status_updates": 3,
      "master/tasks_failed": 1,
    });
    const unknown = since(() => slave.report(scheduler.id, "nobody", "running"));
    expect(unknown).toEqual({ "master/messages_status_update": 1, "master/invalid_status_updates": 1 });
  });

  test("why the master itself ended tasks, and not what it answers to reconciliation", () => {
    const { since, scheduler, slave, cluster } = scene();
    const wrong = since(() => scheduler.accept([scheduler.offer.id], [task("t1", slave.id, "cpus:1000")]));
    expect(wrong).toEqual({
      "master/messages_launch_tasks": 1,
      "master/tasks_error": 1,
      "master/task_error/source_master/reason_task_invalid": 1,
    });
    const used = since(() => scheduler.accept([scheduler.offer.id], [task("t2", slave.id, "cpus:1")]));
    expect(used).toMatchObject({ "master/task_dropped/source_master/reason_invalid_offers": 1 });
    const asked = since(() => {
      scheduler.party.tell("reconcile", {
        frameworkId: scheduler.id,
        tasks: [{ taskId: task("t9", slave.id, "cpus:1").taskId, slaveId: slave.id }],
      });
      cluster.advance(1);
    });
    expect(asked).toEqual({ "master/messages_reconcile_tasks": 1 });
  });

  test("removed slaves by the reason", () => {
    const { since, slave } = scene();
    expect(since(() => slave.party.tell("unregisterSlave", { slaveId: slave.id }))).toEqual({
      "master/messages_unregister_slave": 1,
      "master/slave_removals": 1,
      "master/slave_removals/reason_unregistered": 1,
    });
  });

  test("the passes of the allocator, as it tells them while there is a view", () => {
    const { cluster, counts } = scene();
    cluster.advance(5_000);
    expect(counts()).not.toHaveProperty("allocator/mesos/allocation_runs");
    const view = cluster.party<ViewProtocol>("view", viewTable);
    view.tell("watchCluster", { self: view.address });
    const runs = () => counts()["allocator/mesos/allocation_runs"] ?? 0;
    cluster.advance(5_000);
    const before = runs();
    cluster.advance(5_000);
    expect(runs()).toBeGreaterThan(before);
    expect(counts()["allocator/mesos/event_queue_dispatches"]).toBe(0);
  });
});

describe("the allocator counts", () => {
  test("the unexpired filters of each role", () => {
    const { cluster, counts } = scene();
    const declining = ["ads", "ads/web"].map((role, n) =>
      ScriptedScheduler.subscribed(cluster, `declining-${n}`, { roles: [role] }),
    );
    const slave = ScriptedSlave.registered(cluster, "s9");
    for (let round = 0; round < 2; round++) {
      for (const scheduler of declining) {
        for (const { id, slaveId } of scheduler.offers) if (slaveId === slave.id) scheduler.decline(3_000, [id]);
      }
    }
    const view = cluster.party<ViewProtocol>("view", viewTable);
    view.tell("watchCluster", { self: view.address });
    const filters = (role: string) => counts()[`allocator/mesos/offer_filters/roles/${role}/active`];
    cluster.advance(1_500);
    expect([filters("ads"), filters("ads/web"), filters("nobody")]).toEqual([1, 1, undefined]);
    cluster.advance(4_000);
    expect(filters("ads")).toBe(0);
  });
});

describe("a view", () => {
  function watching() {
    const { cluster, slave, scheduler } = scene();
    const view = cluster.party<ViewProtocol>("view", viewTable);
    view.tell("watchCluster", { self: view.address });
    const heard = () =>
      view.hearing.heard.flatMap(({ body }) =>
        body.changes.flatMap((change) => (change.type === "counters" ? [change.counts] : [])),
      );
    return { cluster, slave, scheduler, heard };
  }

  test("has the numbers from the beginning, and hears new ones once a second at most", () => {
    const { cluster, slave, scheduler, heard } = watching();
    expect(heard()).toEqual([expect.objectContaining({ "master/slave_registrations": 1 })]);
    scheduler.accept([scheduler.offer.id], [task("t1", slave.id, "cpus:1")]);
    for (let count = 0; count < 50; count++) slave.report(scheduler.id, "t1", "running");
    cluster.advance(900);
    expect(heard().length).toBe(1);
    cluster.advance(200);
    expect(heard().length).toBe(2);
    expect(heard().at(-1)).toMatchObject({ "master/messages_status_update": 50 });
  });
});
