import { describe, expect, test } from "vitest";
import { slavesOf } from "../../src/master/registry.ts";
import { FrameworkId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import { quantities } from "../protocol/quantities.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

describe("registration", () => {
  test("a slave hears that it is in once the registry says so, and not before", () => {
    const cluster = new Cluster();
    const slave = new ScriptedSlave(cluster, "s1", "cpus:4;mem:4096");
    cluster.registry.hold();
    slave.hello();
    cluster.advance(500);
    expect(slave.hearing.heard).toEqual([]);
    cluster.registry.release();
    cluster.settle();
    expect(slave.hearing.of("slaveRegistered")).toMatchObject([
      { lead: { epoch: 1, term: 1 }, missesMs: 4_000, lost: [] },
    ]);
    expect(cluster.registry.operations).toEqual([
      { type: "admitSlave", slaveId: slave.id, info: slave.info, atMs: expect.any(Number) },
    ]);
  });

  test("however often it says hello, it is one slave", () => {
    const cluster = new Cluster();
    const slave = new ScriptedSlave(cluster, "s1", "cpus:4;mem:4096");
    cluster.registry.hold();
    for (let retry = 0; retry < 3; retry++) slave.hello();
    cluster.registry.release();
    cluster.settle();
    slave.hello();
    expect([...cluster.state.slaves.all()].length).toBe(1);
    expect(cluster.registry.operations.length).toBe(1);
    expect(new Set(slave.hearing.of("slaveRegistered").map(({ slaveId }) => slaveId)).size).toBe(1);
  });

  test("it is let in as it was last, if it reached the master again while the registry was busy with it", () => {
    const cluster = new Cluster();
    const slave = new ScriptedSlave(cluster, "s1", "cpus:4;mem:4096");
    const { party, info } = slave;
    cluster.registry.hold();
    for (const hello of [1, 2]) party.tell("registerSlave", { self: party.address, info, tasks: [], hello });
    cluster.registry.release();
    cluster.settle();
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
    scheduler.launch(task("t1", slave.id, "cpus:1;mem:64"));
    expect(slave.hearing.of("runTask").map(({ hello }) => hello)).toEqual([2]);
  });

  test("ids are unique, also across lives of the master", () => {
    const cluster = new Cluster();
    const ids = ["s1", "s2", "s3"].map((name) => ScriptedSlave.registered(cluster, name).id);
    cluster.restartMaster();
    ids.push(ScriptedSlave.registered(cluster, "s4").id);
    cluster.bootMaster();
    ids.push(ScriptedSlave.registered(cluster, "s5").id);
    expect(new Set(ids).size).toBe(5);
  });

  test("it keeps its id over a broken link, and its resources are offered again", () => {
    const cluster = new Cluster();
    const slave = ScriptedSlave.registered(cluster, "s1");
    const { id } = slave;
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
    slave.party.cut();
    expect(scheduler.offers).toEqual([]);
    slave.party.connect();
    slave.helloAgain();
    expect(slave.hearing.of("slaveRegistered").at(-1)?.slaveId).toBe(id);
    expect(scheduler.offer.resources).toEqual(slave.info.resources);
    expect(cluster.registry.operations.length).toBe(1);
  });

  test("a commit that fails because a later term has begun ends the master", () => {
    const cluster = new Cluster();
    const slave = new ScriptedSlave(cluster, "s1", "cpus:4;mem:4096");
    cluster.registry.beginEpoch();
    expect(() => slave.hello()).toThrow("another master has begun a later term");
    expect(slave.hearing.heard).toEqual([]);
  });
});

/** A slave with one task of each framework given, all running. */
function busy(...kinds: readonly ("command" | "function")[]) {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  const what = { command: {}, function: { function: { module: "m", export: "e", args: null } } };
  scheduler.launch(...kinds.map((kind) => task(kind, slave.id, "cpus:1;mem:64", what[kind])));
  for (const kind of kinds) slave.report(scheduler.id, kind, "running");
  scheduler.hearing.clear();
  return { cluster, slave, scheduler };
}

describe("pings", () => {
  test("a slave that answers them stays for ever", () => {
    const { cluster, scheduler } = busy("command");
    cluster.advance(60_000);
    expect(scheduler.hearing.kinds).toEqual([]);
  });

  test("one that does not is unreachable, but only once the registry says so", () => {
    const { cluster, slave, scheduler } = busy("command");
    slave.pongs = false;
    cluster.registry.hold();
    cluster.advance(10_000);
    expect(scheduler.hearing.heard).toEqual([]);
    cluster.registry.release();
    cluster.settle();
    expect(cluster.registry.operations.at(-1)).toMatchObject({ type: "markSlaveUnreachable", slaveId: slave.id });
    expect(scheduler.updates).toMatchObject([{ taskId: "command", state: "unreachable", reason: "AGENT_REMOVED" }]);
    expect(scheduler.updates[0]?.uuid).toBeUndefined();
    expect(scheduler.hearing.of("slaveLost")).toEqual([{ slaveId: slave.id, hostname: "s1" }]);
  });

  test("it takes as many missed pings as are allowed and one more", () => {
    const { cluster, slave } = busy("command");
    slave.pongs = false;
    cluster.advance(3_999);
    expect(slavesOf(cluster.registry.registry, "unreachable")).toEqual([]);
    cluster.advance(1);
    expect(slavesOf(cluster.registry.registry, "unreachable")).toEqual([slave.id]);
  });

  test("an answer while the registry is being written keeps it in, in the registry too", () => {
    const { cluster, slave, scheduler } = busy("command");
    slave.pongs = false;
    cluster.registry.hold();
    cluster.advance(4_000);
    slave.pongs = true;
    slave.party.tell("pong", { slaveId: slave.id });
    cluster.registry.release();
    cluster.settle();
    expect(cluster.state.slaves.get(slave.id)?.state).toBe("registered");
    expect(scheduler.news).toEqual([]);
    expect(slavesOf(cluster.registry.registry, "admitted")).toEqual([slave.id]);
    expect(slavesOf(cluster.registry.registry, "unreachable")).toEqual([]);
  });

  test("a slave that comes back from being unreachable keeps its id and brings its tasks", () => {
    const { cluster, slave, scheduler } = busy("command");
    const { id } = slave;
    const [mine] = slave.tasks;
    slave.pongs = false;
    cluster.advance(10_000);
    slave.pongs = true;
    scheduler.hearing.clear();
    slave.helloAgain(mine === undefined ? [] : [slave.known(scheduler.id, scheduler.info, mine)]);
    expect(slave.id).toBe(id);
    expect(cluster.registry.operations.at(-1)?.type).toBe("markSlaveReachable");
    expect(scheduler.updates).toMatchObject([{ taskId: "command", state: "running", reason: "AGENT_REREGISTERED" }]);
    expect(scheduler.offer.resources).toEqual({ cpus: 3_000, mem: 4_032_000 });
  });
});

describe("a lost link", () => {
  test("loses functions at once and keeps commands of frameworks that want it", () => {
    const { slave, scheduler, cluster } = busy("function", "command");
    slave.party.cut();
    expect(scheduler.updates).toMatchObject([{ taskId: "function", state: "lost", reason: "AGENT_DISCONNECTED" }]);
    expect(cluster.state.tasks.onSlave(slave.id).map(({ info }) => String(info.taskId))).toEqual(["command"]);
  });

  test("loses the commands of frameworks that do not checkpoint", () => {
    const cluster = new Cluster();
    const slave = ScriptedSlave.registered(cluster, "s1");
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { checkpoint: false });
    scheduler.launch(task("t1", slave.id, "cpus:1"));
    slave.party.cut();
    expect(scheduler.news).toEqual(["t1 lost"]);
  });

  test("tells each framework once that the slave is lost, however often it loses tasks there", () => {
    const { cluster, slave, scheduler } = busy("function", "command");
    slave.party.cut();
    expect(scheduler.hearing.of("slaveLost").length).toBe(1);
    cluster.advance(20_000);
    expect(scheduler.news).toEqual(["function lost", "command unreachable"]);
    expect(scheduler.hearing.of("slaveLost").length).toBe(1);
  });

  test("what was given up meanwhile is ended on return, and not taken back", () => {
    const { slave, scheduler, cluster } = busy("function", "command");
    const tasks = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    slave.party.cut();
    slave.party.connect();
    slave.helloAgain(tasks);
    const lost = [{ frameworkId: scheduler.id, taskId: "function" }];
    expect(slave.hearing.of("slaveRegistered").at(-1)?.lost).toEqual(lost);
    expect(scheduler.news).toEqual(["function lost"]);
    expect(cluster.state.tasks.onSlave(slave.id).length).toBe(1);
    slave.party.cut();
    slave.party.connect();
    slave.helloAgain(tasks.slice(1));
    expect(slave.hearing.of("slaveRegistered").at(-1)?.lost).toEqual([]);
  });
});

