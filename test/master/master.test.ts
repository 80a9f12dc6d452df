import { describe, expect, test } from "vitest";
import { FrameworkId } from "../../src/protocol/ids.ts";
import type { TaskInfo } from "../../src/protocol/task.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

/** Two slaves, two frameworks, a task of each, and an offer outstanding. */
function scene() {
  const cluster = new Cluster();
  const slaves = ["s1", "s2"].map((name) => ScriptedSlave.registered(cluster, name));
  const schedulers = ["f1", "f2"].map((name) => {
    const scheduler = ScriptedScheduler.subscribed(cluster, name);
    const { slaveId } = scheduler.offer;
    const offers = scheduler.offers.filter((offer) => offer.slaveId === slaveId).map(({ id }) => id);
    scheduler.accept(offers, [task(`${name}-task`, slaveId, "cpus:1;mem:64")], 0);
    for (const { id } of scheduler.offers) scheduler.decline(0, [id]);
    return scheduler;
  });
  cluster.advance(1_000);
  return { cluster, slaves, schedulers };
}

/** Every party says hello again, slaves with all they have. */
function everybodyReturns({ slaves, schedulers }: ReturnType<typeof scene>): void {
  const owner = ({ taskId }: TaskInfo) => schedulers.find(({ info }) => taskId.startsWith(info.name));
  for (const scheduler of schedulers) {
    scheduler.party.connect();
    scheduler.subscribe(scheduler.id);
  }
  for (const slave of slaves) {
    slave.party.connect();
    slave.helloAgain(
      slave.tasks.map((each) =>
        slave.known(owner(each)?.id ?? FrameworkId("?"), schedulers[0]?.info ?? neverInfo, each),
      ),
    );
  }
}

const neverInfo = { name: "never", user: "", roles: ["*"], failoverTimeoutMs: 0, checkpoint: false, capabilities: [] };

describe("a master", () => {
  test("acts only once the registry has begun its term; what comes before waits", () => {
    const cluster = new Cluster();
    const { lead } = cluster.state;
    expect(lead).toEqual({ epoch: 1, term: 1 });
    cluster.restartMaster();
    expect(cluster.state.lead).toEqual({ epoch: 1, term: 2 });
    cluster.bootMaster();
    expect(cluster.state.lead).toEqual({ epoch: 2, term: 1 });
  });

  test("that restarts finds slaves, frameworks and tasks again, and the books agree", () => {
    const before = scene();
    const { cluster, slaves, schedulers } = before;
    const ids = slaves.map(({ id }) => id);
    for (const restart of [() => cluster.restartMaster(), () => cluster.bootMaster()]) {
      restart();
      expect([...cluster.state.slaves.all()]).toEqual([]);
      everybodyReturns(before);
      expect([...cluster.state.slaves.all()].map(({ id }) => id)).toEqual(ids);
      expect([...cluster.state.tasks.all()].map(({ info }) => String(info.taskId)).sort()).toEqual([
        "f1-task",
        "f2-task",
      ]);
      expect([...cluster.state.frameworks.all()].map(({ id }) => id)).toEqual(schedulers.map(({ id }) => id));
      expect(cluster.bookFault()).toBeUndefined();
    }
    expect(cluster.registry.operations.length).toBe(2);
    const leads = slaves[0]?.hearing.of("slaveRegistered").map(({ lead }) => [lead.epoch, lead.term]);
    expect(leads).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
    ]);
  });

  test("that restarts while a slave is away learns of its frameworks from the slaves' own reports", () => {
    const { cluster, slaves, schedulers } = scene();
    const [slave] = slaves.filter(({ tasks }) => tasks.length > 0);
    const [scheduler] = schedulers;
    if (slave === undefined || scheduler === undefined) throw new Error("the scene is empty");
    cluster.bootMaster();
    slave.party.connect();
    slave.helloAgain(slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each)));
    expect(cluster.state.frameworks.get(scheduler.id)).toMatchObject({
      state: "disconnected",
      info: { ...scheduler.info, id: scheduler.id },
    });
  });
});

describe("an allocator that is new", () => {
  test("is told the whole book, outstanding offers included: none is lost, none is made twice", () => {
    const { cluster, schedulers } = scene();
    const outstanding = [...cluster.state.offers.all()].map(({ id }) => id);
    const heard = schedulers.map(({ hearing }) => hearing.heard.length);
    expect(outstanding.length).toBeGreaterThan(0);
    cluster.stopAllocator();
    cluster.advance(100);
    cluster.startAllocator();
    cluster.advance(2_000);
    expect(cluster.book).toBeDefined();
    expect(cluster.bookFault()).toBeUndefined();
    expect([...cluster.state.offers.all()].map(({ id }) => id)).toEqual(outstanding);
    expect(schedulers.map(({ hearing }) => hearing.heard.length)).toEqual(heard);
  });

  test("learns what changed while it was away, and who wants nothing", () => {
    const cluster = new Cluster();
    const slave = ScriptedSlave.registered(cluster, "s1");
    const greedy = ScriptedScheduler.subscribed(cluster, "greedy");
    const quiet = ScriptedScheduler.subscribed(cluster, "quiet");
    const picky = ScriptedScheduler.subscribed(cluster, "picky");
    picky.party.tell("setFilters", { frameworkId: picky.id, filters: { slaves: [] } });
    quiet.party.tell("suppress", { frameworkId: quiet.id, roles: [] });
    cluster.stopAllocator();
    greedy.launch(task("t1", slave.id, "cpus:1;mem:64"));
    ScriptedSlave.registered(cluster, "s2");
    cluster.startAllocator();
    cluster.advance(2_000);
    expect(greedy.offers.map(({ resources }) => resources).slice(1)).toEqual([
      { cpus: 3_000, mem: 4_032_000 },
      { cpus: 4_000, mem: 4_096_000 },
    ]);
    expect([quiet.offers, picky.offers]).toEqual([[], []]);
  });
});
