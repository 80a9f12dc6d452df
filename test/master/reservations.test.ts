/** RESERVE and UNRESERVE by frameworks, and what becomes of an accept when something is lost while it waits. */

import { describe, expect, test } from "vitest";
import { reserve, unreserve } from "../../src/frameworks/operations.ts";
import { OfferId } from "../../src/protocol/ids.ts";
import type { Operation } from "../../src/protocol/offer.ts";
import { pushed, type Reservation } from "../../src/protocol/reservation.ts";
import { format, type Resources } from "../../src/protocol/resources.ts";
import type { TaskInfo } from "../../src/protocol/task.ts";
import { quantities } from "../protocol/quantities.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

const ads: Reservation = { role: "ads", dynamic: true };
const half = pushed(quantities("cpus:2;mem:2048"), ads);

/** A slave with 4 cpus and 4 GiB, offered to a framework of role ads. */
function scene(info: ConstructorParameters<typeof ScriptedScheduler>[2] = {}) {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { roles: ["ads"], ...info });
  const accept = (operations: readonly Operation[], refuseMs = 3_600_000, offerIds = [scheduler.offer.id]) => {
    const { id: frameworkId } = scheduler;
    scheduler.party.tell("accept", { frameworkId, offerIds, operations, filter: { refuseMs } });
  };
  const statuses = () => scheduler.hearing.of("operationUpdate");
  const states = () => statuses().map(({ operationId, state }) => `${operationId} ${state}`);
  const total = () => format(cluster.state.slaves.get(slave.id)?.info.resources ?? {});
  return { cluster, slave, scheduler, accept, statuses, states, total };
}

function on(resources: Resources, taskId: string, slave: ScriptedSlave): Operation {
  return { type: "launch", tasks: [withResources(task(taskId, slave.id, "cpus:1"), resources)] };
}

function withResources(info: TaskInfo, resources: Resources): TaskInfo {
  return { ...info, resources };
}

const cpu = pushed(quantities("cpus:1"), ads);

test("what an accept reserves is launched on by the same accept, and is durable before", () => {
  const { cluster, slave, scheduler, accept, states, statuses, total } = scene();
  cluster.registry.hold();
  accept([reserve(quantities("cpus:2;mem:2048"), ads, "r"), on(cpu, "t1", slave)]);
  cluster.advance(5_000);
  expect([slave.tasks, states()]).toEqual([[], []]);
  expect(cluster.state.slaves.get(slave.id)?.offered).toEqual(slave.info.resources);
  expect(cluster.state.frameworks.get(scheduler.id)?.offered).toEqual(slave.info.resources);
  cluster.registry.release();
  cluster.settle();
  expect(cluster.registry.registry.slaves.get(slave.id)?.reserved).toEqual(half);
  expect(slave.tasks.map(({ taskId, resources }) => [taskId, resources])).toEqual([["t1", cpu]]);
  expect(statuses()).toEqual([{ operationId: "r", state: "finished", slaveId: slave.id, uuid: expect.any(String) }]);
  expect(total()).toBe("cpus:2;mem:2048;cpus(ads, dynamic):2;mem(ads, dynamic):2048");
});

test("what is converted comes back at once, and the rest after the filter", () => {
  const { cluster, scheduler, accept } = scene();
  accept([reserve(quantities("cpus:2;mem:2048"), ads)], 30_000);
  cluster.advance(2_000);
  // The allocator offers all that is free of a slave as soon as it is more than what was refused.
  expect(scheduler.offer.resources).toEqual({ ...quantities("cpus:2;mem:2048"), ...half });
  const { length } = scheduler.offers;
  accept([], 30_000);
  cluster.advance(20_000);
  expect(scheduler.offers.length).toBe(length);
});

test("parts can be unreserved, and only that much", () => {
  const { cluster, scheduler, accept, states, total } = scene();
  accept([reserve(quantities("cpus:2;mem:2048"), ads, "r"), unreserve(cpu, "u")], 0);
  expect(states()).toEqual(["r finished", "u finished"]);
  expect(total()).toBe("cpus:3;mem:2048;cpus(ads, dynamic):1;mem(ads, dynamic):2048");
  cluster.advance(2_000);
  accept([unreserve(pushed(quantities("cpus:2"), ads), "more")], 0);
  expect(states().at(-1)).toBe("more error");
  cluster.advance(2_000);
  accept([unreserve(pushed(quantities("cpus:1;mem:2048"), ads), "all")], 0);
  expect(total()).toBe("cpus:4;mem:4096");
  expect(scheduler.hearing.of("operationUpdate").at(-1)?.state).toBe("finished");
});

