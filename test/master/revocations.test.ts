/** Guaranteed shares: who has more than it is guaranteed gives way to who has less (paper §3.3). */

import { describe, expect, test } from "vitest";
import type { FrameworkInfo } from "../../src/protocol/framework-info.ts";
import type { InverseOffer } from "../../src/protocol/inverse-offer.ts";
import type { OfferFilters } from "../../src/protocol/offer-filters.ts";
import type { Quota } from "../../src/protocol/quota.ts";
import type { TaskInfo } from "../../src/protocol/task.ts";
import { quantities } from "../protocol/quantities.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

const graceMs = 10_000;

/** By role, such as `cpus:4`. */
function guaranteeing(guarantees: { readonly [role: string]: string }): Cluster {
  const cluster = new Cluster({ offerTimeoutMs: 0 });
  guarantee(cluster, guarantees);
  cluster.bootMaster();
  return cluster;
}

function guarantee({ registry }: Cluster, guarantees: { readonly [role: string]: string }): void {
  const quotas: Record<string, Quota> = {};
  for (const [role, text] of Object.entries(guarantees)) {
    quotas[role] = { limits: {}, guarantees: quantities(text) as Quota["guarantees"], graceMs };
  }
  registry.registry.perform({ type: "updateQuotas", quotas });
}

function scheduler(cluster: Cluster, name: string, role: string, more: Partial<FrameworkInfo> = {}) {
  return ScriptedScheduler.subscribed(cluster, name, { roles: [role], ...more });
}

/** Runs one task for each amount on the newest offer, and wants no more. */
function fill(owner: ScriptedScheduler, slave: ScriptedSlave, ...amounts: readonly string[]): readonly TaskInfo[] {
  const tasks = amounts.map((amount, index) => task(`${owner.info.name}-${index}`, slave.id, amount));
  owner.launch(...tasks);
  for (const { taskId } of tasks) slave.report(owner.id, taskId, "running");
  owner.party.tell("suppress", { frameworkId: owner.id, roles: [] });
  return tasks;
}

/** One slave of 4 cpus that `batch` has filled with four tasks; `web` is guaranteed some of it. */
function full(guaranteed = "cpus:1") {
  const cluster = guaranteeing({ web: guaranteed });
  const slave = ScriptedSlave.registered(cluster, "s1");
  const batch = scheduler(cluster, "batch", "batch");
  fill(batch, slave, "cpus:1;mem:1024", "cpus:1;mem:1024", "cpus:1;mem:1024", "cpus:1;mem:1024");
  return { cluster, slave, batch };
}

function asked(owner: ScriptedScheduler): readonly InverseOffer[] {
  return owner.hearing.of("inverseOffers").flatMap(({ offers }) => offers);
}

function askedTasks(owner: ScriptedScheduler): readonly string[] {
  return asked(owner).flatMap(({ tasks = [] }) => tasks.map(String));
}

function withdrawn(owner: ScriptedScheduler): readonly string[] {
  return owner.hearing.of("inverseOffersRescinded").flatMap(({ offerIds }) => offerIds.map(String));
}

function killed(slave: ScriptedSlave): readonly string[] {
  return slave.hearing.of("killOnSlave").map(({ taskId, reason }) => `${taskId} ${reason}`);
}

describe("a role that has less than it is guaranteed", () => {
  test("has others told, then killed when the grace is over, and gets what comes free", () => {
    const { cluster, slave, batch } = full();
    const web = scheduler(cluster, "web", "web");
    expect(asked(batch)).toEqual([
      {
        id: expect.any(String),
        frameworkId: batch.id,
        slaveId: slave.id,
        resources: quantities("cpus:1;mem:1024"),
        tasks: ["batch-3"],
        unavailability: { startMs: Math.ceil(cluster.state.ctx.clock.wall() + graceMs) },
        reason: "revocation",
      },
    ]);
    cluster.advance(graceMs - 1);
    expect(killed(slave)).toEqual([]);
    cluster.advance(1);
    expect(killed(slave)).toEqual(["batch-3 REVOKED"]);
    expect(slave.hearing.of("killOnSlave")[0]?.graceMs).toBeUndefined();
    // Others want some of it as well, and have less.
    const other = scheduler(cluster, "other", "other");
    slave.report(batch.id, "batch-3", "killed", { reason: "REVOKED", source: "master" });
    expect(batch.updates.at(-1)).toMatchObject({ taskId: "batch-3", state: "killed", reason: "REVOKED" });
    expect(web.offers.map(({ resources }) => resources)).toEqual([quantities("cpus:1;mem:1024")]);
    expect(other.offers).toEqual([]);
    cluster.advance(5 * graceMs);
    expect(killed(slave)).toEqual(["batch-3 REVOKED"]);
  });

  test("takes nothing that is free, and then no more than it lacks", () => {
    const cluster = guaranteeing({ web: "cpus:3" });
    const slave = ScriptedSlave.registered(cluster, "s1");
    const batch = scheduler(cluster, "batch", "batch");
    fill(batch, slave, "cpus:1;mem:512", "cpus:1;mem:512");
    const web = scheduler(cluster, "web", "web");
    expect(web.offer.resources).toEqual(quantities("cpus:2;mem:3072"));
    expect(askedTasks(batch)).toEqual(["batch-1"]);
  });

  test("leaves alone what it would not be offered", () => {
    const { cluster, batch } = full();
    const one = new ScriptedScheduler(cluster, "web", { roles: ["web"] });
    const filters: OfferFilters = { minFree: quantities("cpus:5") };
    one.party.tell("subscribe", { self: one.party.address, info: one.info, filters });
    expect(asked(batch)).toEqual([]);
    one.party.tell("setFilters", { frameworkId: one.id, filters: { minFree: quantities("cpus:2") } });
    cluster.advance(1_000);
    expect(askedTasks(batch)).toEqual(["batch-3", "batch-2"]);
  });

  test("does not count while it wants no offers, or has declined some of late", () => {
    const { cluster, slave, batch } = full();
    const web = scheduler(cluster, "web", "web");
    expect(askedTasks(batch)).toEqual(["batch-3"]);
    web.party.tell("suppress", { frameworkId: web.id, roles: [] });
    expect(withdrawn(batch)).toEqual(asked(batch).map(({ id }) => id));
    cluster.advance(2 * graceMs);
    expect(killed(slave)).toEqual([]);
    web.party.tell("revive", { frameworkId: web.id, roles: [] });
    expect(askedTasks(batch)).toEqual(["batch-3", "batch-3"]);
    slave.report(batch.id, "batch-0", "finished");
    web.decline(60_000);
    cluster.advance(2 * graceMs);
    expect(killed(slave)).toEqual([]);
    expect(cluster.state.revocations.notices).toEqual([]);
  });
});

