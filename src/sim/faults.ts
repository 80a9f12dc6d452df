import { Prng } from "../base/prng.ts";
import { allocatorName } from "../master/allocator/protocol.ts";
import { masterName } from "../protocol/master-api.ts";
import { frameworkName, type SimCluster, slaveName } from "./cluster.ts";
import { reunite, separate } from "./hostile-world.ts";

/** One thing that goes wrong: data, so that a run can be told, written down and run again with less of it. */
export type Fault = {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** The node that it befalls. */
  readonly victim: string;
  /** How long it lasts, in milliseconds; 0 for what is over at once. */
  readonly durationMs: number;
  /** In [0, 1): how much of it there is, in the measure of its kind. */
  readonly extent: number;
};

export type FaultCounts = Record<FaultKind, number>;
export type FaultKind = keyof typeof faultKinds;

type Kind = {
  readonly victims: readonly ("slave" | "framework" | "master")[];
  /** Longest time that it lasts, in milliseconds. */
  readonly durationMaxMs: number;
  readonly strike: (cluster: SimCluster, fault: Fault) => void;
  /** What happens, for people. */
  readonly tell: (fault: Fault) => string;
};

/** Longest outage, in milliseconds; long enough for the pings of the test scale to give a slave up. */
const outageMaxMs = 9_000;
/** Longest rest after a letter of a slow node, in milliseconds: a master of a dozen letters a second falls behind. */
const restMaxMs = 80;
/** Farthest jump of a wall clock, in milliseconds, either way: an hour, as a wrong time zone makes. */
const jumpMaxMs = 3_600_000;

/** How long a crash waits for a write, and between two looks, in milliseconds. */
const ambushMaxMs = 10_000;
const ambushEveryMs = 3;
/** How fast a clock that drifts goes: far worse than any real one, so that a minute shows what takes those a month. */
const driftMin = 0.8;
const driftMax = 1.25;
/** Ranks that a policy may still give before it throws: enough to get to any place in what the allocator does. */
const answersMax = 40;
/** Longest time that a slow disk adds to a sync, in milliseconds. */
const lagMaxMs = 1_500;