test("what a running task uses cannot be unreserved", () => {
  const { cluster, slave, accept, states, total } = scene();
  accept([reserve(quantities("cpus:2"), ads), on(cpu, "t1", slave)], 0);
  cluster.advance(2_000);
  accept([unreserve(pushed(quantities("cpus:2"), ads), "u")], 0);
  expect(states()).toEqual(["u error"]);
  expect(total()).toBe("cpus:2;mem:4096;cpus(ads, dynamic):2");
});

test("labels keep reservations apart", () => {
  const { accept, states, total } = scene();
  const [a, b] = [
    { role: "ads", labels: [{ key: "a" }] },
    { role: "ads", labels: [{ key: "b" }] },
  ] as const;
  accept([
    reserve(quantities("cpus:1"), a, "a"),
    reserve(quantities("cpus:1"), b, "b"),
    unreserve(pushed(quantities("cpus:2"), { ...a, dynamic: true }), "too much"),
  ]);
  expect(states()).toEqual(["a finished", "b finished", "too much error"]);
  expect(total()).toContain("labels a):1;cpus(ads, dynamic, labels b):1");
});

test("only its role and those below it are offered what is reserved", () => {
  const { cluster, scheduler, accept } = scene();
  accept([reserve(quantities("cpus:2;mem:2048"), ads)]);
  scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: [] });
  scheduler.decline(0);
  const other = ScriptedScheduler.subscribed(cluster, "other", { roles: ["web"] });
  const child = ScriptedScheduler.subscribed(cluster, "child", { roles: ["ads/below"] });
  cluster.advance(5_000);
  expect(Object.keys(other.offers.at(-1)?.resources ?? {}).filter((key) => key.includes("("))).toEqual([]);
  const keys = child.offers.flatMap(({ resources }) => Object.keys(resources).filter((key) => key.includes("(")));
  expect(new Set(keys)).toEqual(new Set(Object.keys(half)));
});

describe("what cannot be done is told to whoever gave an id, and changes nothing", () => {
  const reservation = (resources: Resources, more: object = {}): Operation => ({
    type: "reserve",
    resources,
    operationId: "o",
    ...more,
  });
  test.each<[string, Operation, string, object?]>([
    ["another role", reserve(quantities("cpus:1"), { role: "web" }, "o"), "role web, the offer is to ads"],
    ["more than there is", reserve(quantities("cpus:5"), ads, "o"), "the offer has not as much: cpus:5 of 4"],
    ["nothing", reserve({}, ads, "o"), "no resources are named"],
    ["nobody's", reservation(quantities("cpus:1")), "cpus is named without a reservation"],
    ["a static one", reservation(quantities("cpus(ads):1")), "reserved by the configuration"],
    ["another allocation", reservation(cpu, { role: "web" }), "allocated to role web, the offer is to ads"],
    ["parts of a gpu", reserve({ gpus: 500 }, ads, "o"), "gpus"],
    ["in no name", reserve(quantities("cpus:1"), ads, "o"), "in the name of nobody, and ada", { principal: "ada" }],
    ["an end of none", unreserve(cpu, "o"), "this is not reserved: cpus(ads, dynamic):1 of 0"],
    ["ports twice", reservation(overlapping), "some of the ports would be reserved twice"],
  ])("%s", (_name, operation, message, info = {}) => {
    const { cluster, accept, statuses, total } = scene(info);
    const before = total();
    accept([operation, { ...operation, operationId: undefined } as never]);
    expect(statuses()).toMatchObject([{ operationId: "o", state: "error", message: expect.stringContaining(message) }]);
    expect(statuses()[0]).not.toHaveProperty("uuid");
    expect([total(), cluster.registry.operations.filter(({ type }) => type === "reserve")]).toEqual([before, []]);
  });

  test("offers that are not valid", () => {
    const { accept, statuses } = scene();
    accept([reserve(quantities("cpus:1"), ads, "o"), unreserve(cpu)], 0, [OfferId("never")]);
    expect(statuses()).toEqual([{ operationId: "o", state: "dropped", message: "offer never is no longer valid" }]);
  });

  test("an id that is in use", () => {
    const { accept, states } = scene();
    accept([reserve(quantities("cpus:1"), ads, "o"), reserve(quantities("cpus:1"), ads, "o")]);
    expect(states()).toEqual(["o finished", "o error"]);
  });
});

