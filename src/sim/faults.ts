import type { Prng } from "../base/prng.ts";
import { allocatorName } from "../master/allocator/protocol.ts";
import { masterName } from "../protocol/master-api.ts";
import { frameworkName, type SimCluster, slaveName } from "./cluster.ts";

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
  wallJump: {
    victims: ["slave", "framework", "master"],
    durationMaxMs: 0,
    strike: (cluster, { victim, extent }) => cluster.jumpWall(victim, jumpMs(extent)),
    tell: ({ victim, extent }) => `${victim} has its wall clock jump by ${seconds(jumpMs(extent))}`,
  },
  actorCrash: {
    victims: ["master"],
    durationMaxMs: 0,
    strike: (cluster, { extent }) => cluster.crashActor(masterName, failing(extent), failing(extent)),
    tell: ({ victim, extent }) => `${victim} has its actor ${failing(extent)} fail`,
  },
  slaveActorCrash: {
    victims: ["slave"],
    durationMaxMs: 0,
    strike: (cluster, { victim }) => cluster.crashActor(victim, "slave", "slave"),
    tell: ({ victim }) => `${victim} has its actor slave fail`,
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

function failing(extent: number): string {
  return extent < 0.5 ? masterName : allocatorName;
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
