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
  readonly roots: () => readonly ChildSpec[];
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
  /** Told every new thread before its first actor starts. */
  readonly equip: (system: ActorSystem) => void;
  /** The supervisor of a thread has given up, and the thread with it. */
  readonly gaveUp: (thread: string) => void;
};

/** A thread in its present life; between two lives there is none. */
type Thread = { readonly plan: ThreadPlan; epoch: number; life: Life | undefined };
type Life = { readonly system: ActorSystem; readonly clock: NodeClock };

/** One life of a simulated process: its threads, each an actor system, linked to one another. */
export class SimNode {
  readonly name: string;
  readonly epoch: number;
  readonly condition: Condition;
  /** Its threads that live. */
  systems: readonly ActorSystem[] = [];
  readonly #parts: NodeParts;
  readonly #threads: readonly Thread[];
  #alive = true;

  constructor(name: string, epoch: number, plans: readonly ThreadPlan[], parts: NodeParts) {
    this.name = name;
    this.epoch = epoch;
    this.condition = parts.condition;
    this.#parts = parts;
    this.#threads = plans.map((plan) => ({ plan, epoch: 0, life: undefined }));
    for (const thread of this.#threads) this.#boot(thread);
    for (const thread of this.#threads) this.#startRoots(thread);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The thread in its present life; undefined while there is none. */
  thread(name: string): ActorSystem | undefined {
    return this.#thread(name).life?.system;
  }

  system(name: string): ActorSystem {
    const system = this.thread(name);
    if (system === undefined) throw new RangeError(`the thread ${name} of node ${this.name} is down`);
    return system;
  }

  /** Ends the process as SIGKILL would: nothing more runs, nothing more is sent. */
  crash(): void {
    this.#alive = false;
    for (const thread of this.#threads) this.#end(thread);
  }

  /** Ends one thread, as an error that nobody catches would. The process lives on. */
  crashThread(name: string): void {
    this.#end(this.#thread(name));
  }

  /** Starts a thread that is down, with a new epoch, as the keeper of threads does. */
  restartThread(name: string): ActorSystem | undefined {
    const thread = this.#thread(name);
    if (!this.#alive || thread.life !== undefined) return undefined;
    this.#boot(thread);
    this.#startRoots(thread);
    return this.thread(name);
  }

  /** The threads whose journals that thread keeps. */
  dependentsOf(name: string): readonly string[] {
    return this.#threads.filter(({ plan }) => plan.storage === name).map(({ plan }) => plan.thread);
  }

  #thread(name: string): Thread {
    const thread = this.#threads.find(({ plan }) => plan.thread === name);
    if (thread === undefined) throw new RangeError(`node ${this.name} has no thread ${name}`);
    return thread;
  }

  #boot(thread: Thread): void {
    const {
      network,
      condition,
      clock: time,
      random,
      furnish,
      log,
      kinds,
      isolation,
      wake,
      equip,
      gaveUp,
    } = this.#parts;
    const { storage } = thread.plan;
    thread.epoch++;
    const place = this.#place(thread);
    const text = placeText(place);
    const clock = new NodeClock(time, condition);
    const keeper = this.#threads.find(({ plan }) => plan.thread === storage);
    const system: ActorSystem = new ActorSystem({
      place,
      world: furnish(simWorld(text, clock, random.split(text), network, log)),
      kinds,
      wake: () => {
        if (clock.alive) wake(system);
      },
      isolation,
      rootDown: (_path, reason) => {
        if (typeof reason === "object") gaveUp(thread.plan.thread);
      },
      ...(keeper === undefined ? {} : { storagePlace: placeText(this.#place(keeper)) }),
    });
    equip(system);
    const others = this.systems;
    this.#live(thread, { system, clock });
    network.attach(system, condition);
    for (const other of others) network.join(other, system);
  }

  #startRoots({ plan, life }: Thread): void {
    const args = { strategy: "one-for-one", children: plan.roots() } as const;
    life?.system.spawn(supervisor, args, { name: "supervisor" });
  }

  #end(thread: Thread): void {
    const { life } = thread;
    if (life === undefined) return;
    this.#live(thread, undefined);
    life.clock.stop();
    this.#parts.network.crash([life.system.place]);
  }

  #live(thread: Thread, life: Life | undefined): void {
    thread.life = life;
    this.systems = this.#threads.flatMap((other) => (other.life === undefined ? [] : [other.life.system]));
  }

  #place({ plan, epoch }: Thread): Place {
    return { node: this.name, epoch: this.epoch, thread: plan.thread, threadEpoch: epoch };
  }
}
