import type { Prng } from "../base/prng.ts";
import { masterName } from "../protocol/master-api.ts";
import type { SimCluster } from "./cluster.ts";
import type { SchedulerSpec } from "./witness.ts";

type Undo = () => void;

/** What goes wrong around a scheduler, each until it is undone. */
const mishaps = {
  slaveLost(cluster, { slave }, victims) {
    if (!victims.crash(cluster, slaveAt(cluster, slave))) return undefined;
    return () => cluster.bootSlave(slave % cluster.slaveNames.length);
  },
  masterFailover(cluster, _, victims) {
    return victims.crash(cluster, masterName) ? () => cluster.bootMaster() : undefined;
  },
  schedulerReset(cluster, _, { scheduler }) {
    cluster.network.reset(masterName, scheduler);
    return undefined;
  },
  slaveReset(cluster, { slave }) {
    cluster.network.reset(masterName, slaveAt(cluster, slave));
    return undefined;
  },
  schedulerCutOff(cluster, _, { scheduler }) {
    separate(cluster, masterName, scheduler);
    return () => reunite(cluster, masterName, scheduler);
  },
  slaveCutOff(cluster, { slave }) {
    separate(cluster, masterName, slaveAt(cluster, slave));
    return () => reunite(cluster, masterName, slaveAt(cluster, slave));
  },
  /** Every update is told twice, the second time as an answer to reconciliation. */
  updatesRepeated(_cluster, _mishap, victims) {
    victims.repeats++;
    return () => {
      victims.repeats--;
    };
  },
} as const satisfies Record<string, (cluster: SimCluster, mishap: Mishap, victims: Victims) => Undo | undefined>;

export type MishapName = keyof typeof mishaps;

const mishapNames = Object.keys(mishaps) as readonly MishapName[];

export type Mishap = {
  readonly kind: MishapName;
  readonly atMs: number;
  readonly lastsMs: number;
  /** Which slave, modulo their number; ignored by what befalls others. */
  readonly slave: number;
};

/** A world as data, so that a smaller one can be made of it. */
export type HostileWorld = {
  readonly seed: number;
  readonly slaves: number;
  /** Longest time that a message takes, in milliseconds. */
  readonly latencyMaxMs: number;
  /** How long the master lets an offer lie, in milliseconds; 0: for ever. */
  readonly offerTimeoutMs: number;
  readonly mishaps: readonly Mishap[];
};

/** The framework's node, and what is being done to it. */
export class Victims {
  readonly scheduler: string;
  /** How many mishaps repeat updates now. */
  repeats = 0;
  readonly counts = Object.fromEntries(mishapNames.map((name) => [name, 0])) as Record<MishapName, number>;

  constructor(scheduler: string) {
    this.scheduler = scheduler;
  }

  /** False when the node is down already. */
  crash(cluster: SimCluster, node: string): boolean {
    const up = cluster.node(node) !== undefined;
    cluster.crash(node, 1);
    return up;
  }
}

/** Mishaps begin within so many milliseconds. */
const troubleMs = 30_000;
/** Longer than the pings of the test scale take to give a slave up. */
const outageMaxMs = 9_000;

/** The first is so short that offers expire while they are being answered, where messages are slow. */
const offerTimeoutsMs = [200, 1_000, 15_000, 0];

/** A world of its own for every seed; early trouble is more likely, for frameworks that are done soon. */
export function drawHostileWorld(seed: number, random: Prng): HostileWorld {
  const draw = (): Mishap => ({
    kind: mishapNames[random.int(mishapNames.length)] ?? "masterFailover",
    atMs: Math.round(random.unit() ** 2 * troubleMs),
    lastsMs: 100 + random.int(outageMaxMs),
    slave: random.int(8),
  });
  return {
    seed,
    slaves: 1 + random.int(4),
    latencyMaxMs: random.chance(0.5) ? 2 : 200,
    offerTimeoutMs: offerTimeoutsMs[random.int(offerTimeoutsMs.length)] ?? 0,
    mishaps: Array.from({ length: 2 + random.int(10) }, draw).sort((a, b) => a.atMs - b.atMs),
  };
}

