/** Slaves that an operator has given up for good. */

import { describe, expect, test } from "vitest";
import { viewTable } from "../../src/protocol/cluster-events.ts";
import { SlaveId, TaskId } from "../../src/protocol/ids.ts";
import type { OperatorReply } from "../../src/protocol/operator-api.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

const refusal = { reason: "an operator has marked it as gone" };

/** One slave that runs `t1` on half of its 4 cpus, and an operator. */
function scene() {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1", "cpus:4;mem:4096");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  scheduler.launch(task("t1", slave.id, "cpus:2;mem:1024"));
  slave.report(scheduler.id, "t1", "running");
  scheduler.hearing.clear();
  const operator = cluster.party("operator", viewTable);
  const markGone = (slaveId: SlaveId = slave.id): OperatorReply =>
    operator.ask("operate", { call: { type: "MARK_AGENT_GONE", slaveId } });
  return { cluster, slave, scheduler, operator, markGone };
}

function standing({ registry: { registry } }: Cluster, { id }: ScriptedSlave): string | undefined {
  return registry.slaves.get(id)?.standing;
}

test("a slave that comes back and has forgotten a task whose end its framework has not heard of has ended it", () => {
  const { cluster, slave, scheduler } = scene();
  const status = { taskId: TaskId("t1"), state: "running", source: "executor", timestampMs: 1, uuid: "again" } as const;
  const update = { frameworkId: scheduler.id, status: { ...status, slaveId: slave.id }, over: true };
  slave.party.tell("statusUpdate", { slaveId: slave.id, update });
  slave.party.cut();
  slave.party.connect();
  slave.helloAgain();
  cluster.settle();
  expect(scheduler.news).toEqual(["t1 running", "t1 gone"]);
});

describe("marking a slave as gone", () => {
  test("ends its tasks, refuses it, and takes it out of the cluster", () => {
    const { cluster, slave, scheduler, markGone } = scene();
    scheduler.party.tell("revive", { frameworkId: scheduler.id, roles: [] });
    const { id } = scheduler.offer;
    expect(markGone().done).toBe(true);
    expect(standing(cluster, slave)).toBe("gone");
    expect(slave.hearing.of("slaveRefused")).toMatchObject([refusal]);
    expect(scheduler.updates).toMatchObject([
      { taskId: "t1", state: "gone_by_operator", reason: "AGENT_REMOVED_BY_OPERATOR", slaveId: slave.id },
    ]);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([{ offerIds: [id], reason: "slaveLost" }]);
    expect(scheduler.hearing.of("slaveLost")).toEqual([{ slaveId: slave.id, hostname: "s1" }]);
    expect([...cluster.state.slaves.all()]).toEqual([]);
    expect(cluster.state.frameworks.get(scheduler.id)?.used).toEqual({});
  });

  test("ends a task whose end only the master has heard of: the news of it are lost with the slave", () => {
    const { cluster, slave, scheduler, markGone } = scene();
    const status = {
      taskId: TaskId("t1"),
      state: "running",
      source: "executor",
      timestampMs: 1,
      uuid: "again",
    } as const;
    const update = { frameworkId: scheduler.id, status: { ...status, slaveId: slave.id }, over: true };
    slave.party.tell("statusUpdate", { slaveId: slave.id, update });
    expect(cluster.state.frameworks.get(scheduler.id)?.used).toEqual({});
    expect(scheduler.news).toEqual(["t1 running"]);
    expect(markGone().done).toBe(true);
    expect(scheduler.news).toEqual(["t1 running", "t1 gone_by_operator"]);
    expect([...cluster.state.tasks.all()]).toEqual([]);
  });

  test("is answered once it is on disk, and nothing happens before; meanwhile it is busy", () => {
    const { cluster, slave, scheduler, operator, markGone } = scene();
    cluster.registry.hold();
    expect(() => markGone()).toThrow("operate was not answered");
    expect(scheduler.hearing.heard).toEqual([]);
    expect(operator.ask("operate", { call: { type: "MARK_AGENT_GONE", slaveId: slave.id } })).toEqual({
      done: false,
      status: 503,
      reason: `slave ${slave.id} is being removed`,
    });
    cluster.registry.release();
    cluster.settle();
    expect(scheduler.news).toEqual(["t1 gone_by_operator"]);
  });

  test("that is unreachable answers for its tasks from then on", () => {
    const { cluster, slave, scheduler, markGone } = scene();
    slave.pongs = false;
    cluster.advance(10_000);
    scheduler.hearing.clear();
    expect(markGone().done).toBe(true);
    expect(standing(cluster, slave)).toBe("gone");
    scheduler.reconcile({ taskId: TaskId("t1"), slaveId: slave.id });
    expect(scheduler.updates).toMatchObject([{ state: "gone_by_operator", reason: "RECONCILIATION" }]);
  });

  test("that never was is refused with 404", () => {
    const { markGone } = scene();
    const reason = "no slave never is known";
    expect(markGone(SlaveId("never"))).toEqual({ done: false, status: 404, reason });
    expect(markGone(SlaveId("constructor"))).toMatchObject({ status: 404 });
  });

  test("twice is done twice, and changes nothing the second time", () => {
    const { cluster, scheduler, markGone } = scene();
    markGone();
    const operations = cluster.registry.operations.length;
    expect(markGone().done).toBe(true);
    expect(cluster.registry.operations.length).toBe(operations);
    expect(scheduler.news).toEqual(["t1 gone_by_operator"]);
  });
});

