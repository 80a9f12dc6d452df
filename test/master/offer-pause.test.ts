import { expect, test } from "vitest";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave } from "./scripted-slave.ts";

const quota = { limits: {}, guarantees: { cpus: 1_000 }, graceMs: 0 };

/** Five slaves that were there before the master was restarted, with a quota or without. */
function scene({ withQuota = true, slaveReregisterMs = 900_000 } = {}) {
  const cluster = new Cluster({ slaveReregisterMs });
  const slaves = ["s1", "s2", "s3", "s4", "s5"].map((name) => ScriptedSlave.registered(cluster, name));
  cluster.settle();
  if (withQuota) cluster.registry.registry.perform({ type: "updateQuotas", quotas: { web: quota } });
  cluster.bootMaster();
  const scheduler = ScriptedScheduler.subscribed(cluster, "f");
  cluster.settle();
  let cameBack = 0;
  /** The first so many slaves are back. */
  const back = (count: number) => {
    for (const slave of slaves.slice(cameBack, count)) {
      slave.party.connect();
      slave.helloAgain();
    }
    cameBack = count;
    cluster.settle();
  };
  return { cluster, back, offers: () => scheduler.hearing.of("resourceOffers").flatMap(({ offers }) => offers).length };
}

test("after a restart nothing is offered until four slaves in five are back, when there is a quota", () => {
  const { cluster, back, offers } = scene();
  back(3);
  cluster.advance(5_000);
  expect([offers(), cluster.state.pause.progress]).toEqual([0, { back: 3, known: 5 }]);
  back(4);
  expect([offers(), cluster.state.pause.isOn, cluster.state.pause.progress]).toEqual([4, false, undefined]);
});

test("without a quota offers are made at once", () => {
  const { back, offers } = scene({ withQuota: false });
  back(1);
  expect(offers()).toBe(1);
});

test("slaves that are given up are not waited for", () => {
  const { cluster, back, offers } = scene({ slaveReregisterMs: 5_000 });
  back(1);
  expect(offers()).toBe(0);
  cluster.advance(6_000);
  expect([offers(), cluster.state.pause.isOn]).toEqual([1, false]);
});

test("the wait ends after ten minutes, whoever is missing", () => {
  const { cluster, back, offers } = scene();
  back(1);
  cluster.advance(599_000);
  expect(offers()).toBe(0);
  cluster.advance(2_000);
  expect(offers()).toBe(1);
});
