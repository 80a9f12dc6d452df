import type { Prng } from "../base/prng.ts";
import { allocatorName } from "../master/allocator/protocol.ts";
import { masterName } from "../protocol/master-api.ts";
import { frameworkName, type SimCluster, slaveName } from "./cluster.ts";

export type FaultCounts = Record<FaultKind, number>;
export type FaultKind = keyof typeof faultKinds;

/** Longest outage, in milliseconds; long enough for the pings of the test scale to give a slave up. */
const outageMaxMs = 9_000;

/** What may go wrong. Each draws its victim, does the harm, and arranges for it to end. */
const faultKinds = {
  slaveCrash(cluster: SimCluster, random: Prng): void {
    const index = random.int(cluster.slaveNames.length);
    if (cluster.node(slaveName(index)) === undefined) return;
    cluster.crash(slaveName(index));
    cluster.clock.arm(random.int(outageMaxMs), () => cluster.bootSlave(index));
  },
  masterCrash(cluster: SimCluster, random: Prng): void {
    if (cluster.node(masterName) === undefined) return;
    cluster.crash(masterName);
    cluster.clock.arm(random.int(outageMaxMs / 3), () => cluster.bootMaster());
  },
  schedulerCrash(cluster: SimCluster, random: Prng): void {
    const index = random.int(cluster.work.length);
    if (cluster.node(frameworkName(index)) === undefined) return;
    cluster.crash(frameworkName(index));
    cluster.clock.arm(random.int(outageMaxMs), () => cluster.bootFramework(index));
  },
  linkReset(cluster: SimCluster, random: Prng): void {
    cluster.network.reset(masterName, victim(cluster, random));
  },
  partition(cluster: SimCluster, random: Prng): void {
    const name = victim(cluster, random);
    cluster.network.partition(masterName, name);
    cluster.clock.arm(random.int(2 * outageMaxMs), () => cluster.network.heal(masterName, name));
  },
  actorCrash(cluster: SimCluster, random: Prng): void {
    const name = random.chance(0.5) ? masterName : allocatorName;
    cluster.crashActor(masterName, name, name);
  },
  slaveActorCrash(cluster: SimCluster, random: Prng): void {
    cluster.crashActor(slaveName(random.int(cluster.slaveNames.length)), "slave", "slave");
  },
} as const;

/** Faults of a run: a random subset of the kinds, each at a rate of its own, so that every seed is another weather. */
export class Faults {
  readonly counts: FaultCounts;
  readonly #cluster: SimCluster;
  readonly #random: Prng;
  readonly #enabled: readonly FaultKind[];
  readonly #pauseMs: number;
  #on = true;

  constructor(cluster: SimCluster, random: Prng) {
    const all = Object.keys(faultKinds) as FaultKind[];
    this.#cluster = cluster;
    this.#random = random;
    this.#enabled = all.filter(() => random.chance(0.6));
    this.#pauseMs = 2_000 + random.int(8_000);
    this.counts = Object.fromEntries(all.map((kind) => [kind, 0])) as FaultCounts;
    if (this.#enabled.length > 0) this.#arm();
  }

  /** No new faults; partitions heal. What is down comes back when it was to. */
  stop(): void {
    this.#on = false;
    this.#cluster.network.healAll();
  }

  #arm(): void {
    this.#cluster.clock.arm(this.#random.int(2 * this.#pauseMs), () => {
      if (!this.#on) return;
      const kind = this.#enabled[this.#random.int(this.#enabled.length)];
      if (kind !== undefined) {
        this.counts[kind]++;
        this.#cluster.trace.add(this.#cluster.clock.now(), "fault", kind);
        faultKinds[kind](this.#cluster, this.#random);
      }
      this.#arm();
    });
  }
}

function victim(cluster: SimCluster, random: Prng): string {
  const slaves = cluster.slaveNames.length;
  const index = random.int(slaves + cluster.work.length);
  return index < slaves ? slaveName(index) : frameworkName(index - slaves);
}