/** Two nodes do not hear each other from now on. */
export function separate({ network }: SimCluster, a: string, b: string): void {
  network.partition(a, b);
  network.partition(b, a);
}

/** They do again; links that were cut have to be made anew. */
export function reunite({ network }: SimCluster, a: string, b: string): void {
  network.heal(a, b);
  network.heal(b, a);
}

/** Arranges for the mishaps to begin and to end, and tells of each beginning. */
export function unleash(
  cluster: SimCluster,
  list: readonly Mishap[],
  victims: Victims,
  tell: (line: string) => void = () => {},
): void {
  for (const mishap of list) {
    cluster.clock.arm(mishap.atMs, () => {
      victims.counts[mishap.kind]++;
      tell(describe(cluster, mishap));
      const undo = mishaps[mishap.kind](cluster, mishap, victims);
      if (undo !== undefined) cluster.clock.arm(mishap.lastsMs, undo);
    });
  }
}

/** A scheduler that hears updates again while the world repeats them. */
export function repeating(spec: SchedulerSpec, victims: Victims): SchedulerSpec {
  return {
    ...spec,
    start(ctx, args) {
      const behaviour = spec.start(ctx, args);
      const taskUpdate: (typeof behaviour)["taskUpdate"] = (body: Parameters<typeof behaviour.taskUpdate>[0]) => {
        behaviour.taskUpdate(body);
        if (victims.repeats === 0) return;
        const { uuid: _, ...known } = body.status;
        behaviour.taskUpdate({ status: { ...known, source: "master", reason: "RECONCILIATION" } });
      };
      return { ...behaviour, taskUpdate };
    },
  };
}

/** When the last mishap is over, in milliseconds after they were unleashed. */
export function calmAtMs({ mishaps: list }: Pick<HostileWorld, "mishaps">): number {
  return Math.max(0, ...list.map(({ atMs, lastsMs }) => atMs + lastsMs));
}

/** A mishap that comes so soon need not come sooner; milliseconds. */
const soonMs = 500;

/** Every world that is a little smaller, the smallest first: fewer slaves, less trouble, a better network, a shorter story. */
export function* smallerWorlds(world: HostileWorld): Generator<HostileWorld> {
  const { mishaps: list } = world;
  if (list.length > 0) yield { ...world, mishaps: [] };
  for (let slaves = 1; slaves < world.slaves; slaves++) yield { ...world, slaves };
  const half = Math.ceil(list.length / 2);
  if (list.length > 2) {
    yield { ...world, mishaps: list.slice(0, half) };
    yield { ...world, mishaps: list.slice(half) };
  }
  for (const left of list) yield { ...world, mishaps: list.filter((mishap) => mishap !== left) };
  if (world.latencyMaxMs > 2) yield { ...world, latencyMaxMs: 2 };
  for (const [index, { atMs, ...mishap }] of list.entries()) {
    if (atMs > soonMs) yield { ...world, mishaps: list.with(index, { ...mishap, atMs: Math.floor(atMs / 2) }) };
  }
}

function describe(cluster: SimCluster, { kind, lastsMs, slave }: Mishap): string {
  const name = slaveAt(cluster, slave);
  const lasting = `for ${(lastsMs / 1_000).toFixed(1)} s`;
  const lines: Readonly<Record<MishapName, string>> = {
    slaveLost: `${name} crashes and is down ${lasting}`,
    masterFailover: `the master crashes and is down ${lasting}`,
    schedulerReset: "the link between the master and the framework breaks",
    slaveReset: `the link between the master and ${name} breaks`,
    schedulerCutOff: `the master and the framework cannot hear each other ${lasting}`,
    slaveCutOff: `the master and ${name} cannot hear each other ${lasting}`,
    updatesRepeated: `every update is told twice ${lasting}`,
  };
  return lines[kind];
}

function slaveAt({ slaveNames }: SimCluster, slave: number): string {
  return slaveNames[slave % slaveNames.length] ?? "";
}
