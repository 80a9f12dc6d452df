/** Times in which slaves are not to be counted on, as operators set them (Mesos's `maintenance.md`). */

import { describe, expect, test } from "vitest";
import type { InverseOffer } from "../../src/protocol/inverse-offer.ts";
import type { MaintenanceWindow } from "../../src/protocol/maintenance.ts";
import type { Cluster } from "./kit.ts";
import { rescinded, scene } from "./operator-scene.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { task } from "./scripted-slave.ts";

const startMs = 1_000_000_000;

function on(...hostnames: readonly string[]): readonly MaintenanceWindow[] {
  return [{ machines: hostnames.map((hostname) => ({ hostname })), startMs, durationMs: 60_000 }];
}

/** Two slaves; a framework runs a task on the first. */
function running() {
  const scenery = scene(2);
  const { cluster, machines, operate, framework } = scenery;
  const scheduler = framework("f1", "web");
  const [slave] = machines;
  if (slave === undefined) throw new Error("there is no slave");
  const offer = scheduler.offers.find(({ slaveId }) => slaveId === slave.id);
  if (offer === undefined) throw new Error("the slave is not offered");
  scheduler.accept([offer.id], [task("t1", slave.id, "cpus:1;mem:64")], 0);
  slave.report(scheduler.id, "t1", "running");
  cluster.advance(2_000);
  const schedule = (windows: readonly MaintenanceWindow[]) => operate({ type: "UPDATE_MAINTENANCE_SCHEDULE", windows });
  return { ...scenery, scheduler, slave, schedule };
}

function asked(scheduler: ScriptedScheduler): readonly InverseOffer[] {
  return scheduler.hearing.of("inverseOffers").flatMap(({ offers }) => offers);
}

function withdrawn(scheduler: ScriptedScheduler): readonly string[] {
  return scheduler.hearing.of("inverseOffersRescinded").flatMap(({ offerIds }) => offerIds.map(String));
}

function answer(scheduler: ScriptedScheduler, kind: "accept" | "decline", refuseMs: number): void {
  const offerIds = asked(scheduler)
    .slice(-1)
    .map(({ id }) => id);
  const body = { frameworkId: scheduler.id, offerIds, filter: { refuseMs } };
  scheduler.party.tell(kind === "accept" ? "acceptInverseOffers" : "declineInverseOffers", body);
}

function answers({ state }: Cluster) {
  return state.maintenance.facts.answers.map(({ said }) => said?.answer);
}

describe("a slave that is scheduled for maintenance", () => {
  test("is offered with the time, and what was offered before without it is taken back first", () => {
    const { cluster, scheduler, slave, schedule } = running();
    const before = scheduler.offers.filter(({ slaveId }) => slaveId === slave.id).slice(-1);
    expect(before.map(({ unavailability }) => unavailability)).toEqual([undefined]);
    expect(schedule(on("S1")).done).toBe(true);
    expect(rescinded(scheduler)).toMatchObject([{ offerIds: before.map(({ id }) => id), reason: "maintenance" }]);
    cluster.advance(2_000);
    const newest = scheduler.offers.slice(-2).map((offer) => [offer.slaveId === slave.id, offer.unavailability]);
    expect(newest).toEqual([
      [false, undefined],
      [true, { startMs, durationMs: 60_000 }],
    ]);
    expect(schedule([]).done).toBe(true);
    cluster.advance(2_000);
    expect(scheduler.offer).not.toHaveProperty("unavailability");
  });

  test("is asked for by an inverse offer to those with tasks there, and to no others", () => {
    const { scheduler, slave, schedule, framework } = running();
    const idle = framework("f2", "ads");
    schedule(on("s1", "s2"));
    expect(asked(idle)).toEqual([]);
    expect(asked(scheduler)).toEqual([
      {
        id: expect.any(String),
        frameworkId: scheduler.id,
        slaveId: slave.id,
        resources: { cpus: 1_000, mem: 64_000 },
        unavailability: { startMs, durationMs: 60_000 },
        reason: "maintenance",
      },
    ]);
  });

  test("keeps its tasks, whatever time it is", () => {
    const { cluster, slave, schedule } = running();
    schedule([{ machines: [{ hostname: "s1" }], startMs: 0 }]);
    cluster.advance(60_000);
    expect([slave.hearing.of("killOnSlave"), [...cluster.state.tasks.all()].length]).toEqual([[], 1]);
  });

  test("that is launched on later is asked for then", () => {
    const { cluster, machines, scheduler, schedule } = running();
    schedule(on("s2"));
    expect(asked(scheduler)).toEqual([]);
    const other = machines[1]?.id;
    cluster.advance(2_000);
    const offer = scheduler.offers.findLast(({ slaveId }) => slaveId === other);
    if (offer === undefined) throw new Error("the other slave is not offered");
    scheduler.accept([offer.id], [task("t2", offer.slaveId, "cpus:2;mem:64")], 0);
    cluster.advance(1_000);
    expect(asked(scheduler)).toMatchObject([{ slaveId: other, resources: { cpus: 2_000 } }]);
  });

  test.each([
    { machine: { hostname: "s1", ip: "127.0.0.1" }, found: true },
    { machine: { ip: "127.0.0.1" }, found: true },
    { machine: { hostname: "s1", ip: "10.0.0.9" }, found: false },
  ])("is found by $machine: $found", ({ machine, found }) => {
    const { cluster, slave, schedule } = running();
    Object.assign(cluster.state.slaves.get(slave.id)?.info ?? {}, { ip: "127.0.0.1" });
    schedule([{ machines: [machine], startMs }]);
    const info = cluster.state.slaves.get(slave.id)?.info;
    expect(info && cluster.state.maintenance.unavailability(info)).toEqual(found ? { startMs } : undefined);
  });
});

