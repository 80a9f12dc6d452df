/** RESERVE_RESOURCES and UNRESERVE_RESOURCES, as operators call them. */

import { describe, expect, test } from "vitest";
import { viewTable } from "../../src/protocol/cluster-events.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import type { OperatorReply, OperatorReservation } from "../../src/protocol/operator-api.ts";
import { pushed } from "../../src/protocol/reservation.ts";
import { format, type Resources } from "../../src/protocol/resources.ts";
import { quantities } from "../protocol/quantities.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

const ads = (text: string) => pushed(quantities(text), { role: "ads", dynamic: true });

/** A slave with 4 cpus and 4 GiB, and an operator. */
function scene() {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1");
  const operator = cluster.party("operator", viewTable);
  const call = (type: OperatorReservation["type"], resources: Resources, more: object = {}) => ({
    call: { type, slaveId: slave.id, resources, ...more } as OperatorReservation,
  });
  const ask = (...given: Parameters<typeof call>): OperatorReply => operator.ask("operate", call(...given));
  const asking = (...given: Parameters<typeof call>) => operator.asking("operate", call(...given));
  const total = () => format(cluster.state.slaves.get(slave.id)?.info.resources ?? {});
  return { cluster, slave, operator, ask, asking, total };
}

test("what is free is reserved and unreserved, in parts", () => {
  const { cluster, slave, ask, total } = scene();
  expect(ask("RESERVE_RESOURCES", ads("cpus:2;mem:1024")).done).toBe(true);
  expect(total()).toBe("cpus:2;mem:3072;cpus(ads, dynamic):2;mem(ads, dynamic):1024");
  expect(cluster.registry.registry.slaves.get(slave.id)?.reserved).toEqual(ads("cpus:2;mem:1024"));
  expect(ask("UNRESERVE_RESOURCES", ads("cpus:1")).done).toBe(true);
  expect(total()).toBe("cpus:3;mem:3072;cpus(ads, dynamic):1;mem(ads, dynamic):1024");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  expect(scheduler.offer.resources).toEqual(quantities("cpus:3;mem:3072"));
});

test("an offer in the way is taken back, and nobody is offered the resources before they are reserved", () => {
  const { cluster, ask, asking, slave } = scene();
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  const { id } = scheduler.offer;
  scheduler.hearing.clear();
  cluster.registry.hold();
  const answers = asking("RESERVE_RESOURCES", ads("cpus:3"));
  expect(scheduler.hearing.of("offersRescinded")).toEqual([{ offerIds: [id], reason: "reserved" }]);
  cluster.advance(2_000);
  expect(scheduler.offer.resources).toEqual(quantities("cpus:1;mem:4096"));
  expect(ask("RESERVE_RESOURCES", ads("cpus:2"))).toMatchObject({
    status: 409,
    reason: "not as much is free: cpus:2 of 1",
  });
  slave.helloAgain();
  cluster.advance(1_000);
  expect(scheduler.offer.resources).toEqual(quantities("cpus:1;mem:4096"));
  expect(answers).toEqual([]);
  cluster.registry.release();
  cluster.settle();
  expect(answers).toMatchObject([{ value: { done: true } }]);
});

test("offers that are not in the way stay", () => {
  const { cluster, ask } = scene();
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  scheduler.launch(task("t1", scheduler.offer.slaveId, "cpus:1;mem:4096"));
  scheduler.party.tell("revive", { frameworkId: scheduler.id, roles: [] });
  ask("UNRESERVE_RESOURCES", ads("cpus:1"));
  expect(scheduler.hearing.of("offersRescinded")).toEqual([]);
  ask("RESERVE_RESOURCES", ads("mem:1"));
  expect(scheduler.hearing.of("offersRescinded")).toEqual([]);
});

test("a slave that is given up meanwhile is a conflict", () => {
  const { cluster, slave, operator, asking } = scene();
  cluster.registry.hold();
  operator.asking("operate", { call: { type: "MARK_AGENT_GONE", slaveId: slave.id } });
  const answers = asking("RESERVE_RESOURCES", ads("cpus:3"));
  cluster.registry.release();
  cluster.settle();
  expect(answers).toMatchObject([{ value: { done: false, status: 409 } }]);
});

describe("what cannot be done is refused, and changes nothing", () => {
  type Call = [OperatorReservation["type"], Resources, object?];
  test.each<[string, Call, OperatorReply & { readonly done: false }]>([
    [
      "an unknown slave",
      ["RESERVE_RESOURCES", ads("cpus:1"), { slaveId: SlaveId("S-9") }],
      { done: false, status: 404, reason: "no slave S-9 is registered" },
    ],
    [
      "nobody's",
      ["RESERVE_RESOURCES", quantities("cpus:1")],
      { done: false, status: 400, reason: "cpus is named without a reservation" },
    ],
    [
      "another principal's",
      ["RESERVE_RESOURCES", ads("cpus:1"), { principal: "ada" }],
      { done: false, status: 400, reason: "cpus is to be reserved in the name of nobody, and ada asks for it" },
    ],
    [
      "more than there is",
      ["RESERVE_RESOURCES", ads("cpus:5")],
      { done: false, status: 409, reason: "not as much is free: cpus:5 of 4" },
    ],
    [
      "what is not reserved",
      ["UNRESERVE_RESOURCES", ads("cpus:1")],
      { done: false, status: 400, reason: "this is not reserved: cpus(ads, dynamic):1 of 0" },
    ],
  ])("%s", (_name, given, refusal) => {
    const { ask, total } = scene();
    expect(ask(...given)).toEqual(refusal);
    expect(total()).toBe("cpus:4;mem:4096");
  });

  test("what a task uses", () => {
    const { cluster, slave, ask } = scene();
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { roles: ["ads"] });
    ask("RESERVE_RESOURCES", ads("cpus:2;mem:2048"));
    cluster.advance(2_000);
    scheduler.launch({ ...task("t1", slave.id, "cpus:1"), resources: ads("cpus:2") });
    expect(ask("UNRESERVE_RESOURCES", ads("cpus:1"))).toMatchObject({ status: 409 });
    expect(ask("UNRESERVE_RESOURCES", ads("mem:2048"))).toMatchObject({ done: true });
  });

  test("a slave that is out of reach", () => {
    const { slave, ask } = scene();
    slave.party.cut();
    expect(ask("RESERVE_RESOURCES", ads("cpus:1"))).toMatchObject({ status: 409 });
  });
});
