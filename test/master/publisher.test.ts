import { describe, expect, test } from "vitest";
import { type ClusterChange, type ViewProtocol, viewTable } from "../../src/protocol/cluster-events.ts";
import { FrameworkId } from "../../src/protocol/ids.ts";
import { Cluster, type Party } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

function watching(cluster: Cluster): Party<ViewProtocol> {
  const view = cluster.party("view", viewTable);
  view.tell("watchCluster", { self: view.address });
  return view;
}

function changesOf(view: Party<ViewProtocol>): readonly ClusterChange[] {
  return view.hearing.heard.flatMap(({ body }) => body.changes);
}

function scene() {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  scheduler.accept([scheduler.offer.id], [task("t1", slave.id, "cpus:1;mem:64")], 0);
  cluster.advance(1_000);
  return { cluster, slave, scheduler };
}

describe("a view", () => {
  test("of an empty cluster gets a snapshot without rows that is the last", () => {
    const cluster = new Cluster();
    const view = watching(cluster);
    expect(view.hearing.of("clusterSnapshot")).toMatchObject([
      {
        seq: 0,
        master: { id: cluster.state.id, lead: { epoch: 1, term: 1 } },
        changes: [{ type: "counters" }],
        last: true,
      },
    ]);
  });

  test("gets everything there is, then what changes, numbered without gaps", () => {
    const { cluster, slave, scheduler } = scene();
    const view = watching(cluster);
    const [snapshot] = view.hearing.of("clusterSnapshot");
    expect(snapshot?.changes.map(({ type }) => type)).toEqual(["framework", "slave", "task", "offer", "counters"]);
    slave.report(scheduler.id, "t1", "running");
    slave.report(scheduler.id, "t1", "finished");
    scheduler.decline(0);
    cluster.advance(5_000);
    const seqs = view.hearing.of("clusterChanged").map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => (snapshot?.seq ?? 0) + 1 + index));
    const states = changesOf(view).flatMap((change) => (change.type === "taskStatus" ? [change.status.state] : []));
    expect(states).toEqual(["running", "finished"]);
    const last = changesOf(view).findLast((change) => change.type === "slave");
    expect(last).toMatchObject({ row: { id: slave.id, state: "registered", used: {} } });
  });

  test("hears of a slave or framework at most once a flush, however often it changed", () => {
    const { cluster, slave, scheduler } = scene();
    const view = watching(cluster);
    view.hearing.clear();
    scheduler.accept(
      [scheduler.offer.id],
      [1, 2, 3].map((n) => task(`n${n}`, slave.id, "cpus:1;mem:64")),
    );
    cluster.advance(10);
    const [flushed] = view.hearing.of("clusterChanged");
    expect(flushed?.changes.filter(({ type }) => type === "slave").length).toBe(1);
    expect(flushed?.changes.filter(({ type }) => type === "framework").length).toBe(1);
    expect(flushed?.changes.filter(({ type }) => type === "task").length).toBe(3);
  });

  test("is sent no more than 200 rows at a time", () => {
    const { cluster, slave, scheduler } = scene();
    const tasks = Array.from({ length: 250 }, (_, index) => task(`n${index}`, slave.id, "cpus:0.01"));
    scheduler.accept([scheduler.offer.id], tasks);
    const view = watching(cluster);
    const snapshots = view.hearing.of("clusterSnapshot");
    expect(snapshots.map(({ changes, last }) => [changes.length <= 200, last])).toEqual([
      [true, false],
      [true, true],
    ]);
    expect(changesOf(view).filter(({ type }) => type === "task").length).toBe(251);
  });

  test("that asks again starts over; one that is gone is forgotten", () => {
    const { cluster, scheduler } = scene();
    const view = watching(cluster);
    view.tell("watchCluster", { self: view.address });
    expect(view.hearing.of("clusterSnapshot").length).toBe(2);
    view.hearing.clear();
    scheduler.decline(60_000);
    cluster.advance(10);
    expect(view.hearing.of("clusterChanged").length).toBe(1);
    view.end();
    cluster.advance(10_000);
  });

  test("hears that a slave is gone", () => {
    const { cluster, slave } = scene();
    const view = watching(cluster);
    slave.party.end();
    cluster.advance(10);
    expect(changesOf(view)).toContainEqual({ type: "slaveGone", id: slave.id });
  });
});

describe("an operator's teardown", () => {
  test("is done, and the answer names the change in which a view sees it", () => {
    const { cluster, scheduler } = scene();
    const view = watching(cluster);
    const answer = view.ask("operate", { call: { type: "TEARDOWN", frameworkId: scheduler.id } });
    expect(scheduler.hearing.of("frameworkError")).toEqual([{ message: "torn down by an operator" }]);
    if (!answer.done) throw new Error(answer.reason);
    const seen = view.hearing.of("clusterChanged").filter(({ seq }) => seq <= answer.seq);
    const rows = seen.flatMap(({ changes }) => changes.filter((change) => change.type === "framework"));
    expect(rows.at(-1)).toMatchObject({ row: { id: scheduler.id, state: "completed" } });
  });

  test("of a framework that is not there is refused with 400, twice over too", () => {
    const { cluster, scheduler } = scene();
    const view = watching(cluster);
    const refusal = { done: false, status: 400, reason: "no framework nobody is registered" };
    const teardown = (id: FrameworkId) => view.ask("operate", { call: { type: "TEARDOWN", frameworkId: id } });
    expect(teardown(FrameworkId("nobody"))).toEqual(refusal);
    expect(teardown(scheduler.id).done).toBe(true);
    expect(teardown(scheduler.id).done).toBe(false);
  });
});
