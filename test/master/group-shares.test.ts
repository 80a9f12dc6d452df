/** Groups among whatever adds up tasks: the executor that its tasks share is counted once, everywhere. */

import { describe, expect, test } from "vitest";
import { roleHoldings } from "../../src/master/role-holdings.ts";
import { viewTable } from "../../src/protocol/cluster-events.ts";
import type { Operation } from "../../src/protocol/offer.ts";
import type { OperatorCall } from "../../src/protocol/operator-api.ts";
import type { Quota } from "../../src/protocol/quota.ts";
import { pushed } from "../../src/protocol/reservation.ts";
import { add, format, noResources, type Resources } from "../../src/protocol/resources.ts";
import { quantities } from "../protocol/quantities.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

const small = quantities("cpus:0.5;mem:64;disk:10");
const graceMs = 10_000;

/** One slave, a framework of role `batch`, and what roles are guaranteed. */
class Scene {
  readonly cluster = new Cluster({ offerTimeoutMs: 0 });
  readonly slave: ScriptedSlave;
  readonly batch: ScriptedScheduler;

  constructor(guaranteed: { readonly [role: string]: string } = {}, whole = "cpus:4;mem:4096;disk:1000") {
    const quotas: Record<string, Quota> = {};
    for (const [role, text] of Object.entries(guaranteed)) {
      quotas[role] = { limits: {}, guarantees: quantities(text) as Quota["guarantees"], graceMs };
    }
    this.cluster.registry.registry.perform({ type: "updateQuotas", quotas });
    this.cluster.bootMaster();
    this.slave = ScriptedSlave.registered(this.cluster, "s1", whole);
    this.batch = ScriptedScheduler.subscribed(this.cluster, "batch", { roles: ["batch"] });
  }

  accept(...operations: readonly Operation[]): void {
    const { id: frameworkId, party } = this.batch;
    const offerIds = this.cluster.state.offers.onSlave(this.slave.id).map(({ id }) => id);
    party.tell("accept", { frameworkId, offerIds, operations, filter: { refuseMs: 0 } });
    this.cluster.advance(1_000);
  }

  group(ids: readonly string[], { executorId = "e", each = "cpus:1", resources = small } = {}): Operation {
    const tasks = ids.map((id) => task(id, this.slave.id, each));
    return { type: "launchGroup", executor: { executorId, resources }, tasks };
  }

  /** Launches groups, says that they run, and wants no more. */
  fill(...groups: readonly Operation[]): void {
    for (const group of groups) {
      this.accept(group);
      if (group.type !== "launchGroup") continue;
      for (const { taskId } of group.tasks) this.slave.report(this.batch.id, taskId, "running");
    }
    this.batch.party.tell("suppress", { frameworkId: this.batch.id, roles: [] });
    this.cluster.advance(1_000);
  }

  web(): ScriptedScheduler {
    return ScriptedScheduler.subscribed(this.cluster, "web", { roles: ["web"] });
  }

  ask(call: OperatorCall) {
    return this.cluster.party("operator", viewTable).ask("operate", { call });
  }

  get idle() {
    const reply = this.ask({ type: "WHY_IDLE" });
    if (!reply.done || reply.answer?.type !== "WHY_IDLE") throw new Error(JSON.stringify(reply));
    const { total, running, idle, groups } = reply.answer.whyIdle;
    const causes = groups.reduce<Resources>((sum, { amounts }) => add(sum, amounts), noResources);
    expect([causes, add(running, idle)]).toEqual([idle, total]);
    const inFlight = groups.find(({ cause }) => cause === "inFlight")?.amounts ?? noResources;
    return { running: format(running), inFlight: format(inFlight) };
  }

  get asked() {
    return this.batch.hearing.of("inverseOffers").flatMap(({ offers }) => offers);
  }

  get killed() {
    return this.slave.hearing.of("killOnSlave").map(({ taskId, reason }) => `${taskId} ${reason}`);
  }
}

describe("why resources are idle", () => {
  test("tasks of a group are in flight until each runs, and its executor runs from their launch to their end", () => {
    const scene = new Scene();
    scene.accept(scene.group(["g1", "g2"]));
    expect(scene.idle).toEqual({ running: "cpus:0.5;mem:64;disk:10", inFlight: "cpus:2" });
    scene.slave.report(scene.batch.id, "g1", "running");
    expect(scene.idle).toEqual({ running: "cpus:1.5;mem:64;disk:10", inFlight: "cpus:1" });
    scene.slave.report(scene.batch.id, "g1", "failed");
    expect(scene.idle).toEqual({ running: "cpus:0.5;mem:64;disk:10", inFlight: "cpus:1" });
    scene.slave.report(scene.batch.id, "g2", "killed");
    expect(scene.idle).toEqual({ running: "", inFlight: "" });
  });
});