describe("what a returning slave reports", () => {
  test("a task it does not have any more is gone", () => {
    const { slave, scheduler, cluster } = busy("command");
    slave.party.cut();
    slave.party.connect();
    slave.helloAgain([]);
    expect(scheduler.updates).toMatchObject([{ taskId: "command", state: "gone", reason: "AGENT_REREGISTERED" }]);
    expect(cluster.state.slaves.get(slave.id)?.used).toEqual({});
  });

  test("a task that only it knows is taken over, and counts", () => {
    const { slave, scheduler, cluster } = busy("command");
    const known = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    const other = slave.known(scheduler.id, scheduler.info, task("other", slave.id, "cpus:2;mem:64"));
    slave.party.cut();
    slave.party.connect();
    slave.helloAgain([...known, other]);
    expect(scheduler.news).toEqual(["other running"]);
    expect(cluster.state.slaves.get(slave.id)?.used).toEqual({ cpus: 3_000, mem: 128_000 });
    cluster.advance(5_000);
    expect(scheduler.offer.resources).toEqual({ cpus: 1_000, mem: 3_968_000 });
  });

  test("a task that is over stays in the book until its end is acknowledged, not what came before", () => {
    const { slave, scheduler } = busy("command");
    const known = slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each));
    slave.party.cut();
    slave.party.connect();
    slave.helloAgain(known.map((each) => ({ ...each, over: true })));
    slave.report(scheduler.id, "command", "running");
    const [running] = scheduler.updates;
    if (running !== undefined) scheduler.acknowledge(running);
    scheduler.reconcile({ taskId: TaskId("command"), slaveId: slave.id });
    slave.report(scheduler.id, "command", "finished");
    expect(scheduler.news).toEqual(["command running", "command running", "command finished"]);
  });

  test("a slave whose actor has ended takes its tasks with it", () => {
    const { slave, scheduler, cluster } = busy("command");
    slave.party.end();
    expect(scheduler.news).toEqual(["command lost"]);
    expect([...cluster.state.slaves.all()]).toEqual([]);
    expect(cluster.registry.registry.slaves.size).toBe(0);
  });

  test("a slave that leaves in good order is removed from the registry first", () => {
    const { slave, scheduler, cluster } = busy("command");
    slave.report(scheduler.id, "command", "finished");
    cluster.registry.hold();
    slave.party.tell("unregisterSlave", { slaveId: slave.id });
    expect([...cluster.state.slaves.all()].length).toBe(1);
    cluster.registry.release();
    cluster.settle();
    expect([...cluster.state.slaves.all()]).toEqual([]);
    expect(scheduler.news).toEqual(["command finished"]);
  });
});

