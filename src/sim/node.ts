import { type Place, placeText } from "../actors/address.ts";
import type { KindTable } from "../actors/link/kind-table.ts";
import { type ChildSpec, supervisor } from "../actors/supervisor.ts";
import { ActorSystem } from "../actors/system.ts";
import type { Log } from "../actors/world.ts";
import type { Prng } from "../base/prng.ts";
import type { SimClock } from "./clock.ts";
import type { Network } from "./network.ts";
import { NodeClock, simWorld } from "./world.ts";

export type ThreadPlan = {
  readonly thread: string;
  readonly roots: (place: (thread: string) => string) => readonly ChildSpec[];
};

export type NodeParts = {
  readonly clock: SimClock;
  readonly random: Prng;
  readonly network: Network;
  readonly kinds: KindTable;
  readonly log: Log;
  readonly isolation: "reference" | "roundtrip";
};

/** One life of a simulated process: its threads, each an actor system, linked to one another. */
export class SimNode {
  readonly name: string;
  readonly epoch: number;
  readonly systems: readonly ActorSystem[];
  readonly #clock: NodeClock;
  readonly #network: Network;

  constructor(name: string, epoch: number, plans: readonly ThreadPlan[], parts: NodeParts) {
    this.name = name;
    this.epoch = epoch;
    this.#network = parts.network;
    this.#clock = new NodeClock(parts.clock);
    const places = new Map(plans.map(({ thread }) => [thread, { node: name, epoch, thread, threadEpoch: 1 }]));
    this.systems = [...places.values()].map((place) => this.#boot(place, parts));
    for (const [index, system] of this.systems.entries()) {
      parts.network.attach(system);
      for (const other of this.systems.slice(0, index)) parts.network.join(other, system);
    }
    const placeOf = (thread: string) => {
      const place = places.get(thread);
      return place === undefined ? "" : placeText(place);
    };
    for (const [index, { roots }] of plans.entries()) {
      const intensity = { max: 20, withinMs: 30_000 };
      const args = { strategy: "one-for-one", intensity, children: roots(placeOf) } as const;
      this.systems[index]?.spawn(supervisor, args, { name: "supervisor" });
    }
  }

  get alive(): boolean {
    return this.#clock.alive;
  }

  system(thread: string): ActorSystem {
    const system = this.systems.find(({ place }) => place.includes(`/${thread}.`));
    if (system === undefined) throw new RangeError(`node ${this.name} has no thread ${thread}`);
    return system;
  }

  /** Ends the process as SIGKILL would: nothing more runs, nothing more is sent. */
  crash(): void {
    this.#clock.stop();
    this.#network.crash(this.systems.map(({ place }) => place));
  }

  #boot(place: Place, parts: NodeParts): ActorSystem {
    const text = placeText(place);
    const world = simWorld(text, this.#clock, parts.random.split(text), parts.network, parts.log);
    return new ActorSystem({ place, world, kinds: parts.kinds, wake: () => {}, isolation: parts.isolation });
  }
}