/** What may go wrong. Each does its harm and arranges for it to end. */
const faultKinds = {
  slaveCrash: {
    victims: ["slave"],
    durationMaxMs: outageMaxMs,
    strike: (cluster, { victim, durationMs, extent }) => {
      if (cluster.node(victim) === undefined) return;
      cluster.crash(victim, extent);
      cluster.clock.arm(durationMs, () => cluster.bootSlave(cluster.slaveNames.indexOf(victim)));
    },
    tell: ({ victim, durationMs, extent }) =>
      `${victim} crashes, keeps ${percent(extent)} of its unsynced writes, is back after ${seconds(durationMs)}`,
  },
  masterCrash: {
    victims: ["master"],
    durationMaxMs: outageMaxMs / 3,
    strike: (cluster, { durationMs, extent }) => {
      if (cluster.node(masterName) === undefined) return;
      cluster.crash(masterName, extent);
      cluster.clock.arm(durationMs, () => cluster.bootMaster());
    },
    tell: ({ victim, durationMs, extent }) =>
      `${victim} crashes, keeps ${percent(extent)} of its unsynced writes, is back after ${seconds(durationMs)}`,
  },
  crashInWrite: {
    victims: ["slave", "master"],
    durationMaxMs: outageMaxMs / 3,
    strike: (cluster, fault) => crashInWrite(cluster, fault, cluster.clock.now() + ambushMaxMs),
    tell: ({ victim, durationMs, extent }) =>
      `${victim} crashes in its next write, keeps ${percent(extent)} of what is unsynced, is back after ${seconds(durationMs)}`,
  },
  schedulerCrash: {
    victims: ["framework"],
    durationMaxMs: outageMaxMs,
    strike: (cluster, { victim, durationMs }) => {
      if (cluster.node(victim) === undefined) return;
      cluster.crash(victim, 0);
      const index = cluster.work.findIndex((_, candidate) => frameworkName(candidate) === victim);
      cluster.clock.arm(durationMs, () => cluster.bootFramework(index));
    },
    tell: ({ victim, durationMs }) => `${victim} crashes, is back after ${seconds(durationMs)}`,
  },
  linkReset: {
    victims: ["slave", "framework"],
    durationMaxMs: 0,
    strike: ({ network }, { victim }) => network.reset(masterName, victim),
    tell: ({ victim }) => `${victim} has its links to the master reset`,
  },
  partition: {
    victims: ["slave", "framework"],
    durationMaxMs: 2 * outageMaxMs,
    strike: ({ network, clock }, { victim, durationMs }) => {
      network.partition(masterName, victim);
      network.partition(victim, masterName);
      clock.arm(durationMs, () => {
        network.heal(masterName, victim);
        network.heal(victim, masterName);
      });
    },
    tell: ({ victim, durationMs }) => `${victim} and the master do not hear each other for ${seconds(durationMs)}`,
  },
  asymmetricPartition: {
    victims: ["slave", "framework"],
    durationMaxMs: 2 * outageMaxMs,
    strike: ({ network, clock }, fault) => {
      const [from, to] = deafDirection(fault);
      network.partition(from, to);
      clock.arm(fault.durationMs, () => network.heal(from, to));
    },
    tell: (fault) =>
      `${deafDirection(fault)[1]} does not hear ${deafDirection(fault)[0]} for ${seconds(fault.durationMs)}`,
  },
  halfOpen: {
    victims: ["slave", "framework"],
    durationMaxMs: 0,
    strike: ({ network }, fault) => network.deafen(...deafDirection(fault)),
    tell: (fault) => `${deafDirection(fault)[1]} hears no more on its links from ${deafDirection(fault)[0]}`,
  },
  pause: {
    victims: ["slave", "framework", "master"],
    durationMaxMs: outageMaxMs,
    strike: (cluster, { victim, durationMs }) => cluster.pause(victim, durationMs),
    tell: ({ victim, durationMs }) => `${victim} stands still for ${seconds(durationMs)}`,
  },
  slowConsumer: {
    victims: ["slave", "framework", "master"],
    durationMaxMs: 2 * outageMaxMs,
    strike: (cluster, { victim, durationMs, extent }) => {
      cluster.slow(victim, extent * restMaxMs);
      cluster.clock.arm(durationMs, () => cluster.slow(victim, 0));
    },
    tell: ({ victim, durationMs, extent }) =>
      `${victim} takes ${(extent * restMaxMs).toFixed(0)} ms per letter for ${seconds(durationMs)}`,
  },
  lateOrder: {
    victims: ["slave"],
    durationMaxMs: 0,
    strike: (cluster, { victim, extent }) => cluster.orderLate(victim, extent),
    tell: ({ victim }) => `${victim} hears an order of the master before the present one`,
  },
  wallJump: {
    victims: ["slave", "framework", "master"],
    durationMaxMs: 0,
    strike: (cluster, { victim, extent }) => cluster.jumpWall(victim, jumpMs(extent)),
    tell: ({ victim, extent }) => `${victim} has its wall clock jump by ${seconds(jumpMs(extent))}`,
  },
  actorCrash: {
    victims: ["master"],
    durationMaxMs: 0,
    strike: (cluster, { extent }) => {
      if (failing(extent) !== "policy") return cluster.crashActor(masterName, failing(extent), failing(extent));
      cluster.policy.failAfter(answersLeft(extent));
    },
    tell: ({ victim, extent }) =>
      failing(extent) === "policy"
        ? `${victim} has its allocator's policy throw after ${answersLeft(extent)} more ranks`
        : `${victim} has its actor ${failing(extent)} fail`,
  },
  slaveActorCrash: {
    victims: ["slave"],
    durationMaxMs: 0,
    strike: (cluster, { victim }) => cluster.crashActor(victim, "slave", "slave"),
    tell: ({ victim }) => `${victim} has its actor slave fail`,
  },
  threadCrash: {
    victims: ["slave", "master"],
    durationMaxMs: 0,
    strike: (cluster, { victim, extent }) => cluster.crashThread(victim, fallingThread(victim, extent)),
    tell: ({ victim, extent }) => `${victim} loses its thread ${fallingThread(victim, extent)}, which is started again`,
  },
  swizzleClog: {
    victims: ["master"],
    durationMaxMs: 2 * outageMaxMs,
    strike: (cluster, fault) => {
      const { durationMs } = fault;
      const nodes = cloggedNodes(cluster, fault);
      const stepMs = durationMs / 2 / nodes.length;
      for (const [index, node] of nodes.entries()) {
        cluster.clock.arm(index * stepMs, () => separate(cluster, masterName, node));
        cluster.clock.arm(durationMs - index * stepMs, () => reunite(cluster, masterName, node));
      }
    },
    tell: ({ victim, durationMs }) =>
      `${victim} loses one node after another from hearing, and finds the last lost first, within ${seconds(durationMs)}`,
  },
  failedDials: {
    victims: ["master"],
    durationMaxMs: outageMaxMs,
    strike: ({ network, clock }, { durationMs, extent }) => {
      network.door = extent < 0.5 ? "refuses" : "stalls";
      clock.arm(durationMs, () => {
        network.door = "open";
      });
    },
    tell: ({ victim, durationMs, extent }) =>
      `${victim} ${extent < 0.5 ? "refuses" : "does not answer"} whoever dials it for ${seconds(durationMs)}`,
  },
  clockDrift: {
    victims: ["slave", "framework", "master"],
    durationMaxMs: 4 * outageMaxMs,
    strike: (cluster, { victim, durationMs, extent }) => {
      cluster.drift(victim, driftRate(extent));
      cluster.clock.arm(durationMs, () => cluster.drift(victim, 1));
    },
    tell: ({ victim, durationMs, extent }) =>
      `${victim} has its clock go at ${percent(driftRate(extent))} of its speed for ${seconds(durationMs)}`,
  },
  slowDisk: {
    victims: ["slave", "master"],
    durationMaxMs: 2 * outageMaxMs,
    strike: (cluster, { victim, durationMs, extent }) => {
      const disk = cluster.diskOf(victim);
      if (disk === undefined) return;
      disk.lagMs = extent * lagMaxMs;
      cluster.clock.arm(durationMs, () => {
        disk.lagMs = 0;
      });
    },
    tell: ({ victim, durationMs, extent }) =>
      `${victim} needs ${(extent * lagMaxMs).toFixed(0)} ms more for every sync of its disk for ${seconds(durationMs)}`,
  },
  diskFull: {
    victims: ["slave", "master"],
    durationMaxMs: outageMaxMs,
    strike: (cluster, { victim, durationMs }) => {
      const disk = cluster.diskOf(victim);
      if (disk === undefined) return;
      disk.full = true;
      cluster.clock.arm(durationMs, () => {
        disk.full = false;
      });
    },
    tell: ({ victim, durationMs }) => `${victim} has no room left on its disk for ${seconds(durationMs)}`,
  },
} as const satisfies Record<string, Kind>;