describe("an inverse offer for maintenance", () => {
  test.each(["accept", "decline"] as const)("that is answered by %s comes again when the filter is over", (kind) => {
    const { cluster, scheduler, schedule } = running();
    schedule(on("s1"));
    expect(answers(cluster)).toEqual([undefined]);
    answer(scheduler, kind, 30_000);
    expect(answers(cluster)).toEqual([kind === "accept" ? "accepted" : "declined"]);
    cluster.advance(29_000);
    expect(asked(scheduler).length).toBe(1);
    cluster.advance(2_000);
    expect(asked(scheduler).length).toBe(2);
    expect(new Set(asked(scheduler).map(({ id }) => id)).size).toBe(2);
    expect(withdrawn(scheduler)).toEqual([]);
  });

  test("that is not answered is not repeated", () => {
    const { cluster, scheduler, schedule } = running();
    schedule(on("s1"));
    cluster.advance(60_000);
    expect(asked(scheduler).length).toBe(1);
  });

  test("is nobody else's to answer", () => {
    const { cluster, scheduler, schedule, framework } = running();
    const other = framework("f2", "ads");
    schedule(on("s1"));
    other.party.tell("acceptInverseOffers", {
      frameworkId: other.id,
      offerIds: asked(scheduler).map(({ id }) => id),
      filter: { refuseMs: 0 },
    });
    expect(answers(cluster)).toEqual([undefined]);
  });

  test("is withdrawn with the maintenance, with a change of its time, and with the last task there", () => {
    const { cluster, scheduler, slave, schedule } = running();
    schedule(on("s1"));
    schedule([]);
    expect(withdrawn(scheduler)).toEqual(asked(scheduler).map(({ id }) => id));
    schedule(on("s1"));
    schedule([{ machines: [{ hostname: "s1" }], startMs: startMs + 1 }]);
    expect(withdrawn(scheduler).length).toBe(2);
    expect(asked(scheduler).at(-1)?.unavailability).toEqual({ startMs: startMs + 1 });
    slave.report(scheduler.id, "t1", "finished");
    cluster.advance(1_000);
    expect(withdrawn(scheduler).length).toBe(3);
    expect(answers(cluster)).toEqual([]);
  });

  test("stands when the schedule changes elsewhere", () => {
    const { scheduler, schedule } = running();
    schedule(on("s1"));
    schedule(on("s1", "s2"));
    expect([asked(scheduler).length, withdrawn(scheduler)]).toEqual([1, []]);
  });

  test("is told again to a scheduler that comes in the place of another, and by a new master", () => {
    const { cluster, scheduler, slave, schedule } = running();
    schedule(on("s1"));
    const successor = new ScriptedScheduler(cluster, "f1", { roles: ["web"] });
    successor.subscribe(scheduler.id);
    expect(asked(successor)).toMatchObject([{ slaveId: slave.id }]);
    cluster.bootMaster();
    expect(cluster.state.maintenance.facts.windows).toEqual(on("s1"));
  });
});

describe("a schedule", () => {
  test("that cannot be is refused in words, and changes nothing", () => {
    const { cluster, scheduler, schedule } = running();
    schedule(on("s1"));
    for (const [windows, reason] of [
      [on("s1", "s1"), "machine s1 is in the schedule twice: in windows 1 and 1"],
      [[{ machines: [], startMs }], "window 1 has no machines"],
      [[{ machines: [{}], startMs }], "window 1 has a machine with neither a hostname nor an ip"],
    ] as const) {
      expect(schedule(windows)).toEqual({
        done: false,
        status: 400,
        reason: `Invalid maintenance schedule: ${reason}`,
      });
    }
    expect(cluster.state.maintenance.facts.windows).toEqual(on("s1"));
    expect(withdrawn(scheduler)).toEqual([]);
  });

  test("is on disk before it is acknowledged and in force", () => {
    const { cluster, operator, scheduler } = running();
    cluster.registry.hold();
    const answered = operator.asking("operate", { call: { type: "UPDATE_MAINTENANCE_SCHEDULE", windows: on("s1") } });
    cluster.settle();
    expect([asked(scheduler).length, answered]).toEqual([0, []]);
    cluster.registry.release();
    cluster.settle();
    expect(answered).toMatchObject([{ ok: true, value: { done: true } }]);
    expect(asked(scheduler).length).toBe(1);
  });
});