describe("reservations", () => {
  test("a group is launched on what its accept has reserved before", () => {
    const scene = new Scene();
    const reserved = (text: string) => pushed(quantities(text), { role: "batch", dynamic: true });
    const tasks = ["g1", "g2"].map((id) => ({ ...task(id, scene.slave.id, ""), resources: reserved("cpus:1") }));
    const executor = { executorId: "e", resources: reserved("cpus:0.5;mem:64;disk:10") };
    scene.accept(
      { type: "reserve", resources: reserved("cpus:3;mem:64;disk:10") },
      { type: "launchGroup", executor, tasks },
    );
    expect(scene.slave.hearing.of("runGroup").map(({ tasks: each }) => each.length)).toEqual([2]);
    expect(format(scene.cluster.state.slaves.get(scene.slave.id)?.used ?? {})).toBe(
      "cpus(batch, dynamic):2.5;mem(batch, dynamic):64;disk(batch, dynamic):10",
    );
  });

  test("what a group's executor holds an operator cannot reserve", () => {
    const scene = new Scene();
    scene.fill(scene.group(["g1", "g2"]));
    const { slave } = scene;
    const reserving = (text: string) =>
      scene.ask({
        type: "RESERVE_RESOURCES",
        slaveId: slave.id,
        resources: pushed(quantities(text), { role: "ads", dynamic: true }),
      });
    expect(reserving("cpus:2")).toMatchObject({ status: 409, reason: "not as much is free: cpus:2 of 1.5" });
    expect(reserving("cpus:1.5").done).toBe(true);
  });
});

test("the executor of a group counts once against the quota of its role", () => {
  const scene = new Scene();
  scene.fill(scene.group(["g1", "g2"]), scene.group(["g3"]));
  expect(roleHoldings(scene.cluster.state).get("batch")?.consumed).toMatchObject({ cpus: 3_500, mem: 64_000 });
});

test("the part of a slave is not for tasks of a group to choose, either", () => {
  const scene = new Scene();
  const tasks = ["g1", "g2"].map((id) => task(id, scene.slave.id, "cpus:1", { short: true }));
  scene.accept(scene.group(["g0"]), { type: "launchGroup", executor: { executorId: "e", resources: small }, tasks });
  const [, second] = scene.slave.hearing.of("runGroup");
  expect(second?.tasks.map(({ taskId, short }) => [taskId, short])).toEqual([
    ["g1", undefined],
    ["g2", undefined],
  ]);
});

describe("a group that has to give way", () => {
  test("does so as a whole, with its executor, and is revoked task by task", () => {
    const scene = new Scene({ web: "cpus:1" }, "cpus:2.5;mem:64;disk:10");
    scene.fill(scene.group(["g1", "g2"]));
    scene.web();
    expect(scene.asked).toMatchObject([{ tasks: ["g1", "g2"], resources: quantities("cpus:2.5;mem:64;disk:10") }]);
    scene.cluster.advance(graceMs);
    expect(scene.killed).toEqual(["g1 REVOKED", "g2 REVOKED"]);
    scene.slave.report(scene.batch.id, "g1", "killed", { reason: "REVOKED" });
    expect(scene.cluster.state.revocations.notices).toHaveLength(1);
    scene.slave.report(scene.batch.id, "g2", "killed", { reason: "REVOKED" });
    expect(scene.cluster.state.revocations.notices).toEqual([]);
  });

  test("is left alone when its role would be left with less than its guarantee, by the executor alone", () => {
    const asked = (batch: string) => {
      const scene = new Scene({ web: "cpus:1", batch }, "cpus:4.5;mem:64;disk:10");
      scene.accept({ type: "launch", tasks: [task("t1", scene.slave.id, "cpus:2")] });
      scene.slave.report(scene.batch.id, "t1", "running");
      scene.fill(scene.group(["g1", "g2"]));
      scene.web();
      return scene.asked.flatMap(({ tasks = [] }) => tasks.map(String));
    };
    expect(asked("cpus:2")).toEqual(["g1", "g2"]);
    // t1 would do.
    expect(asked("cpus:2.5")).toEqual(["t1"]);
  });

  test("leaves out of it what has ended meanwhile", () => {
    const scene = new Scene({ web: "cpus:2" }, "cpus:3.5;mem:64;disk:10");
    scene.fill(scene.group(["g1", "g2", "g3"]));
    scene.web();
    scene.slave.report(scene.batch.id, "g2", "finished");
    scene.cluster.advance(graceMs);
    expect(scene.killed).toEqual(["g1 REVOKED", "g3 REVOKED"]);
  });

  test("frees its executor only if no other group has it, and until then it is not promised", () => {
    const scene = new Scene({ web: "cpus:1" }, "cpus:3;mem:64;disk:10");
    scene.fill(scene.group(["g1"]), scene.group(["g2"], { each: "cpus:1.5" }));
    scene.web();
    expect(scene.asked).toMatchObject([{ tasks: ["g2"], resources: quantities("cpus:1.5") }]);
  });

  test("is not chosen when some of it runs on reserved resources, which free nothing", () => {
    const scene = new Scene({ web: "cpus:1" }, "cpus:2.5;mem:64;disk:10");
    const disk = pushed(quantities("disk:10"), { role: "batch", dynamic: true });
    const resources = { ...quantities("cpus:0.5;mem:64"), ...disk };
    scene.accept({ type: "reserve", resources: disk });
    scene.fill(scene.group(["g1", "g2"], { resources }));
    expect(scene.slave.hearing.of("runGroup")).toHaveLength(1);
    scene.web();
    expect(scene.asked).toEqual([]);
  });
});
