/** Weights that operators set while the cluster runs, and who hears of settings. */

import { describe, expect, test } from "vitest";
import { viewTable } from "../../src/protocol/cluster-events.ts";
import type { Quantities } from "../../src/protocol/quantities.ts";
import { cpusOf, rescinded, scene } from "./operator-scene.ts";

describe("weights", () => {
  test("decide who is next from then on, and take nothing from anybody", () => {
    const { cluster, operate, framework } = scene(8, "cpus:1;mem:1024");
    const one = framework("f1", "one");
    const two = framework("f2", "two");
    expect(cpusOf(cluster, "one")).toBe(8_000);
    expect(operate({ type: "UPDATE_WEIGHTS", weights: [{ role: "two", weight: 3 }] }).done).toBe(true);
    cluster.advance(5_000);
    expect([rescinded(one), rescinded(two), cpusOf(cluster, "one")]).toEqual([[], [], 8_000]);
    one.decline(
      0,
      one.offers.map(({ id }) => id),
    );
    cluster.advance(1_000);
    expect([cpusOf(cluster, "one"), cpusOf(cluster, "two")]).toEqual([2_000, 6_000]);
    cluster.bootMaster();
    expect(Object.fromEntries(cluster.state.registrar.registry.weights)).toEqual({ two: 3 });
  });

  test.each([
    [0, /^Invalid weights: the weight of role "ads" is 0 and must be/],
    [-1, /is -1 and must be/],
    [Number.NaN, /is NaN and must be/],
  ])("of %d are refused", (weight, reason) => {
    const { cluster, operate } = scene();
    const weights = [
      { role: "fine", weight: 2 },
      { role: "ads", weight },
    ];
    expect(operate({ type: "UPDATE_WEIGHTS", weights })).toMatchObject({
      status: 400,
      reason: expect.stringMatching(reason),
    });
    expect(cluster.registry.registry.weights.size).toBe(0);
  });
});

test("a framework is told the guarantees of all its roles, those of one role once", () => {
  const { operate, framework } = scene();
  const role = (name: string, guarantees: Quantities) => ({
    role: name,
    quota: { limits: {}, guarantees, graceMs: 30_000 },
  });
  const quotas = [role("a", { cpus: 2_000, mem: 1_000 }), role("b", { cpus: 500 }), role("c", { cpus: 1_000 })];
  expect(operate({ type: "UPDATE_QUOTA", force: false, quotas }).done).toBe(true);
  const { party, id } = framework("f1", "a/x", "a/y", "b", "d");
  expect(party.ask("guaranteedShare", { frameworkId: id })).toEqual({ guaranteed: { cpus: 2_500, mem: 1_000 } });
});

test("views hear of settings when they come and when they change, and an acknowledgement names the change", () => {
  const { cluster, operate, quota } = scene();
  quota("ads", { cpus: 1_000 });
  const view = cluster.party("view", viewTable);
  view.tell("watchCluster", { self: view.address });
  const settings = { weights: {}, quotas: { ads: { limits: { cpus: 1_000 }, guarantees: {}, graceMs: 30_000 } } };
  expect(view.hearing.of("clusterSnapshot")[0]).toMatchObject({
    changes: [{ type: "settings", settings }],
    last: false,
  });
  expect(view.hearing.of("clusterSnapshot").at(-1)?.last).toBe(true);
  const reply = operate({ type: "UPDATE_WEIGHTS", weights: [{ role: "ads", weight: 2 }] });
  const told = view.hearing.of("clusterChanged").find(({ changes }) => changes.some(({ type }) => type === "settings"));
  expect(told).toEqual({
    seq: reply.done ? reply.seq : -1,
    changes: [{ type: "settings", settings: { ...settings, weights: { ads: 2 } } }],
  });
});
