import { beforeEach, describe, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { frameworkName, SimCluster, slaveName } from "../../src/sim/cluster.ts";
import { armFaults, type Fault } from "../../src/sim/faults.ts";
import { Findings } from "../../src/sim/findings.ts";
import { orderRules } from "../../src/sim/lookouts/orders.ts";
import { lookoutsOf } from "../../src/sim/oracles.ts";
import { workRecord } from "../../src/sim/workload.ts";

const calm = { declines: 0, hoards: 0, repeats: 0, forges: 0, kills: 0, reserves: 0, groups: 0 };
const slave = slaveName(0);
const framework = frameworkName(0);

/** A cluster that has come up, and every step that it takes from then on. */
let cluster: SimCluster;
let findings: Findings;
let steps: { readonly atMs: number; readonly place: string; readonly label: string }[];

beforeEach(() => {
  steps = [];
  findings = new Findings();
  cluster = new SimCluster(new Prng("cluster"), {
    slaves: [{ cpus: 4_000, mem: 1_024_000 }],
    work: [workRecord("work", 4, { cpus: 1_000, mem: 64_000 }, calm)],
    isolation: "reference",
    latencyMaxMs: 2,
    interferences: lookoutsOf(findings),
    heard: (line) => {
      const [atMs, place = "", ...label] = line.split(" ");
      steps.push({ atMs: Number(atMs), place, label: label.join(" ") });
    },
  });
  advance(2_000);
  steps = [];
});

function advance(ms: number): void {
  const untilMs = cluster.clock.now() + ms;
  while (cluster.clock.now() < untilMs && cluster.step());
}

function strike(fault: Pick<Fault, "kind" | "victim"> & Partial<Fault>): void {
  armFaults(cluster, [{ atMs: 0, durationMs: 0, extent: 0, ...fault }]);
  advance(1);
}

function stepsOf(node: string, label = ""): readonly number[] {
  return steps.filter(({ place, label: what }) => place.startsWith(`${node}~`) && what.includes(label)).map(at);
}

function at({ atMs }: { readonly atMs: number }): number {
  return atMs;
}

function states(): readonly string[] {
  return [...(cluster.master?.slaves.all() ?? [])].map(({ state }) => state);
}

describe("a pause", () => {
  test("stops a node, not the time, and everything arrives at once after it", () => {
    const beganMs = cluster.clock.now();
    strike({ kind: "pause", victim: slave, durationMs: 3_000 });
    advance(5_000);
    const first = stepsOf(slave)[0] ?? 0;
    expect(first).toBeGreaterThanOrEqual(beganMs + 3_000);
    expect(stepsOf(slave, "ping").filter((atMs) => atMs === first).length).toBeGreaterThan(1);
    expect(states()).toEqual(["registered"]);
  });

  test("that outlasts the silence of links costs them", () => {
    strike({ kind: "pause", victim: slave, durationMs: 8_000 });
    advance(7_000);
    expect(states()).not.toEqual(["registered"]);
    advance(10_000);
    expect([states(), cluster.failures]).toEqual([["registered"], []]);
  });
});

test("a slow node takes its letters one by one", () => {
  strike({ kind: "slowConsumer", victim: slave, durationMs: 10_000, extent: 0.5 });
  advance(10_000);
  const times = stepsOf(slave).filter((atMs) => atMs > 2_010 && atMs < 12_000);
  expect(times.length).toBeGreaterThan(5);
  for (const [index, atMs] of times.entries()) {
    if (index > 0) expect(atMs - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(39.99);
  }
});

test("a wall clock that jumps is the victim's alone", () => {
  const wallOf = (node: string, thread: string) => cluster.node(node)?.system(thread).world.clock.wall() ?? 0;
  strike({ kind: "wallJump", victim: slave, extent: 0 });
  expect(wallOf(slave, "slave") - wallOf("master", "master")).toBe(-3_600_000);
  cluster.crash(slave);
  cluster.bootSlave(0);
  expect(wallOf(slave, "slave") - wallOf("master", "master")).toBe(-3_600_000);
});

describe("a link that is half open", () => {
  test("leaves the deaf end in the dark until it takes the silence for a loss", () => {
    const beganMs = cluster.clock.now();
    strike({ kind: "halfOpen", victim: slave, extent: 0 });
    advance(12_000);
    const heard = stepsOf(slave, "ping").filter((atMs) => atMs > beganMs + 10);
    // A slave that hears no ping for four seconds connects anew.
    expect(heard[0]).toBeGreaterThan(beganMs + 2_500);
    expect([states(), cluster.network.cutLinks]).toEqual([["registered"], 1]);
  });

  test("in the other direction, it is the master that hears nothing", () => {
    const beganMs = cluster.clock.now();
    strike({ kind: "halfOpen", victim: slave, extent: 0.9 });
    advance(12_000);
    expect(stepsOf(slave, "ping").some((atMs) => atMs > beganMs + 10 && atMs < beganMs + 3_000)).toBe(true);
    const pongs = stepsOf("master", "pong").filter((atMs) => atMs > beganMs + 10);
    expect(pongs[0]).toBeGreaterThan(beganMs + 4_000);
    expect(states()).toEqual(["registered"]);
  });
});

test("nobody connects through a partition of one direction until it heals", () => {
  strike({ kind: "asymmetricPartition", victim: framework, durationMs: 15_000, extent: 0 });
  advance(12_000);
  const connected = () => [...(cluster.master?.frameworks.all() ?? [])].map(({ state }) => state);
  expect(connected()).not.toEqual(["connected"]);
  advance(15_000);
  expect([connected(), cluster.failures]).toEqual([["connected"], []]);
});

test("calm ends whatever is still going on", () => {
  strike({ kind: "pause", victim: slave, durationMs: 60_000 });
  strike({ kind: "asymmetricPartition", victim: framework, durationMs: 60_000 });
  advance(8_000);
  cluster.heal();
  advance(10_000);
  expect(states()).toEqual(["registered"]);
  expect([...(cluster.master?.frameworks.all() ?? [])].map(({ state }) => state)).toEqual(["connected"]);
});

test("a thread that is lost comes back with a new epoch, and those who keep their journals there with it", () => {
  const places = (node: string) => cluster.node(node)?.systems.map(({ place }) => place.slice(place.indexOf("/")));
  strike({ kind: "threadCrash", victim: "master", extent: 0.5 });
  expect(places("master")).toEqual(["/storage.1", "/master.1"]);
  strike({ kind: "threadCrash", victim: slave, extent: 0 });
  advance(200);
  expect(places("master")).toEqual(["/storage.1", "/allocator.2", "/master.1"]);
  expect(places(slave)).toEqual(["/storage.2", "/slave.2"]);
  advance(10_000);
  expect([states(), cluster.failures]).toEqual([["registered"], []]);
});

test("a thread that is lost too often takes its process with it", () => {
  for (let times = 0; times < 4; times++) {
    strike({ kind: "threadCrash", victim: "master", extent: 0.9 });
    advance(100);
  }
  expect(cluster.node("master")).toBeUndefined();
  advance(10_000);
  expect(cluster.node("master")?.epoch).toBe(2);
  expect(states()).toEqual(["registered"]);
});

test("a clock that drifts goes at its rate, and right again in calm, without a jump", () => {
  const shown = () => cluster.node(slave)?.system("slave").world.clock.now() ?? 0;
  strike({ kind: "clockDrift", victim: slave, durationMs: 60_000, extent: 0.99 });
  const [began, beganMs] = [shown(), cluster.clock.now()];
  advance(10_000);
  expect((shown() - began) / (cluster.clock.now() - beganMs)).toBeCloseTo(1.2455, 3);
  const before = shown();
  cluster.heal();
  expect(shown()).toBeCloseTo(before, 6);
  const [healed, healedMs] = [shown(), cluster.clock.now()];
  advance(10_000);
  expect(shown() - healed).toBeCloseTo(cluster.clock.now() - healedMs, 6);
});

test.each([
  { extent: 0, what: "refused" },
  { extent: 0.9, what: "left waiting" },
])("whoever dials while no door is open is $what, and let in later", ({ extent }) => {
  strike({ kind: "failedDials", victim: "master", durationMs: 8_000, extent });
  cluster.network.reset("master", slave);
  advance(6_000);
  expect([states(), cluster.network.turnedAway > 0]).not.toEqual([["registered"], true]);
  advance(15_000);
  expect([states(), cluster.failures]).toEqual([["registered"], []]);
});

test("nodes are lost one after another, and found in the other order", () => {
  strike({ kind: "swizzleClog", victim: "master", durationMs: 18_000, extent: 0.7 });
  advance(12_000);
  expect(cluster.network.cutLinks).toBeGreaterThan(0);
  advance(40_000);
  expect([states(), cluster.failures]).toEqual([["registered"], []]);
});

describe("a disk", () => {
  test("that is slow keeps what is promised waiting", () => {
    strike({ kind: "slowDisk", victim: "master", durationMs: 10_000, extent: 0.9 });
    cluster.crash("master");
    cluster.bootMaster();
    advance(1_300);
    expect([cluster.disk.lead.epoch, cluster.master]).toEqual([1, undefined]);
    advance(300);
    expect([cluster.disk.lead.epoch, cluster.master?.lead.epoch]).toEqual([2, 2]);
  });

  test("that is full fails its storage and those who promise by it, until there is room", () => {
    strike({ kind: "diskFull", victim: "master", durationMs: 5_000 });
    cluster.crashActor("master", "master", "master");
    advance(4_000);
    expect(stepsOf("master", "registry-store start").length).toBeGreaterThan(1);
    expect(cluster.master).toBeUndefined();
    advance(30_000);
    expect([states(), cluster.failures]).toEqual([["registered"], []]);
  });
});

test("a crash that waits for a write finds one under way", () => {
  const { disk } = cluster;
  const landed = disk.landed;
  let unsynced = 0;
  const crash = disk.crash.bind(disk);
  disk.crash = (share) => {
    unsynced = disk.unsynced.length;
    crash(share);
  };
  strike({ kind: "crashInWrite", victim: "master", durationMs: 1_000 });
  expect(cluster.node("master")).toBeDefined();
  cluster.crashActor("master", "master", "master");
  advance(300);
  expect([cluster.node("master"), unsynced, disk.landed]).toEqual([undefined, 1, landed]);
  advance(10_000);
  expect(states()).toEqual(["registered"]);
});

test("an order of the master before the present one reaches a slave, which ignores it", () => {
  cluster.crash("master");
  cluster.bootMaster();
  advance(5_000);
  const known = cluster.slaveParty(slave)?.registration.slaveId;
  strike({ kind: "lateOrder", victim: slave, extent: 0 });
  expect(cluster.slaveParty(slave)?.registration.slaveId).toBe(known);
  expect(findings.marks.get("an order of an earlier leadership arrives")).toBe(1);
  expect(findings.breachOf(orderRules.stale)).toBeUndefined();
});