const allKinds = Object.keys(faultKinds) as FaultKind[];

/**
 * The faults of a run, in order of time: a random subset of the kinds, each at a rate of its own, so that every seed
 * is another weather.
 */
export function drawFaults(random: Prng, untilMs: number, slaves: number, frameworks: number): readonly Fault[] {
  const weights = allKinds.map((kind) => ({ kind, weight: random.chance(0.6) ? random.unit() : 0 }));
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return [];
  const nodes = {
    slave: Array.from({ length: slaves }, (_, index) => slaveName(index)),
    framework: Array.from({ length: frameworks }, (_, index) => frameworkName(index)),
    master: [masterName],
  };
  const pauseMs = 2_000 + random.int(8_000);
  const faults: Fault[] = [];
  for (let atMs = random.int(2 * pauseMs); atMs < untilMs; atMs += random.int(2 * pauseMs)) {
    const kind = weighted(random.unit() * total, weights);
    const { victims, durationMaxMs } = faultKinds[kind];
    const candidates = victims.flatMap((group) => nodes[group]);
    const victim = candidates[random.int(candidates.length)] ?? masterName;
    faults.push({ atMs, kind, victim, durationMs: random.int(durationMaxMs), extent: random.unit() });
  }
  return faults;
}

/** The kind whose share of the line from 0 to the total holds the point. */
function weighted(point: number, weights: readonly { readonly kind: FaultKind; readonly weight: number }[]): FaultKind {
  let end = 0;
  for (const { kind, weight } of weights) {
    end += weight;
    if (point < end) return kind;
  }
  return "linkReset";
}