describe("placeable", () => {
  test("says whether any slave is large enough, and else which comes closest", () => {
    const cluster = new Cluster();
    ScriptedSlave.registered(cluster, "small", "cpus:1;mem:64");
    ScriptedSlave.registered(cluster, "large", "cpus:8;mem:64");
    const { party } = ScriptedScheduler.subscribed(cluster, "f1");
    expect(party.ask("placeable", { resources: { cpus: 2_000 } })).toEqual({ slaves: 2, fitting: 1 });
    expect(party.ask("placeable", { resources: { cpus: 4_000, mem: 128_000 } })).toEqual({
      slaves: 2,
      fitting: 0,
      closest: { hostname: "large", resources: { cpus: 8_000, mem: 64_000 } },
    });
  });
});

describe("a slave with static reservations", () => {
  test("has them in its offers, in its books and in the sums of frameworks", () => {
    const cluster = new Cluster();
    const slave = ScriptedSlave.registered(cluster, "s1", "cpus:1;cpus(ads):4;mem(ads):512;ports(ads):[1-9]");
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { roles: ["ads"] });
    expect(scheduler.offer.resources).toEqual(slave.info.resources);
    scheduler.launch(task("t1", slave.id, "cpus:1;cpus(ads):3;mem(ads):64;ports(ads):[2-3]"));
    expect(slave.hearing.of("runTask").map(({ task: { taskId } }) => String(taskId))).toEqual(["t1"]);
    const [book] = cluster.state.slaves.all();
    expect(book?.used).toEqual(quantities("cpus:1;cpus(ads):3;mem(ads):64;ports(ads):[2-3]"));
    expect(cluster.state.frameworks.row(scheduler.id).used).toEqual({ cpus: 4_000, mem: 64_000 });
    slave.report(scheduler.id, "t1", "finished");
    expect(cluster.state.frameworks.row(scheduler.id).used).toEqual({});
    expect(book?.used).toEqual({});
  });

  test("gives no reserved cpu to a task that asks for any", () => {
    const cluster = new Cluster();
    const slave = ScriptedSlave.registered(cluster, "s1", "cpus:1;cpus(ads):4");
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { roles: ["ads"] });
    scheduler.launch(task("t1", slave.id, "cpus:2"));
    expect(slave.hearing.of("runTask")).toEqual([]);
    expect(scheduler.hearing.of("taskUpdate")).toMatchObject([
      { status: { state: "error", message: "the task needs more than the offer has: cpus:2 of 1" } },
    ]);
  });

  test("is large enough for what it has in all", async () => {
    const cluster = new Cluster();
    ScriptedSlave.registered(cluster, "s1", "cpus:1;cpus(ads):4;mem(web):64");
    const fits = (resources: string) => cluster.state.slaves.placeable(quantities(resources));
    expect(fits("cpus:5;mem:64")).toMatchObject({ slaves: 1, fitting: 1 });
    expect(fits("cpus:3;cpus(web):2")).toMatchObject({ fitting: 1 });
    expect(fits("cpus:6")).toMatchObject({ fitting: 0, closest: { resources: { cpus: 5_000, mem: 64_000 } } });
    const { MAX_SAFE_INTEGER: cpus } = Number;
    expect(cluster.state.slaves.placeable({ cpus, "cpus(ads)": cpus })).toMatchObject({ fitting: 0 });
  });
});

