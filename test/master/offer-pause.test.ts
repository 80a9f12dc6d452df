/** After a restart of the master nothing is offered until most slaves are back, if any role has a quota. */

import { describe, expect, test } from "vitest";
import { type ClusterChange, viewTable } from "../../src/protocol/cluster-events.ts";
import type { RoleQuota } from "../../src/protocol/operator-api.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave } from "./scripted-slave.ts";

const quota: RoleQuota = { role: "ads", quota: { limits: { cpus: 2_000 }, guarantees: {}, graceMs: 30_000 } };

/** Ten slaves, a quota unless told otherwise, and then a new master that a framework of another role has come to. */
function restarted({ quotas = [quota], slaveReregisterMs = 5_000 } = {}) {
  const cluster = new Cluster({ slaveReregisterMs });
  const slaves = Array.from({ length: 10 }, (_, n) => ScriptedSlave.registered(cluster, `s${n}`));
  const operator = cluster.party("operator", viewTable);
  operator.ask("operate", { call: { type: "UPDATE_QUOTA", force: false, quotas } });
  cluster.bootMaster();
  for (const { party } of [...slaves, { party: operator }]) party.connect();
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { roles: ["web"] });
  const back = (count: number) => {
    for (const slave of slaves.splice(0, count)) slave.helloAgain();
  };
  return { cluster, slaves, operator, scheduler, back };
}

describe("nothing is offered", () => {
  test("until 80 % of the slaves are back, and then all that is free", () => {
    const { cluster, scheduler, back } = restarted();
    back(7);
    cluster.advance(4_000);
    expect([scheduler.offers.length, cluster.state.pause.progress]).toEqual([0, { back: 7, known: 10 }]);
    back(1);
    expect([scheduler.offers.length, cluster.state.pause.progress]).toEqual([8, undefined]);
    back(2);
    expect(scheduler.offers.length).toBe(10);
  });

  test("for slaves that are given up in time no longer than for those that come back", () => {
    const { cluster, scheduler, back } = restarted();
    back(3);
    cluster.advance(4_999);
    expect(scheduler.offers.length).toBe(0);
    cluster.advance(1);
    expect([scheduler.offers.length, cluster.state.pause.isOn]).toEqual([3, false]);
  });

  test("and a slave that an operator gives up is not waited for", () => {
    const { cluster, slaves, operator, scheduler, back } = restarted();
    back(7);
    expect(scheduler.offers.length).toBe(0);
    const slaveId = slaves[0]?.id ?? scheduler.offer.slaveId;
    expect(operator.ask("operate", { call: { type: "MARK_AGENT_GONE", slaveId } }).done).toBe(true);
    cluster.settle();
    expect([scheduler.offers.length, cluster.state.pause.isOn]).toEqual([7, false]);
  });

  test("for ten minutes at most, however long slaves may take to come back", () => {
    const { cluster, scheduler, back } = restarted({ slaveReregisterMs: 3_600_000 });
    back(1);
    cluster.advance(599_000);
    expect(scheduler.offers.length).toBe(0);
    cluster.advance(1_000);
    expect([scheduler.offers.length, cluster.state.pause.isOn]).toEqual([1, false]);
  });

  test("also by an allocator that is new, as long as the pause is on", () => {
    const { cluster, scheduler, back } = restarted();
    back(7);
    cluster.stopAllocator();
    cluster.startAllocator();
    cluster.advance(3_000);
    expect(scheduler.offers.length).toBe(0);
    back(1);
    expect(scheduler.offers.length).toBe(8);
  });

  test("only as long as some role has a quota", () => {
    const { cluster, operator, scheduler, back } = restarted();
    back(1);
    const none = [{ role: "ads" }];
    expect(operator.ask("operate", { call: { type: "UPDATE_QUOTA", force: false, quotas: none } }).done).toBe(true);
    cluster.settle();
    expect([scheduler.offers.length, cluster.state.pause.isOn]).toEqual([1, false]);
  });
});

test("without a quota nobody waits", () => {
  const { cluster, scheduler, back } = restarted({ quotas: [] });
  back(1);
  expect([scheduler.offers.length, cluster.state.pause.progress]).toEqual([1, undefined]);
});

test("views hear how far it is, and when it is over", () => {
  const { cluster, back } = restarted();
  back(2);
  const view = cluster.party("view", viewTable);
  view.tell("watchCluster", { self: view.address });
  back(5);
  cluster.advance(100);
  back(1);
  cluster.advance(100);
  const heard: readonly ClusterChange[] = view.hearing.heard.flatMap(({ body }) => body.changes);
  const told = heard.flatMap((change) => (change.type === "offerPause" ? [change.progress] : []));
  expect(told[0]).toEqual({ back: 2, known: 10 });
  expect(told).toContainEqual({ back: 7, known: 10 });
  expect(told.at(-1)).toBeUndefined();
  const later = cluster.party("later", viewTable);
  later.tell("watchCluster", { self: later.address });
  expect(later.hearing.heard.flatMap(({ body }) => body.changes.map(({ type }) => type))).not.toContain("offerPause");
});
