import { describe, expect, test } from "vitest";
import { type ViewProtocol, viewTable } from "../../src/protocol/cluster-events.ts";
import type { OperatorCall } from "../../src/protocol/operator-api.ts";
import { add, noResources, type Resources } from "../../src/protocol/resources.ts";
import type { IdleGroup, WhyIdle, WhyNot } from "../../src/protocol/why.ts";
import { quantities } from "../protocol/quantities.ts";
import { Cluster, type Party } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

function ask(cluster: Cluster, call: OperatorCall) {
  const gateway = gateways.get(cluster) ?? cluster.party("gateway", viewTable);
  gateways.set(cluster, gateway);
  return gateway.ask("operate", { call });
}
const gateways = new WeakMap<Cluster, Party<ViewProtocol>>();

function whyNot(cluster: Cluster, framework: string, more: { readonly need?: Resources } = {}): WhyNot {
  const reply = ask(cluster, { type: "WHY_NOT", framework, ...more });
  if (!reply.done || reply.answer?.type !== "WHY_NOT") throw new Error(JSON.stringify(reply));
  return reply.answer.whyNot;
}

function whyIdle(cluster: Cluster): WhyIdle {
  const reply = ask(cluster, { type: "WHY_IDLE" });
  if (!reply.done || reply.answer?.type !== "WHY_IDLE") throw new Error(JSON.stringify(reply));
  const { whyIdle } = reply.answer;
  const sum = (groups: readonly IdleGroup[]) =>
    groups.reduce<Resources>((all, { amounts }) => add(all, amounts), noResources);
  expect(sum(whyIdle.groups), "the causes are all that is idle").toEqual(whyIdle.idle);
  expect(add(whyIdle.running, whyIdle.idle), "what is idle and what runs is all there is").toEqual(whyIdle.total);
  return whyIdle;
}

describe("why resources are idle", () => {
  test("from the offer to the task that runs, and to its end", () => {
    const cluster = new Cluster();
    const slave = ScriptedSlave.registered(cluster, "s1", "cpus:4;mem:4096");
    expect(whyIdle(cluster).groups).toEqual([{ cause: "noDemand", amounts: quantities("cpus:4;mem:4096") }]);
    const scheduler = ScriptedScheduler.subscribed(cluster, "batch");
    const { id: frameworkId } = scheduler;
    cluster.advance(7_000);
    const offered = whyIdle(cluster);
    expect(offered.groups).toEqual([
      { cause: "offered", frameworkId, oldestMs: 7_000, amounts: quantities("cpus:4;mem:4096") },
    ]);
    expect(offered.names).toEqual({ [frameworkId]: "batch" });
    scheduler.launch(task("t1", slave.id, "cpus:1;mem:1024"));
    const rest = { cause: "filtered", frameworkId, amounts: quantities("cpus:3;mem:3072") };
    const staging = { cause: "inFlight", frameworkId, amounts: quantities("cpus:1;mem:1024") };
    expect(whyIdle(cluster).groups).toEqual([staging, rest]);
    slave.report(frameworkId, "t1", "starting");
    expect(whyIdle(cluster).groups).toEqual([staging, rest]);
    slave.report(frameworkId, "t1", "running");
    expect(whyIdle(cluster)).toMatchObject({ running: quantities("cpus:1;mem:1024"), groups: [rest] });
    slave.party.cut();
    expect(whyIdle(cluster).groups).toMatchObject([{ cause: "slaveInactive" }]);
  });

  test("a task that ends without having run, and one that a slave brings back", () => {
    const cluster = new Cluster();
    const slave = ScriptedSlave.registered(cluster, "s1");
    const scheduler = ScriptedScheduler.subscribed(cluster, "batch");
    scheduler.launch(task("t1", slave.id, "cpus:1"), task("t2", slave.id, "cpus:1"));
    slave.report(scheduler.id, "t1", "failed");
    const staging = { cause: "inFlight", frameworkId: scheduler.id, amounts: { cpus: 1_000 } };
    expect(whyIdle(cluster).groups).toContainEqual(staging);
    const [, second] = slave.tasks;
    if (second === undefined) throw new Error("t2 was not launched");
    cluster.bootMaster();
    for (const party of [scheduler.party, slave.party, gateways.get(cluster)]) party?.connect();
    slave.helloAgain([slave.known(scheduler.id, scheduler.info, second, "staging")]);
    expect(whyIdle(cluster).groups).toContainEqual(staging);
    slave.report(scheduler.id, "t2", "running");
    expect(whyIdle(cluster).running).toEqual({ cpus: 1_000 });
  });

  test("what the allocator has given away and the master has not heard of counts as well", () => {
    const cluster = new Cluster();
    ScriptedSlave.registered(cluster, "s1", "cpus:4");
    ScriptedScheduler.subscribed(cluster, "batch");
    const { idleTime } = cluster.state;
    const before = idleTime.held();
    idleTime.sample({ ...before, offered: {} }, { total: { cpus: 4_000 }, idle: {} });
    cluster.advance(3_000);
    idleTime.sample({ ...before, offered: {} }, { total: { cpus: 4_000 }, idle: {} });
    expect(idleTime.counts).toMatchObject({ "allocator/idle_seconds/cpus/inTransit": 12 });
  });

  test("is counted over time, by cause, for whoever reads the metrics", () => {
    const cluster = new Cluster();
    ScriptedSlave.registered(cluster, "s1", "cpus:4;mem:1024");
    const gateway = cluster.party("view", viewTable);
    gateway.tell("watchCluster", { self: gateway.address });
    cluster.advance(1_000);
    const before = cluster.state.counters.counts;
    cluster.advance(10_000);
    const { counts } = cluster.state.counters;
    const passed = (name: string) => (counts[name] ?? 0) - (before[name] ?? 0);
    expect(passed("allocator/idle_seconds/cpus/noDemand")).toBe(40);
    expect(passed("allocator/idle_seconds/mem/noDemand")).toBe(10_240);
  });

  test("cannot be told while the allocator is away", () => {
    const cluster = new Cluster();
    cluster.stopAllocator();
    cluster.stage.settle();
    expect(ask(cluster, { type: "WHY_IDLE" })).toMatchObject({ done: false, status: 503 });
  });
});