describe("a slave that is gone", () => {
  test("is refused whenever it says hello, also by a master that is new", () => {
    const { cluster, slave, scheduler, markGone } = scene();
    const known = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    markGone();
    slave.hearing.clear();
    slave.helloAgain(known);
    expect(slave.hearing.of("slaveRefused")).toMatchObject([refusal]);
    cluster.bootMaster();
    slave.party.connect();
    slave.hearing.clear();
    slave.helloAgain(known);
    expect(slave.hearing.kinds).toEqual(["slaveRefused"]);
    expect([...cluster.state.slaves.all()]).toEqual([]);
  });

  test("has no tasks: whoever asks after one hears that, also from a master that is new", () => {
    const { cluster, slave, scheduler, markGone } = scene();
    markGone();
    for (const again of [() => {}, () => cluster.bootMaster()]) {
      again();
      scheduler.party.connect();
      scheduler.subscribe(scheduler.id);
      scheduler.hearing.clear();
      scheduler.reconcile({ taskId: TaskId("t9"), slaveId: slave.id }, { taskId: TaskId("t9") });
      expect(scheduler.updates).toMatchObject([
        { state: "gone_by_operator", reason: "RECONCILIATION", source: "master", slaveId: slave.id },
        { state: "unknown" },
      ]);
    }
  });

  test("is not let in while the registry is being written, under its id or another", () => {
    const { cluster, slave, markGone } = scene();
    cluster.registry.hold();
    expect(() => markGone()).toThrow("not answered");
    slave.hearing.clear();
    slave.helloAgain();
    cluster.registry.release();
    cluster.settle();
    expect(slave.hearing.kinds).toEqual(["slaveRefused"]);
    expect([...cluster.state.slaves.all()]).toEqual([]);
    expect([...cluster.registry.registry.slaves.keys()]).toEqual([slave.id]);
  });

  test("stays so in the registry when it answers a ping too late", () => {
    const { cluster, slave, markGone } = scene();
    slave.pongs = false;
    cluster.advance(3_999);
    cluster.registry.hold();
    cluster.advance(1);
    slave.party.tell("pong", { slaveId: slave.id });
    expect(() => markGone()).toThrow("not answered");
    cluster.registry.release();
    cluster.settle();
    expect(cluster.registry.operations.map(({ type }) => type)).toEqual([
      "admitSlave",
      "markSlaveUnreachable",
      "markSlaveGone",
    ]);
    expect(standing(cluster, slave)).toBe("gone");
  });
});
