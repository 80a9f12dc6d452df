/** Quotas that operators set while the cluster runs. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bundle } from "../../src/master/allocator/scalar-names.ts";
import type { OperatorCall } from "../../src/protocol/operator-api.ts";
import type { Quantities } from "../../src/protocol/quantities.ts";
import { batchesOf } from "./allocator/kit.ts";
import { cpusOf, rescinded, scene } from "./operator-scene.ts";
import type { ScriptedScheduler } from "./scripted-scheduler.ts";
import { type ScriptedSlave, task } from "./scripted-slave.ts";

describe("a limit", () => {
  test("stops a role with all its frameworks and all roles below it", () => {
    const { cluster, quota, framework } = scene(3);
    expect(quota("ads", { cpus: 5_000 }).done).toBe(true);
    for (const [name, role] of [
      ["f1", "ads"],
      ["f2", "ads/web"],
      ["f3", "ads/web/eu"],
    ] as const) {
      framework(name, role);
      expect(cpusOf(cluster, "ads")).toBeLessThanOrEqual(5_000);
    }
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(5_000);
    framework("f4", "other");
    expect(cpusOf(cluster, "other")).toBe(7_000);
  });

  test("takes back so many offers, the newest first, that it cannot be passed, before anything else is offered", () => {
    const { cluster, quota, framework } = scene(3);
    const greedy = framework("f1", "ads");
    const other = framework("f2", "other");
    expect(cpusOf(cluster, "ads")).toBe(12_000);
    const [first] = greedy.offers;
    expect(quota("ads", { cpus: 4_000 }).done).toBe(true);
    expect(rescinded(greedy).map(({ reason, offerIds }) => [reason, offerIds.length])).toEqual([
      ["quota", 1],
      ["quota", 1],
    ]);
    expect(greedy.offers).toEqual([first]);
    cluster.advance(5_000);
    expect([cpusOf(cluster, "ads"), cpusOf(cluster, "other")]).toEqual([4_000, 8_000]);
    expect(rescinded(other)).toEqual([]);
  });

  test("leaves offers of what it does not limit, and those of other roles", () => {
    const { cluster, quota, framework } = scene();
    const other = framework("f1", "other");
    const scheduler = framework("f2", "ads");
    expect(quota("ads", { gpus: 0 }).done).toBe(true);
    expect([...rescinded(other), ...rescinded(scheduler)]).toEqual([]);
    expect(quota("ads", { mem: 0 }).done).toBe(true);
    expect(rescinded(other)).toEqual([]);
    cluster.advance(1_000);
    expect(cpusOf(cluster, "other")).toBe(8_000);
  });

  test("is not set below what the role consumes, unless by force; what is only offered does not count", () => {
    const { cluster, machines, quota, framework } = scene(2);
    const scheduler = framework("f1", "ads");
    const [s1] = machines;
    const mine = scheduler.offers.find(({ slaveId }) => slaveId === s1?.id);
    if (mine === undefined) throw new Error("no offer of s1");
    scheduler.accept([mine.id], [task("t1", mine.slaveId, "cpus:3;mem:64")]);
    expect(quota("ads", { cpus: 2_000 })).toEqual({
      done: false,
      status: 400,
      reason:
        "Invalid QuotaConfig: Role 'ads' is already consuming 'cpus:3; mem:64'; this is more than the requested limits " +
        "'cpus:2' (use 'force' flag to bypass this check)",
    });
    expect(rescinded(scheduler)).toEqual([]);
    expect(quota("ads", { cpus: 3_000 }).done).toBe(true);
    expect(rescinded(scheduler).length).toBe(1);
    expect(quota("ads", { cpus: 1_000 }, {}, true).done).toBe(true);
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(3_000);
    expect(scheduler.news).toEqual([]);
  });

  test("counts all that is reserved to the role, used or not", () => {
    const { cluster, quota, framework } = scene(2, "cpus:2;cpus(ads/web):2;mem:4096");
    expect(quota("ads", { cpus: 3_999 }).done).toBe(false);
    expect(quota("ads", { cpus: 5_000 }).done).toBe(true);
    framework("f1", "ads");
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(1_000);
    framework("f2", "ads/web");
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(1_000);
  });
});

describe("a limit that is changed", () => {
  test("holds against what the allocator decided before it knew", () => {
    const { cluster, machines, quota, framework } = scene(1);
    const scheduler = framework("f1", "ads");
    const account = cluster.state.slaves.get(machines[0]?.id ?? scheduler.offer.slaveId)?.parts[0]?.account ?? 0;
    const { frameworkId, role } = scheduler.offer;
    scheduler.decline(1_000_000);
    expect(quota("ads", { cpus: 1_000 }).done).toBe(true);
    const [batch] = batchesOf([{ account, frameworkId, role, resources: { cpus: 2_000 } }]);
    // As if it had crossed the change on its way: the allocator has it as held until it is given back.
    cluster.book?.grant(
      cluster.book.slaves.row(account) ?? 0,
      cluster.book.clients.find({ frameworkId, role }) ?? never(),
      new Bundle().read({ cpus: 2_000 }, cluster.book.names),
    );
    const before = scheduler.hearing.of("resourceOffers").length;
    cluster.state.offers.make({ ...(batch ?? never()), quotas: 1 });
    cluster.settle();
    expect(scheduler.hearing.of("resourceOffers").length).toBe(before);
  });

  test("is in force before it is on disk, and acknowledged after; the looser one only then", () => {
    const { cluster, operator, quota, framework } = scene(2);
    const scheduler = framework("f1", "ads");
    cluster.registry.hold();
    const asked = operator.asking("operate", {
      call: {
        type: "UPDATE_QUOTA",
        force: false,
        quotas: [{ role: "ads", quota: { limits: { cpus: 4_000 }, guarantees: {}, graceMs: 0 } }],
      },
    });
    expect(asked).toEqual([]);
    expect(rescinded(scheduler).length).toBe(1);
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(4_000);
    cluster.registry.release();
    cluster.settle();
    expect(asked).toMatchObject([{ ok: true, value: { done: true } }]);
    cluster.registry.hold();
    expect(() => quota("ads", { cpus: 8_000 })).toThrow("not answered");
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(4_000);
    cluster.registry.release();
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(8_000);
  });

  test("survives the master, and is taken away like it was set", () => {
    const { cluster, machines, quota, operate, operator, framework } = scene(1);
    quota("ads", { cpus: 1_000 });
    cluster.bootMaster();
    operator.connect();
    for (const slave of machines) {
      slave.party.connect();
      slave.helloAgain();
    }
    framework("f1", "ads");
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(1_000);
    expect(operate({ type: "UPDATE_QUOTA", force: false, quotas: [{ role: "ads" }] }).done).toBe(true);
    cluster.advance(5_000);
    expect(cpusOf(cluster, "ads")).toBe(4_000);
    expect(cluster.registry.registry.quotas.size).toBe(0);
  });
});

describe("a call", () => {
  const quotaOf = (limits: Quantities, guarantees: Quantities = {}) => ({ limits, guarantees, graceMs: 30_000 });

  test.each([
    ["a/b", quotaOf({ cpus: 1 }), "Updating quota on nested role 'a/b' is not supported yet"],
    ["*", quotaOf({ cpus: 1 }), 'Invalid QuotaConfig: the default role "*" cannot have a quota; choose another role'],
    ["", quotaOf({ cpus: 1 }), 'Invalid QuotaConfig: role "" is empty'],
    ["..", quotaOf({ cpus: 1 }), /^Invalid QuotaConfig: role "\.\." contains \. or \.\./],
    ["a b", quotaOf({ cpus: 1 }), /^Invalid QuotaConfig: role "a b" contains whitespace/],
    ["a//b", quotaOf({ cpus: 1 }), /^Invalid QuotaConfig: role "a\/\/b" begins or ends with \/, or has two in a row/],
    ["ads", quotaOf({ cpus: 1 }, { cpus: 2 }), /the guarantee of cpus is 0\.002 and more than its limit of 0\.001/],
    [
      "ads",
      quotaOf({}, { cpus: 9_000 }),
      "Invalid QuotaConfig: total quota guarantees 'cpus:9' exceed cluster capacity 'cpus:8; mem:8192' " +
        "(use 'force' flag to bypass this check)",
    ],
  ])("about %j is refused with words", (role, quota, reason) => {
    const { cluster, operate } = scene();
    const fine = { role: "fine", quota: quotaOf({ cpus: 1_000 }) };
    const reply = operate({ type: "UPDATE_QUOTA", force: false, quotas: [fine, { role, quota }] });
    expect(reply).toEqual({
      done: false,
      status: 400,
      reason: typeof reason === "string" ? reason : expect.stringMatching(reason),
    });
    expect(cluster.registry.registry.quotas.size, "all or nothing").toBe(0);
  });

  test("that names a role twice is refused", () => {
    const { operate } = scene();
    const ads = { role: "ads", quota: quotaOf({ cpus: 1 }) };
    expect(operate({ type: "UPDATE_QUOTA", force: true, quotas: [ads, ads] })).toMatchObject({
      reason: 'Invalid QuotaConfig: role "ads" is named twice',
    });
    const weight = { role: "ads", weight: 2 };
    expect(operate({ type: "UPDATE_WEIGHTS", weights: [weight, weight] })).toMatchObject({
      reason: 'Invalid weights: role "ads" is given two weights',
    });
  });

  test("sees what others before it are about to change", () => {
    const { cluster, operator } = scene(1);
    cluster.registry.hold();
    const update = (role: string) =>
      operator.asking("operate", {
        call: { type: "UPDATE_QUOTA", force: false, quotas: [{ role, quota: quotaOf({}, { cpus: 3_000 }) }] },
      });
    const first = update("ads");
    expect(update("web")).toMatchObject([{ value: { done: false, reason: expect.stringContaining("'cpus:6'") } }]);
    cluster.registry.release();
    cluster.settle();
    expect(first).toMatchObject([{ value: { done: true } }]);
    expect([...cluster.registry.registry.quotas.keys()]).toEqual(["ads"]);
  });

  test("that comes while too many are on their way to disk is refused, not queued", () => {
    const { cluster, operator } = scene(1);
    cluster.registry.hold();
    const ask = () =>
      operator.asking("operate", { call: { type: "UPDATE_WEIGHTS", weights: [{ role: "ads", weight: 2 }] } });
    const waiting = Array.from({ length: 100 }, ask);
    expect(ask()).toMatchObject([{ value: { done: false, status: 503 } }]);
    cluster.registry.release();
    cluster.settle();
    expect(waiting.flat().length).toBe(100);
    expect(ask()).toMatchObject([{ value: { done: true } }]);
  });

  test("may take away a guarantee although there is less than all guarantees", () => {
    const { operate } = scene(1);
    const role = (name: string, cpus: number) => ({ role: name, quota: quotaOf({}, { cpus }) });
    expect(operate({ type: "UPDATE_QUOTA", force: true, quotas: [role("a", 9_000), role("b", 9_000)] }).done).toBe(
      true,
    );
    expect(operate({ type: "UPDATE_QUOTA", force: false, quotas: [role("a", 8_000)] }).done).toBe(true);
    expect(operate({ type: "UPDATE_QUOTA", force: false, quotas: [role("a", 10_000)] }).done).toBe(false);
  });
});

describe("the older calls", () => {
  const amounts = { cpus: 2_000 };
  const quota = { limits: amounts, guarantees: amounts, graceMs: 30_000 };
  const set = (role: string, more: Partial<typeof quota> = {}, force = false): OperatorCall => ({
    type: "SET_QUOTA",
    role,
    force,
    quota: { ...quota, ...more },
  });

  test("set the quota of a role that has none, and take it away", () => {
    const { cluster, operate } = scene();
    expect(operate(set("ads")).done).toBe(true);
    expect(cluster.registry.registry.quotas.get("ads")).toEqual(quota);
    expect(operate(set("ads"))).toEqual({
      done: false,
      status: 400,
      reason: "Failed to validate set quota request: Cannot set quota for role 'ads' which already has quota",
    });
    expect(operate({ type: "REMOVE_QUOTA", role: "ads" }).done).toBe(true);
    expect(operate({ type: "REMOVE_QUOTA", role: "ads" })).toEqual({
      done: false,
      status: 400,
      reason: 'Failed to remove quota: role "ads" has no quota',
    });
  });

  test("refuse more than there is as a conflict", () => {
    const { operate } = scene();
    const large = { limits: { cpus: 9_000 }, guarantees: { cpus: 9_000 } };
    expect(operate(set("ads", large))).toEqual({
      done: false,
      status: 409,
      reason:
        "Quota guarantees overcommit the cluster (use 'force' to bypass this check): " +
        "Total quota guarantees 'cpus:9' exceed cluster capacity 'cpus:8; mem:8192'",
    });
    expect(operate(set("ads", large, true)).done).toBe(true);
    expect(operate(set("a/b"))).toMatchObject({
      status: 400,
      reason: "Setting quota on nested role 'a/b' is not supported yet",
    });
  });
});

/** Whatever frameworks of a role do, and however limits are moved: with reservations, and amounts that do not divide. */
test("a limit is never passed, at any step", () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("limit" as const), cpus: fc.integer({ min: 0, max: 13_999 }) }),
    fc.record({ type: fc.constant("launch" as const), who: fc.nat(2), parts: fc.integer({ min: 1, max: 7 }) }),
    fc.record({ type: fc.constant("decline" as const), who: fc.nat(2) }),
    fc.record({ type: fc.constant("finish" as const), which: fc.nat(20) }),
    fc.record({ type: fc.constant("time" as const), ms: fc.constantFrom(1, 500, 1_000, 7_000) }),
  );
  let launched = 0;
  let refused = 0;
  let full = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 8, maxLength: 30 }), (story) => {
      const { cluster, machines, quota, framework } = scene(
        3,
        "cpus:3.337;cpus(ads):0.501;cpus(ads/web):0.333;mem:999",
      );
      const reserved = 3 * (501 + 333);
      let limit = 6_001;
      expect(quota("ads", { cpus: limit }).done).toBe(true);
      const schedulers = [framework("f1", "ads"), framework("f2", "ads/web"), framework("f3", "ads", "ads/web/eu")];
      const running: { slave: ScriptedSlave; scheduler: ScriptedScheduler; id: string }[] = [];
      const check = () => {
        const consumed = cpusOf(cluster, "ads") + reserved;
        expect(consumed, "held and reserved").toBeLessThanOrEqual(limit);
        if (consumed === limit) full++;
      };
      check();
      for (const [index, each] of story.entries()) {
        if (each.type === "limit") {
          if (quota("ads", { cpus: each.cpus }).done) limit = each.cpus;
          else refused++;
        } else if (each.type === "time") cluster.advance(each.ms);
        else if (each.type === "finish") {
          const [ended] = running.splice(each.which % Math.max(1, running.length), 1);
          ended?.slave.report(ended.scheduler.id, ended.id, "finished");
        } else {
          const scheduler = schedulers[each.who] ?? never();
          const open = new Set([...cluster.state.offers.all()].map(({ id }) => id));
          const offer = scheduler.offers.findLast(({ id }) => open.has(id));
          if (offer === undefined) continue;
          if (each.type === "decline") scheduler.decline(0, [offer.id]);
          else {
            const slave = machines.find(({ id }) => id === offer.slaveId) ?? never();
            const part = Object.fromEntries(
              Object.entries(offer.resources).flatMap(([key, amount]) =>
                typeof amount === "number" && amount >= 7 ? [[key, Math.floor((amount * each.parts) / 7)]] : [],
              ),
            );
            const id = `t${index}`;
            scheduler.accept([offer.id], [{ ...task(id, slave.id, "cpus:1"), resources: part }], 0);
            if (!slave.tasks.some(({ taskId }) => taskId === id)) continue;
            running.push({ slave, scheduler, id });
            launched++;
          }
        }
        check();
      }
    }),
    { numRuns: 60, seed: 2011 },
  );
  expect(Math.min(launched, refused, full)).toBeGreaterThan(20);
});

function never(): never {
  throw new Error("it is not there");
}