/** Arms every fault; the counts grow as they strike. */
export function armFaults(cluster: SimCluster, faults: readonly Fault[]): FaultCounts {
  const counts = Object.fromEntries(allKinds.map((kind) => [kind, 0])) as FaultCounts;
  for (const fault of faults) {
    cluster.clock.arm(fault.atMs, () => {
      counts[fault.kind]++;
      cluster.trace.add(cluster.clock.now(), "fault", `${fault.kind} ${fault.victim}`);
      faultKinds[fault.kind].strike(cluster, fault);
    });
  }
  return counts;
}

/** The fault as a sentence with its time. */
export function faultText(fault: Fault): string {
  return `${(fault.atMs / 1_000).toFixed(3)} s: ${faultKinds[fault.kind].tell(fault)}`;
}

export function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(faultKinds, text);
}

/** From whom nothing gets through any more, and to whom. */
function deafDirection({ victim, extent }: Fault): [from: string, to: string] {
  return extent < 0.5 ? [masterName, victim] : [victim, masterName];
}

/** Waits until something is on its way to the disk of the victim. */
function crashInWrite(cluster: SimCluster, fault: Fault, untilMs: number): void {
  const { victim, durationMs, extent } = fault;
  const disk = cluster.diskOf(victim);
  if (disk === undefined || cluster.node(victim) === undefined || cluster.clock.now() > untilMs) return;
  if (disk.unsynced.length === 0) {
    cluster.clock.arm(ambushEveryMs, () => crashInWrite(cluster, fault, untilMs));
    return;
  }
  cluster.crash(victim, extent);
  cluster.clock.arm(durationMs, () => cluster.boot(victim));
}

/** Some of the others, in some order. */
function cloggedNodes({ slaveNames, work }: SimCluster, { extent }: Fault): readonly string[] {
  const random = new Prng(`clogged.${extent}`);
  const ranked = [...slaveNames, ...work.map((_, index) => frameworkName(index))].map((name) => ({
    name,
    rank: random.unit(),
  }));
  ranked.sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, 1 + random.int(ranked.length)).map(({ name }) => name);
}

function fallingThread(victim: string, extent: number): string {
  const threads = victim === masterName ? ["storage", "allocator", "master"] : ["storage", "slave"];
  return threads[Math.floor(extent * threads.length)] ?? "storage";
}

function driftRate(extent: number): number {
  return driftMin + extent * (driftMax - driftMin);
}

function failing(extent: number): string {
  if (extent < 0.5) return masterName;
  return extent < 0.75 ? allocatorName : "policy";
}

function answersLeft(extent: number): number {
  return Math.floor((extent - 0.75) * 4 * answersMax);
}

function jumpMs(extent: number): number {
  return Math.round((2 * extent - 1) * jumpMaxMs);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
