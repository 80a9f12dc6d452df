import { KindTable } from "../../src/actors/link/kind-table.ts";
import type { ProtocolTable } from "../../src/actors/protocol.ts";
import { ActorSystem } from "../../src/actors/system.ts";
import type { World } from "../../src/actors/world.ts";
import { Prng } from "../../src/base/prng.ts";
import { SimClock } from "../../src/sim/clock.ts";
import { Network } from "../../src/sim/network.ts";
import { NodeClock, simWorld } from "../../src/sim/world.ts";

/** Turns and timers that one call may run before we believe that they never end. */
const stepsMax = 100_000;

export type StageOptions = {
  /** Told when there is something to do: for whoever lets a stage run beside real sockets. Default: nobody. */
  readonly wake?: () => void;
  /** What else the world of every node has. */
  readonly world?: Partial<World>;
  /** Default `roundtrip`: messages within a node are packed as well, so each protocol must be in `tables`. */
  readonly isolation?: "reference" | "roundtrip";
};

/**
 * Nodes of one actor system each, on one virtual clock and a network without latency. Nothing runs but inside
 * `settle` and `advance`, which return when everything that could happen by then has happened.
 */
export class Stage {
  readonly clock = new SimClock();
  readonly network: Network;
  /** What actors failed of: nothing here fails by design, so the next `settle` throws it. */
  readonly failures: string[] = [];
  readonly #random = new Prng("stage");
  readonly #kinds: KindTable;
  readonly #nodes = new Map<string, { readonly system: ActorSystem; readonly clock: NodeClock }>();
  readonly #lives = new Map<string, number>();

  readonly #options: StageOptions;

  constructor(tables: readonly ProtocolTable<never>[], options: StageOptions = {}) {
    this.#options = options;
    this.#kinds = new KindTable(tables as unknown as ProtocolTable<unknown>[]);
    const config = { latencyMinMs: 0, latencyMaxMs: 0, silenceMs: 0 };
    this.network = new Network(this.clock, this.#random.split("network"), config);
  }

  /** A new life of a node. */
  boot(node: string, more: Partial<World> = {}): ActorSystem {
    const epoch = (this.#lives.get(node) ?? 0) + 1;
    this.#lives.set(node, epoch);
    const place = { node, epoch, thread: "main", threadEpoch: 1 };
    const clock = new NodeClock(this.clock);
    const random = this.#random.split(`${node}.${epoch}`);
    const text = `${node}~${epoch.toString(36)}/main.1`;
    const world = simWorld(text, clock, random, this.network, (level, from, message) => {
      if (level === "error") this.failures.push(`${from} ${message}`);
    });
    const system = new ActorSystem({
      place,
      world: { ...world, ...this.#options.world, ...more },
      kinds: this.#kinds,
      wake: this.#options.wake ?? (() => {}),
      isolation: this.#options.isolation ?? "roundtrip",
    });
    this.network.attach(system);
    this.#nodes.set(node, { system, clock });
    return system;
  }

  /** Ends a node as SIGKILL would. */
  crash(node: string): void {
    const life = this.#nodes.get(node);
    if (life === undefined) return;
    this.#nodes.delete(node);
    life.clock.stop();
    this.network.crash([life.system.place]);
  }

  /** Everything that can happen without time passing. */
  settle(): void {
    this.advance(0);
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const until = this.clock.now() + ms;
    for (let steps = 0; steps < stepsMax; steps++) {
      for (const { system } of this.#nodes.values()) system.turn();
      if ([...this.#nodes.values()].some(({ system }) => system.runnable)) continue;
      const due = this.clock.nextDueMs;
      if (due === undefined || due > until) {
        this.clock.advanceTo(until);
        if (this.failures.length > 0) throw new Error(this.failures.join("\n"));
        return;
      }
      this.clock.fireNext();
    }
    throw new Error("this never comes to rest");
  }
}
