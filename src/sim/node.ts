import { type Place, placeText } from "../actors/address.ts";
import type { KindTable } from "../actors/link/kind-table.ts";
import { type ChildSpec, supervisor } from "../actors/supervisor.ts";
import { ActorSystem } from "../actors/system.ts";
import type { Log, World } from "../actors/world.ts";
import type { Prng } from "../base/prng.ts";
import type { SimClock } from "./clock.ts";
import type { Condition } from "./condition.ts";
import type { Network } from "./network.ts";
import { NodeClock, simWorld } from "./world.ts";

export type ThreadPlan = {
  readonly thread: string;
  /** The thread that keeps the journals of this one. */
  readonly storage?: string;
  readonly roots: (place: (thread: string) => string) => readonly ChildSpec[];
};

export type NodeParts = {
  readonly clock: SimClock;
  readonly random: Prng;
  readonly network: Network;
  readonly condition: Condition;
  readonly kinds: KindTable;
  readonly log: Log;
  /** A thread of the node has something to do. */
  readonly wake: (system: ActorSystem) => void;
  readonly isolation: "reference" | "roundtrip";
  readonly furnish: (world: World) => World;
};

/** One life of a simulated process: its threads, each an actor system, linked to one another. */
export class SimNode {
  readonly name: string;
  readonly epoch: number;
  readonly systems: readonly ActorSystem[];
  readonly condition: Condition;
  readonly #clock: NodeClock;
  readonly #network: Network;

  constructor(name: string, epoch: number, plans: readonly ThreadPlan[], parts: NodeParts) {
    this.name = name;
    this.epoch = epoch;
    this.#network = parts.network;
    this.condition = parts.condition;
    this.#clock = new NodeClock(parts.clock, parts.condition);
    const placeOf = (thread: string) => ({ node: name, epoch, thread, threadEpoch: 1 });
    this.systems = plans.map(({ thread, storage }) =>
      this.#boot(placeOf(thread), storage === undefined ? undefined : placeOf(storage), parts),
    );
    for (const [index, system] of this.systems.entries()) {
      parts.network.attach(system, parts.condition);
      for (const other of this.systems.slice(0, index)) parts.network.join(other, system);
    }
    for (const [index, { roots }] of plans.entries()) {
      const intensity = { max: 20, withinMs: 30_000 };
      const args = {
        strategy: "one-for-one",
        intensity,
        children: roots((thread) => placeText(placeOf(thread))),
      } as const;
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

  #boot(place: Place, storage: Place | undefined, parts: NodeParts): ActorSystem {
    const text = placeText(place);
    const system: ActorSystem = new ActorSystem({
      place,
      world: parts.furnish(simWorld(text, this.#clock, parts.random.split(text), parts.network, parts.log)),
      kinds: parts.kinds,
      wake: () => {
        if (this.alive) parts.wake(system);
      },
      isolation: parts.isolation,
      ...(storage === undefined ? {} : { storagePlace: placeText(storage) }),
    });
    return system;
  }
}