const overlapping = {
  'ports(["ads","dynamic",null,[["a"]]])': { ranges: [[1, 5] as const] },
  'ports(["ads","dynamic",null,[["b"]]])': { ranges: [[5, 9] as const] },
};

describe("a status", () => {
  test("is told again until it is acknowledged, also to the next scheduler", () => {
    const { cluster, scheduler, accept, statuses } = scene();
    accept([reserve(quantities("cpus:1"), ads, "r")]);
    cluster.advance(10_000);
    expect(statuses().length).toBe(2);
    scheduler.party.boot();
    scheduler.hearing.clear();
    scheduler.subscribe(scheduler.id);
    expect(statuses()).toMatchObject([{ operationId: "r", state: "finished" }]);
    const [status] = statuses();
    const { id: frameworkId } = scheduler;
    scheduler.party.tell("acknowledgeOperation", { frameworkId, operationId: "r", uuid: "another" });
    cluster.advance(10_000);
    expect(statuses().length).toBe(2);
    scheduler.party.tell("acknowledgeOperation", { frameworkId, operationId: "r", uuid: status?.uuid ?? "" });
    cluster.advance(60_000);
    expect(statuses().length).toBe(2);
    expect(scheduler.party.ask("reconcileOperations", { frameworkId, operations: [] }).statuses).toEqual([]);
  });

  test("can be asked for: what is under way, what is over, and what can be said of others", () => {
    const { cluster, slave, scheduler, accept } = scene();
    const { id: frameworkId } = scheduler;
    const lost = ScriptedSlave.registered(cluster, "s2");
    lost.pongs = false;
    cluster.advance(9_000);
    accept([reserve(quantities("cpus:1"), ads, "over")], 0);
    cluster.advance(2_000);
    cluster.registry.hold();
    accept([reserve(quantities("cpus:1"), ads, "under way")], 0);
    const operations = [
      { operationId: "under way" },
      { operationId: "over" },
      { operationId: "never", slaveId: slave.id },
      { operationId: "away", slaveId: lost.id },
    ];
    const { statuses } = scheduler.party.ask("reconcileOperations", { frameworkId, operations });
    expect(statuses.map(({ state }) => state)).toEqual(["pending", "finished", "unknown", "unreachable"]);
    const all = scheduler.party.ask("reconcileOperations", { frameworkId, operations: [] });
    expect(all.statuses.map(({ operationId }) => operationId)).toEqual(["over", "under way"]);
  });
});

/** An accept that reserves and launches, and waits for the registry. */
function waiting() {
  const all = scene();
  all.cluster.registry.hold();
  all.accept([reserve(quantities("cpus:2;mem:2048"), ads, "r"), on(cpu, "t1", all.slave), unreserve(cpu, "u")]);
  const released = () => {
    all.cluster.registry.release();
    all.cluster.settle();
  };
  return { ...all, released };
}

