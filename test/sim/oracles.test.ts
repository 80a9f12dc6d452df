import { beforeEach, describe, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { Registry } from "../../src/master/registry.ts";
import type { MasterState } from "../../src/master/state.ts";
import { FrameworkId, TaskId } from "../../src/protocol/ids.ts";
import { SimCluster, slaveName } from "../../src/sim/cluster.ts";
import { Findings } from "../../src/sim/findings.ts";
import { livenessRules, safetyRules } from "../../src/sim/oracles.ts";
import { workRecord } from "../../src/sim/workload.ts";

const mood = { declines: 0, hoards: 0, repeats: 0, forges: 0, kills: 0, reserves: 0, groups: 0 };
const small = { cpus: 1_000, mem: 64_000 };

let cluster: SimCluster;
let master: MasterState;
let thorough: boolean;
let broken: () => readonly string[];

/** A cluster in the middle of its work, in which every rule has been looked at and none is broken. */
beforeEach(() => {
  cluster = new SimCluster(new Prng("oracles"), {
    slaves: [{ cpus: 4_000, mem: 1_024_000 }],
    work: [workRecord("work", 8, small, mood)],
    isolation: "reference",
    latencyMaxMs: 2,
  });
  while (cluster.clock.now() < 3_000 && cluster.step());
  thorough = true;
  const rules = safetyRules(new Findings(), () => thorough);
  broken = () => rules.filter(({ check }) => check(cluster) !== undefined).map(({ name }) => name);
  expect(broken()).toEqual([]);
  thorough = false;
  if (cluster.master === undefined) throw new Error("there is no master");
  master = cluster.master;
});

function the<T>(things: Iterable<T>): T {
  const [first] = things;
  if (first === undefined) throw new Error("there is none");
  return first;
}

describe("a quick look sees what was replaced", () => {
  test("in what a slave is believed to use", () => {
    const slave = the(master.slaves.all());
    slave.used = { ...slave.used, cpus: 500 };
    expect(broken()).toEqual(["nothing is offered or used twice"]);
  });

  test("in what a framework's offers add up to", () => {
    the(master.frameworks.all()).counts.sent++;
    expect(broken()).toEqual(["every offer ends exactly once"]);
  });

  test("in what a slave runs", () => {
    const party = cluster.slaveParty(slaveName(0));
    const entry = the(party?.executors.all() ?? []);
    const task = { ...entry.task, taskId: TaskId("huge"), resources: { cpus: 64_000 } };
    party?.executors.restore(FrameworkId("f"), entry.framework, task, { ...entry.status, state: "running" });
    const turns = cluster.turnsOf(slaveName(0));
    while (cluster.turnsOf(slaveName(0)) === turns) cluster.step();
    expect(broken()).toEqual(["a slave never runs more than it has"]);
  });

  test("in what an offer is of, and whom it is made to", () => {
    while ([...master.offers.all()].length === 0) cluster.step();
    const slave = the(master.slaves.all());
    slave.state = "disconnected";
    expect(broken()).toEqual(["an offer is of somebody who is there to somebody who is there"]);
  });

  test("in what the registry lacks", () => {
    cluster.disk.registry = new Registry();
    expect(broken()).toEqual(["a registered slave is in the registry on disk"]);
  });
});

describe("a thorough look sees what was changed in place", () => {
  test("in the tasks of a slave", () => {
    const task = the([...master.tasks.all()].filter(({ released }) => !released));
    task.released = true;
    expect(broken()).toEqual([]);
    thorough = true;
    expect(broken()).toEqual(["nothing is offered or used twice"]);
  });

  test("in the allocator's ledger", () => {
    const free = cluster.allocatorBook?.slaves.free[0];
    if (free === undefined) throw new Error("there is no allocator");
    free[0] = (free[0] as number) + 1;
    expect(broken()).toEqual([]);
    thorough = true;
    expect(broken()).toEqual(["the allocator's parts are its totals"]);
  });

  test("in what reached nobody", () => {
    cluster.node("master")?.system("master").deadLetters.add("/nobody", "gibberish", "unknown-kind");
    thorough = true;
    expect(broken()).toEqual(["no message is misunderstood"]);
  });
});

test("an end that is followed by another state is remembered by the work itself", () => {
  const record = the(cluster.work);
  record.misheard = "work heard of task: finished running";
  expect(broken()).toEqual(["a task ends once and says nothing after"]);
});

test("what is left over once all is calm breaks a rule", () => {
  while (cluster.clock.now() < 60_000 && cluster.step());
  const left = () => livenessRules.filter(({ check }) => check(cluster) !== undefined).map(({ name }) => name);
  for (let tries = 0; tries < 200 && left().length > 0; tries++) cluster.step();
  expect(left()).toEqual([]);
  const party = cluster.slaveParty(slaveName(0));
  const framework = { name: "f", user: "", roles: ["*"], failoverTimeoutMs: 0, checkpoint: true, capabilities: [] };
  const task = { taskId: TaskId("old"), name: "old", slaveId: the(master.slaves.all()).id, resources: small };
  const status = { taskId: task.taskId, state: "finished", source: "executor", timestampMs: 0 } as const;
  party?.executors.restore(FrameworkId("f"), framework, task, status);
  expect(left()).toEqual(["a task that has ended is forgotten"]);
});