describe("who gives way", () => {
  test("is asked for offers before tasks", () => {
    const cluster = guaranteeing({ web: "cpus:5" });
    const [first, second] = [ScriptedSlave.registered(cluster, "s1"), ScriptedSlave.registered(cluster, "s2")];
    const batch = scheduler(cluster, "batch", "batch");
    const on = (slave: ScriptedSlave) => batch.offers.filter(({ slaveId }) => slaveId === slave.id).at(-1);
    batch.accept([on(first)?.id as never], [task("t1", first.id, "cpus:2"), task("t2", first.id, "cpus:2")]);
    const held = on(second);
    expect(held).toBeDefined();
    const web = scheduler(cluster, "web", "web");
    expect(batch.hearing.of("offersRescinded")).toEqual([{ offerIds: [held?.id], reason: "revoked" }]);
    expect(web.offers.map(({ slaveId }) => slaveId)).toContain(second.id);
    expect(askedTasks(batch)).toEqual(["t2"]);
  });

  test("is the role that is most above its guarantee, and there the youngest task", () => {
    const cluster = guaranteeing({ web: "cpus:1", a: "cpus:3;mem:3072", b: "cpus:1;mem:1024" });
    const slave = ScriptedSlave.registered(cluster, "s1", "cpus:8;mem:8192");
    const a = scheduler(cluster, "a", "a");
    const each = "cpus:1;mem:1024";
    fill(a, slave, each, each, each, each);
    a.party.tell("suppress", { frameworkId: a.id, roles: [] });
    cluster.advance(1_000);
    const b = scheduler(cluster, "b", "b");
    fill(b, slave, each, each, each, each);
    scheduler(cluster, "web", "web");
    // `a` has one more than it is guaranteed, and `b` three.
    expect([askedTasks(a), askedTasks(b)]).toEqual([[], ["b-3"]]);
  });

  test("is nobody who would have less than is guaranteed", () => {
    const cluster = guaranteeing({ web: "cpus:2", batch: "cpus:3;mem:2048" });
    const slave = ScriptedSlave.registered(cluster, "s1");
    const batch = scheduler(cluster, "batch", "batch");
    fill(batch, slave, "cpus:2;mem:2048", "cpus:1;mem:1024", "cpus:1;mem:1024");
    scheduler(cluster, "web", "web");
    cluster.advance(graceMs);
    expect(killed(slave)).toEqual(["batch-2 REVOKED"]);
    slave.report(batch.id, "batch-2", "killed");
    cluster.advance(10 * graceMs);
    expect(killed(slave)).toEqual(["batch-2 REVOKED"]);
  });

  test("keeps what has become its due before the grace is over", () => {
    const { cluster, slave, batch } = full();
    scheduler(cluster, "web", "web");
    expect(askedTasks(batch)).toEqual(["batch-3"]);
    guarantee(cluster, { web: "cpus:1", batch: "cpus:4" });
    cluster.state.registrar.registry.perform({
      type: "updateQuotas",
      quotas: cluster.registry.registry.settings().quotas,
    });
    cluster.advance(2 * graceMs);
    expect(killed(slave)).toEqual([]);
    expect(withdrawn(batch)).toHaveLength(1);
  });

  test("is no task on resources that are reserved", () => {
    const cluster = guaranteeing({ web: "cpus:2" });
    const slave = new ScriptedSlave(cluster, "s1", "cpus:4;mem:4096", {
      resources: { "cpus(batch)": 2_000, cpus: 2_000, mem: 4_096_000 },
    });
    slave.hello();
    const batch = scheduler(cluster, "batch", "batch");
    const [free, kept] = [task("free", slave.id, "cpus:1"), task("kept", slave.id, "cpus:1")];
    batch.launch(free, { ...kept, resources: { "cpus(batch)": 2_000, cpus: 1_000 } });
    scheduler(cluster, "web", "web");
    cluster.advance(graceMs);
    expect(killed(slave)).toEqual(["free REVOKED"]);
  });
});

