import { describe, expect, test } from "vitest";
import { SlaveId, TaskId } from "../../src/protocol/ids.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

/** One slave that runs `t1` on half of its 4 cpus. */
function running() {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1", "cpus:4;mem:4096");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  scheduler.launch(task("t1", slave.id, "cpus:2;mem:1024"));
  slave.report(scheduler.id, "t1", "running");
  return { cluster, slave, scheduler };
}

describe("a status update", () => {
  test("is forwarded as it is, and its acknowledgement goes back to the slave", () => {
    const { slave, scheduler } = running();
    const [update] = scheduler.updates;
    expect(update).toEqual({
      taskId: "t1",
      state: "running",
      source: "executor",
      slaveId: slave.id,
      timestampMs: 1,
      uuid: "t1 running",
    });
    if (update !== undefined) scheduler.acknowledge(update);
    expect(slave.hearing.of("updateAcknowledged")).toMatchObject([{ taskId: "t1", uuid: "t1 running" }]);
  });

  test("is forwarded each time the slave repeats it, and frees the resources once", () => {
    const { cluster, slave, scheduler } = running();
    for (let repeat = 0; repeat < 3; repeat++) slave.report(scheduler.id, "t1", "finished");
    expect(scheduler.news).toEqual(["t1 running", "t1 finished", "t1 finished", "t1 finished"]);
    expect(cluster.state.slaves.get(slave.id)?.used).toEqual({});
    expect(cluster.state.frameworks.get(scheduler.id)?.used).toEqual({});
    expect(scheduler.offer.resources).toEqual(slave.info.resources);
  });

  test("that ends a task keeps it in the book until it is acknowledged, and by the right uuid", () => {
    const { cluster, slave, scheduler } = running();
    slave.report(scheduler.id, "t1", "finished");
    for (const uuid of ["another", "t1 running"]) {
      scheduler.party.tell("acknowledge", { frameworkId: scheduler.id, slaveId: slave.id, taskId: TaskId("t1"), uuid });
      expect(cluster.state.tasks.get(scheduler.id, TaskId("t1"))?.status.state).toBe("finished");
    }
    scheduler.acknowledge({
      taskId: TaskId("t1"),
      state: "finished",
      source: "executor",
      timestampMs: 1,
      slaveId: slave.id,
      uuid: "t1 finished",
    });
    expect(cluster.state.tasks.get(scheduler.id, TaskId("t1"))).toBeUndefined();
  });

  test("that comes late does not bring an ended task back", () => {
    const { cluster, slave, scheduler } = running();
    slave.report(scheduler.id, "t1", "finished");
    slave.report(scheduler.id, "t1", "running");
    expect(cluster.state.tasks.get(scheduler.id, TaskId("t1"))?.status.state).toBe("finished");
    expect(cluster.state.slaves.get(slave.id)?.used).toEqual({});
  });

  test("of a task that has ended since frees what it held, and its end is still heard", () => {
    const { cluster, slave, scheduler } = running();
    const status = { taskId: TaskId("t1"), state: "running", source: "executor", timestampMs: 1, uuid: "u1" } as const;
    const update = { frameworkId: scheduler.id, status, over: true };
    slave.party.tell("statusUpdate", { slaveId: slave.id, update });
    expect(cluster.state.slaves.get(slave.id)?.used).toEqual({});
    slave.report(scheduler.id, "t1", "finished");
    expect(scheduler.news).toEqual(["t1 running", "t1 running", "t1 finished"]);
    expect(cluster.state.slaves.get(slave.id)?.used).toEqual({});
  });

  test("of a slave that is not in the cluster is not forwarded", () => {
    const { slave, scheduler } = running();
    const status = { taskId: TaskId("t1"), state: "failed", source: "executor", timestampMs: 1 } as const;
    slave.party.tell("statusUpdate", { slaveId: SlaveId("never"), update: { frameworkId: scheduler.id, status } });
    expect(scheduler.news).toEqual(["t1 running"]);
  });
});

describe("a kill", () => {
  test("is sent on with its grace period, as often as it is asked for", () => {
    const { slave, scheduler } = running();
    scheduler.kill("t1", 500);
    scheduler.kill("t1");
    const order = { lead: { epoch: 1, term: 1 }, frameworkId: scheduler.id, taskId: "t1" };
    expect(slave.hearing.of("killOnSlave")).toEqual([{ ...order, graceMs: 500 }, order]);
  });

  test("of a task that nobody knows is answered like a question for it", () => {
    const { slave, scheduler } = running();
    scheduler.kill("t9");
    expect(slave.hearing.of("killOnSlave")).toEqual([]);
    expect(scheduler.updates.at(-1)).toMatchObject({ taskId: "t9", state: "unknown", reason: "RECONCILIATION" });
  });

  test("waits for a slave that is away, and is sent once when it is back", () => {
    const { slave, scheduler } = running();
    const known = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    slave.party.cut();
    scheduler.kill("t1");
    expect(slave.hearing.of("killOnSlave")).toEqual([]);
    for (let returns = 0; returns < 2; returns++) {
      slave.party.connect();
      slave.helloAgain(known);
      expect(slave.hearing.of("killOnSlave")).toMatchObject([{ frameworkId: scheduler.id, taskId: "t1" }]);
      slave.party.cut();
    }
  });

  test("that names another slave than the task's is void", () => {
    const { slave, scheduler } = running();
    const order = { frameworkId: scheduler.id, taskId: TaskId("t1") };
    scheduler.party.tell("killTask", { ...order, slaveId: SlaveId("other") });
    expect(slave.hearing.of("killOnSlave")).toEqual([]);
    expect(scheduler.news).toEqual(["t1 running"]);
    scheduler.party.tell("killTask", { ...order, slaveId: slave.id });
    expect(slave.hearing.of("killOnSlave").length).toBe(1);
  });

  test("of a task that its slave does not have says so", () => {
    const { slave, scheduler } = running();
    const order = { frameworkId: scheduler.id, taskId: TaskId("t9") };
    scheduler.party.tell("killTask", { ...order, slaveId: slave.id });
    expect(scheduler.news).toEqual(["t1 running", "t9 gone"]);
  });

  test("of somebody else's task ends nothing", () => {
    const { cluster, slave } = running();
    const other = ScriptedScheduler.subscribed(cluster, "f2");
    other.kill("t1");
    expect(slave.hearing.of("killOnSlave")).toEqual([]);
    expect(other.news).toEqual(["t1 unknown"]);
  });
});