describe("why a framework is not offered a slave", () => {
  test("asked by id or by name, with the need, and who has it", () => {
    const cluster = new Cluster();
    ScriptedSlave.registered(cluster, "s1", "cpus:4");
    const first = ScriptedScheduler.subscribed(cluster, "first");
    const second = ScriptedScheduler.subscribed(cluster, "second");
    const { roles, names, slaves } = whyNot(cluster, "second");
    expect({ roles, names, slaves }).toMatchObject({
      slaves: 1,
      names: { [first.id]: "first" },
      roles: [{ role: "*", share: 0, groups: [{ reason: "held", hold: "offered", other: { frameworkId: first.id } }] }],
    });
    expect(whyNot(cluster, second.id)).toMatchObject({ frameworkId: second.id, name: "second" });
    expect(whyNot(cluster, "second", { need: quantities("cpus:8") }).roles).toMatchObject([
      { groups: [{ reason: "tooSmall" }] },
    ]);
    expect(whyNot(cluster, "first").roles).toMatchObject([{ groups: [{ reason: "offered" }] }]);
    expect(whyNot(cluster, "second").whatIf).toEqual([{ change: "doubleWeight", offers: 1, before: 1 }]);
  });

  test("a name that nobody has, or several, and a slave that nobody knows", () => {
    const cluster = new Cluster();
    ScriptedScheduler.subscribed(cluster, "one");
    const twin = new ScriptedScheduler(cluster, "other", {});
    Object.assign(twin.info, { name: "one" });
    twin.subscribe();
    expect(ask(cluster, { type: "WHY_NOT", framework: "none" })).toMatchObject({ done: false, status: 404 });
    expect(ask(cluster, { type: "WHY_NOT", framework: "one" })).toMatchObject({
      done: false,
      status: 409,
      reason: expect.stringContaining(`2 frameworks have the name "one"; give an id, such as ${twin.id.slice(0, -1)}`),
    });
  });

  test("paused after a restart, with how many slaves are back", () => {
    const cluster = new Cluster();
    const quota = { limits: {}, guarantees: { cpus: 1_000 }, graceMs: 0 };
    cluster.registry.registry.perform({ type: "updateQuotas", quotas: { ads: quota } });
    const slaves = ["s1", "s2"].map((name) => ScriptedSlave.registered(cluster, name));
    const scheduler = ScriptedScheduler.subscribed(cluster, "batch");
    cluster.bootMaster();
    for (const { party } of [scheduler, ...slaves]) party.connect();
    scheduler.subscribe(scheduler.id);
    slaves[0]?.helloAgain();
    expect(whyNot(cluster, "batch")).toMatchObject({
      pause: { back: 1, known: 2 },
      roles: [{ groups: [{ reason: "paused", slaves: 1 }] }],
      whatIf: [],
    });
    expect(whyIdle(cluster)).toMatchObject({ pause: { back: 1, known: 2 }, groups: [{ cause: "paused" }] });
  });
});