describe("a slave that is not what it should be", () => {
  test("is refused when what it has cannot be counted together with what there is, and leaves the registry", () => {
    const cluster = new Cluster();
    const first = ScriptedSlave.registered(cluster, "s1", "cpus:4");
    const slave = new ScriptedSlave(cluster, "s2", "cpus:4", { resources: { cpus: Number.MAX_SAFE_INTEGER } });
    slave.hello();
    expect(slave.hearing.of("slaveRefused")).toMatchObject([
      { reason: "with its cpus the cluster has more than can be counted" },
    ]);
    expect([...cluster.state.registrar.registry.slaves.keys()]).toEqual([first.id]);
    expect([...cluster.state.slaves.all()].map(({ id }) => id)).toEqual([first.id]);
  });

  test("can be let in once there is room to count it", () => {
    const cluster = new Cluster();
    const first = ScriptedSlave.registered(cluster, "s1", "cpus:4");
    first.party.tell("unregisterSlave", { slaveId: first.id });
    const slave = new ScriptedSlave(cluster, "s2", "cpus:4", { resources: { cpus: Number.MAX_SAFE_INTEGER } });
    slave.hello();
    expect(slave.hearing.kinds).toContain("slaveRegistered");
  });

  test.each([
    ["half a gpu", { gpus: 500 }, 'the "gpus" resource must be an unsigned integer, not 0.5'],
    ["half a reserved gpu", { "gpus(ads)": 500 }, 'the "gpus" resource must be an unsigned integer, not 0.5'],
    [
      "a port for two roles",
      { "ports(ads)": { ranges: [[1, 5]] as const }, "ports(web)": { ranges: [[5, 9]] as const } },
      "ports:[5-5] is there under two reservations",
    ],
    [
      "a reservation that only a call makes",
      { 'cpus(["ads","dynamic"])': 1_000 },
      "cpus(ads, dynamic): a slave cannot reserve dynamically by itself",
    ],
  ])("is refused with %s", (_, resources, reason) => {
    const cluster = new Cluster();
    const slave = new ScriptedSlave(cluster, "s1", "", { resources });
    slave.hello();
    expect(slave.hearing.of("slaveRefused")).toMatchObject([{ reason }]);
    expect(cluster.registry.operations).toEqual([]);
  });

  test("is refused when what it has reserved cannot be counted together with what there is", () => {
    const cluster = new Cluster();
    ScriptedSlave.registered(cluster, "s1", "cpus:4");
    const slave = new ScriptedSlave(cluster, "s2", "", { resources: { "cpus(ads)": Number.MAX_SAFE_INTEGER } });
    slave.hello();
    expect(slave.hearing.of("slaveRefused").length).toBe(1);
  });

  test("is told to end the tasks that it has no room for, the oldest first", () => {
    const cluster = new Cluster();
    const { info } = new ScriptedScheduler(cluster, "f1");
    const slave = ScriptedSlave.registered(cluster, "s1", "cpus:4;mem:64");
    const known = (id: string, resources: string) =>
      slave.known(FrameworkId("f-earlier"), info, task(id, slave.id, resources));
    slave.helloAgain([known("old", "cpus:2"), known("new", "cpus:3"), known("odd", "gpus:1")]);
    expect(
      slave.hearing
        .of("slaveRegistered")
        .at(-1)
        ?.lost.map(({ taskId }) => String(taskId)),
    ).toEqual(["old", "odd"]);
    expect(cluster.state.tasks.onSlave(slave.id).map(({ info: { taskId } }) => String(taskId))).toEqual(["new"]);
  });

  test("is nobody that the registry knows when its id is a word that every object knows", () => {
    const cluster = new Cluster();
    const slave = new ScriptedSlave(cluster, "s1", "cpus:4;mem:64");
    const { party, info } = slave;
    party.tell("registerSlave", { self: party.address, slaveId: SlaveId("constructor"), info, tasks: [], hello: 1 });
    expect(cluster.registry.operations).toMatchObject([{ type: "admitSlave" }]);
    expect(slave.id).not.toBe("constructor");
  });
});
