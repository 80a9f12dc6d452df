import { type Place, parsePlace } from "../actors/address.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { Channel, LinkEnd, LinkOpened } from "../actors/world.ts";
import type { Prng } from "../base/prng.ts";
import type { SimClock } from "./clock.ts";

/** How a run's network behaves; times in milliseconds. */
export type NetworkConfig = {
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
  /** Silence after which an end of a link gives the other up: the real link's own limit. */
  readonly silenceMs: number;
};

type End = {
  readonly place: string;
  readonly node: string;
  linkEnd: LinkEnd | undefined;
  lastDueMs: number;
  open: boolean;
};
type Wire = { readonly a: End; readonly b: End; silencedAtMs: number | undefined };

/**
 * Links between simulated nodes, with the loss that TCP has: a link that breaks loses the tail of what was under way,
 * never the middle. Frames of one direction stay in order; different links overtake each other freely.
 */
export class Network {
  readonly #clock: SimClock;
  readonly #random: Prng;
  readonly #config: NetworkConfig;
  readonly #systems = new Map<string, ActorSystem>();
  readonly #endpoints = new Map<string, string>();
  readonly #wires = new Set<Wire>();
  /** Pairs of nodes that cannot hear each other now. */
  readonly #partitions = new Set<string>();
  cutLinks = 0;

  constructor(clock: SimClock, random: Prng, config: NetworkConfig) {
    this.#clock = clock;
    this.#random = random;
    this.#config = config;
  }

  attach(system: ActorSystem): void {
    this.#systems.set(system.place, system);
  }

  /** What an endpoint leads to now. */
  publish(endpoint: string, place: string): void {
    this.#endpoints.set(endpoint, place);
  }

  /** A thread-to-thread link within one node: no latency worth a name, and it breaks only with its node. */
  join(a: ActorSystem, b: ActorSystem): void {
    const wire = this.#wire(a.place, b.place);
    wire.a.linkEnd = a.links.open(placeOf(b.place), this.#channel(wire, wire.a, wire.b, false));
    wire.b.linkEnd = b.links.open(placeOf(a.place), this.#channel(wire, wire.b, wire.a, false));
  }

  dial(from: string, endpoint: string, opened: LinkOpened, failed: (reason: string) => void): void {
    this.#clock.arm(this.#latency(), () => {
      const to = this.#endpoints.get(endpoint);
      const target = to === undefined ? undefined : this.#systems.get(to);
      if (!this.#systems.has(from)) return;
      if (target === undefined) return failed("connection refused");
      if (this.#partitioned(from, target.place)) {
        this.#clock.arm(this.#config.silenceMs, () => failed("connection timed out"));
        return;
      }
      const wire = this.#wire(from, target.place);
      wire.b.linkEnd = target.links.open(placeOf(from), this.#channel(wire, wire.b, wire.a, true));
      wire.a.linkEnd = opened(placeOf(target.place), this.#channel(wire, wire.a, wire.b, true));
    });
  }

  /** Two nodes stop hearing each other; both ends notice by silence. */
  partition(a: string, b: string): void {
    this.#partitions.add(pair(a, b));
    for (const wire of this.#wires) {
      if (pair(wire.a.node, wire.b.node) === pair(a, b)) this.#silence(wire);
    }
  }

  heal(a: string, b: string): void {
    this.#partitions.delete(pair(a, b));
  }

  healAll(): void {
    this.#partitions.clear();
  }

  /** Breaks every link between two nodes at once, as a reset does. */
  reset(a: string, b: string): void {
    for (const wire of [...this.#wires]) {
      if (pair(wire.a.node, wire.b.node) !== pair(a, b)) continue;
      this.cutLinks++;
      this.#breakSoon(wire, "connection reset");
    }
  }

  /** The node is gone: what it sent before arrives, then its peers see their links close. */
  crash(places: readonly string[]): void {
    for (const place of places) this.#systems.delete(place);
    for (const wire of [...this.#wires]) {
      for (const end of [wire.a, wire.b]) if (places.includes(end.place)) end.open = false;
      if (!wire.a.open || !wire.b.open) this.#breakSoon(wire, "connection closed");
    }
  }

  #silence(wire: Wire): void {
    if (wire.silencedAtMs !== undefined) return;
    this.cutLinks++;
    wire.silencedAtMs = this.#clock.now();
    for (const end of [wire.a, wire.b]) {
      const noticeMs = this.#config.silenceMs + this.#random.int(500);
      this.#clock.arm(noticeMs, () => this.#closeEnd(wire, end, "no sign of life"));
    }
  }

  /** Frames under way arrive first, a close being the last thing in each direction. */
  #breakSoon(wire: Wire, reason: string): void {
    wire.silencedAtMs ??= this.#clock.now();
    for (const end of [wire.a, wire.b]) {
      const dueMs = Math.max(this.#clock.now() + this.#latency(), end.lastDueMs);
      this.#clock.arm(dueMs - this.#clock.now(), () => this.#closeEnd(wire, end, reason));
    }
  }

  #closeEnd(wire: Wire, end: End, reason: string): void {
    if (!end.open) return;
    end.open = false;
    if (!wire.a.open && !wire.b.open) this.#wires.delete(wire);
    end.linkEnd?.closed(reason);
  }

  #channel(wire: Wire, from: End, to: End, crossesHosts: boolean): Channel {
    return {
      crossesHosts,
      send: (batch) => {
        if (wire.silencedAtMs !== undefined || !from.open) return;
        const delayMs = crossesHosts ? this.#latency() : 0;
        to.lastDueMs = Math.max(to.lastDueMs, this.#clock.now() + delayMs);
        const sentAtMs = this.#clock.now();
        this.#clock.arm(to.lastDueMs - sentAtMs, () => {
          const lost = crossesHosts && wire.silencedAtMs !== undefined && this.#partitioned(from.place, to.place);
          if (to.open && !lost) to.linkEnd?.receive(batch);
        });
      },
      close: (reason) => {
        if (!from.open) return;
        from.open = false;
        this.#breakSoon(wire, reason);
      },
    };
  }

  #wire(a: string, b: string): Wire {
    const end = (place: string): End => ({ place, node: nodeOf(place), linkEnd: undefined, lastDueMs: 0, open: true });
    const wire: Wire = { a: end(a), b: end(b), silencedAtMs: undefined };
    this.#wires.add(wire);
    return wire;
  }

  #partitioned(a: string, b: string): boolean {
    return this.#partitions.has(pair(nodeOf(a), nodeOf(b)));
  }

  #latency(): number {
    const { latencyMinMs, latencyMaxMs } = this.#config;
    return latencyMinMs + this.#random.unit() * (latencyMaxMs - latencyMinMs);
  }
}

function placeOf(text: string): Place {
  return parsePlace(text) ?? { node: text, epoch: 0, thread: "main", threadEpoch: 0 };
}

function nodeOf(place: string): string {
  return placeOf(place).node;
}

function pair(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`;
}