describe("a notice", () => {
  test("is withdrawn when somebody else frees enough", () => {
    const { cluster, slave, batch } = full("cpus:2");
    const web = scheduler(cluster, "web", "web");
    expect(askedTasks(batch)).toEqual(["batch-3", "batch-2"]);
    cluster.advance(graceMs / 2);
    slave.report(batch.id, "batch-0", "finished");
    const [youngest] = asked(batch).filter(({ tasks }) => String(tasks?.[0]) === "batch-2");
    expect(withdrawn(batch)).toEqual([youngest?.id]);
    slave.report(batch.id, "batch-1", "finished");
    expect(withdrawn(batch)).toHaveLength(2);
    cluster.advance(5 * graceMs);
    expect(killed(slave)).toEqual([]);
    expect(web.offers).toHaveLength(2);
  });

  test("is met by the end of the task itself", () => {
    const { cluster, slave, batch } = full();
    const web = scheduler(cluster, "web", "web");
    slave.report(batch.id, "batch-3", "finished");
    cluster.advance(2 * graceMs);
    expect([killed(slave), withdrawn(batch), web.offers.length]).toEqual([[], [], 1]);
  });

  test("may be answered, which changes nothing", () => {
    const { cluster, slave, batch } = full("cpus:2");
    scheduler(cluster, "web", "web");
    const [first, second] = asked(batch).map(({ id }) => id);
    const filter = { refuseMs: 0 };
    batch.party.tell("acceptInverseOffers", { frameworkId: batch.id, offerIds: [first as never], filter });
    batch.party.tell("declineInverseOffers", { frameworkId: batch.id, offerIds: [second as never], filter });
    expect(cluster.state.revocations.notices.map(({ answer }) => answer)).toEqual(["accepted", "declined"]);
    cluster.advance(graceMs);
    expect(killed(slave)).toEqual(["batch-3 REVOKED", "batch-2 REVOKED"]);
  });

  test("is told again to a scheduler that takes over", () => {
    const { cluster, batch } = full();
    scheduler(cluster, "web", "web");
    const next = new ScriptedScheduler(cluster, "batch-again", { roles: ["batch"] });
    next.subscribe(batch.id);
    expect(asked(next)).toEqual(asked(batch));
  });
});

describe("a notice, when something is lost,", () => {
  test("is void with the link of its slave, and begins anew when that is back", () => {
    const { cluster, slave, batch } = full();
    scheduler(cluster, "web", "web");
    const tasks = slave.tasks.map((each) => slave.known(batch.id, batch.info, each));
    cluster.advance(graceMs - 1_000);
    slave.party.cut();
    cluster.advance(2_000);
    expect(withdrawn(batch)).toHaveLength(1);
    slave.party.connect();
    slave.helloAgain(tasks);
    cluster.advance(1_000);
    expect(killed(slave)).toEqual([]);
    expect(asked(batch)).toHaveLength(2);
    cluster.advance(graceMs);
    expect(killed(slave)).toHaveLength(1);
  });

  test("begins anew with a new master", () => {
    const { cluster, slave, batch } = full();
    const web = scheduler(cluster, "web", "web");
    cluster.advance(graceMs - 1);
    cluster.restartMaster();
    slave.helloAgain(slave.tasks.map((each) => slave.known(batch.id, batch.info, each)));
    batch.subscribe(batch.id);
    batch.party.tell("suppress", { frameworkId: batch.id, roles: [] });
    web.subscribe(web.id);
    cluster.advance(graceMs - 1);
    expect(killed(slave)).toEqual([]);
    expect(asked(batch)).toHaveLength(2);
    cluster.advance(1);
    expect(killed(slave)).toEqual(["batch-3 REVOKED"]);
  });

  test("waits for an allocator that is away", () => {
    const { cluster, slave } = full();
    scheduler(cluster, "web", "web");
    cluster.stopAllocator();
    cluster.advance(2 * graceMs);
    expect(killed(slave)).toEqual([]);
    cluster.startAllocator();
    cluster.advance(1_000);
    expect(killed(slave)).toEqual(["batch-3 REVOKED"]);
  });
});

test("a framework hears what its roles are guaranteed", () => {
  const cluster = guaranteeing({ web: "cpus:2;mem:64", db: "cpus:1" });
  const both = ScriptedScheduler.subscribed(cluster, "f1", { roles: ["web/a", "web/b", "db", "other"] });
  const answer = both.party.ask("guaranteedShare", { frameworkId: both.id });
  expect(answer).toEqual({ guaranteed: quantities("cpus:3;mem:64") });
});