describe("while an accept waits for the registry, the slave or the master is lost:", () => {
  test("the master crashes: after it the reservation is there or not, and no task without it", () => {
    const { cluster, slave, scheduler, total, released } = waiting();
    cluster.bootMaster();
    released();
    slave.party.connect();
    slave.helloAgain();
    scheduler.party.connect();
    expect(total()).toBe("cpus:4;mem:4096");
    expect(slave.tasks).toEqual([]);
    scheduler.subscribe(scheduler.id);
    const { id: frameworkId } = scheduler;
    const operations = [{ operationId: "r", slaveId: slave.id }];
    const { statuses } = scheduler.party.ask("reconcileOperations", { frameworkId, operations });
    expect(statuses).toMatchObject([{ state: "unknown" }]);
  });

  test("the slave loses its link: the reservation stands, what follows is dropped", () => {
    const { cluster, slave, scheduler, states, total, released } = waiting();
    slave.party.cut();
    released();
    expect(states()).toEqual(["r finished", "u dropped"]);
    expect(scheduler.updates).toMatchObject([{ taskId: "t1", state: "dropped", reason: "AGENT_DISCONNECTED" }]);
    expect(total()).toContain("cpus(ads, dynamic):2");
    slave.party.connect();
    slave.helloAgain();
    cluster.advance(2_000);
    expect(scheduler.offer.resources).toMatchObject(half);
  });

  test("the slave comes back meanwhile: the accept goes on", () => {
    const { slave, states, released } = waiting();
    slave.party.cut();
    slave.party.connect();
    slave.helloAgain();
    released();
    expect(states()).toEqual(["r finished", "u finished"]);
    expect(slave.tasks.map(({ taskId }) => String(taskId))).toEqual(["t1"]);
  });

  test("the slave is given up: it has the reservation when it returns", () => {
    const { cluster, slave, scheduler, states, total, released } = waiting();
    slave.pongs = false;
    cluster.advance(6_000);
    released();
    expect(states()).toEqual(["r finished", "u finished"]);
    expect(scheduler.updates.at(-1)).toMatchObject({ taskId: "t1", state: "unreachable" });
    slave.pongs = true;
    slave.party.connect();
    slave.helloAgain();
    expect(total()).toContain("cpus(ads, dynamic):1");
  });

  test("an operator has given the slave up before: nothing is reserved", () => {
    const { cluster, slave, scheduler, accept, states } = scene();
    cluster.registry.hold();
    scheduler.party.asking("operate", { call: { type: "MARK_AGENT_GONE", slaveId: slave.id } });
    accept([reserve(quantities("cpus:2"), ads, "r"), on(cpu, "t1", slave)]);
    cluster.registry.release();
    cluster.settle();
    expect(states()).toEqual(["r dropped"]);
    expect(scheduler.updates).toMatchObject([{ taskId: "t1", state: "dropped", reason: "AGENT_REMOVED" }]);
    expect(cluster.state.frameworks.get(scheduler.id)?.offered).toEqual({});
  });
});

describe("while an accept waits for the registry,", () => {
  test("the framework is torn down: the reservation stands and is its role's", () => {
    const { cluster, slave, scheduler, states, released } = waiting();
    scheduler.party.tell("teardown", { frameworkId: scheduler.id });
    const next = ScriptedScheduler.subscribed(cluster, "f2", { roles: ["ads"] });
    cluster.advance(2_000);
    expect(next.offers).toEqual([]);
    released();
    cluster.advance(2_000);
    expect([states(), slave.tasks]).toEqual([[], []]);
    expect(next.offer.resources).toMatchObject(half);
    expect(cluster.state.frameworks.get(scheduler.id)?.offered).toEqual({});
  });

  test("the allocator crashes: it learns what the accept holds", () => {
    const { cluster, slave, states, released } = waiting();
    cluster.stopAllocator();
    cluster.startAllocator();
    cluster.advance(2_000);
    released();
    expect(states()).toEqual(["r finished", "u finished"]);
    expect(slave.tasks.length).toBe(1);
  });

  test("the scheduler is replaced: the accept goes on, and the next one hears of it", () => {
    const { cluster, slave, scheduler, states, released } = waiting();
    scheduler.party.boot();
    cluster.settle();
    released();
    expect(slave.tasks.length).toBe(1);
    scheduler.hearing.clear();
    scheduler.subscribe(scheduler.id);
    expect(states()).toEqual(["r finished", "u finished"]);
  });
});

test("a slave that returns to a new master keeps what is reserved, and the tasks on it", () => {
  const { cluster, slave, scheduler, accept, total } = scene();
  accept([reserve(quantities("cpus:4;mem:4096"), ads), on(half, "t1", slave)]);
  const [launched] = slave.tasks;
  if (launched === undefined) throw new Error("nothing was launched");
  cluster.bootMaster();
  slave.party.connect();
  slave.helloAgain([slave.known(scheduler.id, { ...scheduler.info, id: scheduler.id }, launched)]);
  expect(total()).toBe("cpus(ads, dynamic):4;mem(ads, dynamic):4096");
  expect(cluster.state.slaves.get(slave.id)?.used).toEqual(half);
});