describe("an executor", () => {
  test("is shut down by its slave, and its end is told to its framework", () => {
    const { slave, scheduler } = running();
    const executorId = "t1";
    scheduler.party.tell("shutdownExecutor", { frameworkId: scheduler.id, slaveId: slave.id, executorId });
    expect(slave.hearing.of("endExecutor")).toMatchObject([{ frameworkId: scheduler.id, executorId }]);
    slave.party.tell("executorExited", { slaveId: slave.id, frameworkId: scheduler.id, executorId, status: 9 });
    expect(scheduler.hearing.of("executorEnded")).toEqual([{ slaveId: slave.id, executorId, status: 9 }]);
  });

  test("of a slave that is not there is nobody's", () => {
    const { slave, scheduler } = running();
    const order = { frameworkId: scheduler.id, executorId: "t1" };
    scheduler.party.tell("shutdownExecutor", { ...order, slaveId: SlaveId("never") });
    expect(slave.hearing.of("endExecutor")).toEqual([]);
  });
});

describe("reconciliation", () => {
  const t1 = { taskId: TaskId("t1") };
  const t9 = { taskId: TaskId("t9") };

  test("answers for a known task with its latest state, from the master and without a uuid", () => {
    const { slave, scheduler } = running();
    scheduler.hearing.clear();
    scheduler.reconcile(t1);
    expect(scheduler.updates).toEqual([
      { taskId: "t1", state: "running", source: "master", reason: "RECONCILIATION", slaveId: slave.id, timestampMs: 1 },
    ]);
  });

  test("answers for all tasks, the unacknowledged ended ones too, when it names none", () => {
    const { slave, scheduler } = running();
    scheduler.launch();
    scheduler.decline(0, []);
    slave.report(scheduler.id, "t1", "finished");
    const other = task("t2", slave.id, "cpus:1");
    scheduler.accept([scheduler.offer.id], [other]);
    scheduler.hearing.clear();
    scheduler.reconcile();
    expect(scheduler.news).toEqual(["t1 finished", "t2 staging"]);
  });

  test.each<[string, (scene: ReturnType<typeof running>) => { taskId: TaskId; slaveId?: SlaveId }, string[]]>([
    ["a task that its slave does not have", ({ slave }) => ({ ...t9, slaveId: slave.id }), ["t9 gone"]],
    ["a slave that never was", () => ({ ...t9, slaveId: SlaveId("never") }), ["t9 unknown"]],
    ["no slave at all", () => t9, ["t9 unknown"]],
  ])("%s", (_, asked, news) => {
    const scene = running();
    scene.scheduler.hearing.clear();
    scene.scheduler.reconcile(asked(scene));
    expect(scene.scheduler.news).toEqual(news);
  });

  test("an unreachable slave's task is unreachable, and since when it was told to be", () => {
    const { cluster, slave, scheduler } = running();
    slave.pongs = false;
    cluster.registry.hold();
    cluster.advance(4_000);
    const unreachableMs = cluster.state.ctx.clock.wall();
    cluster.advance(2_000);
    scheduler.hearing.clear();
    cluster.registry.release();
    cluster.settle();
    expect(scheduler.updates).toMatchObject([{ ...t1, state: "unreachable", unreachableMs }]);
    cluster.restartMaster();
    scheduler.subscribe(scheduler.id);
    scheduler.hearing.clear();
    scheduler.reconcile({ ...t1, slaveId: slave.id });
    expect(scheduler.updates).toMatchObject([{ ...t1, state: "unreachable", unreachableMs }]);
  });

  test("silence while a slave of the registry may still come back, then an answer", () => {
    const { cluster, slave, scheduler } = running();
    const known = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    cluster.bootMaster();
    scheduler.party.connect();
    scheduler.subscribe(scheduler.id);
    scheduler.hearing.clear();
    scheduler.reconcile({ ...t1, slaveId: slave.id }, t1, { ...t9, slaveId: SlaveId("never") });
    expect(scheduler.news).toEqual(["t9 unknown"]);
    slave.party.connect();
    slave.helloAgain(known);
    scheduler.reconcile(t1);
    expect(scheduler.news).toEqual(["t9 unknown", "t1 running", "t1 running"]);
  });

  test("a slave of the registry that does not come back in its time is unreachable", () => {
    const { cluster, slave, scheduler } = running();
    cluster.bootMaster();
    scheduler.party.connect();
    scheduler.subscribe(scheduler.id);
    cluster.advance(4_999);
    scheduler.reconcile({ ...t1, slaveId: slave.id });
    expect(scheduler.news).toEqual(["t1 running"]);
    cluster.advance(1);
    scheduler.reconcile({ ...t1, slaveId: slave.id });
    expect(scheduler.news).toEqual(["t1 running", "t1 unreachable"]);
  });
});
