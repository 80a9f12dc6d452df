import { type Place, parsePlace } from "../actors/address.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { Channel, LinkEnd, LinkOpened } from "../actors/world.ts";
import type { Prng } from "../base/prng.ts";
import type { SimClock } from "./clock.ts";
import { Condition } from "./condition.ts";

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
  /** Nothing arrives here any more. */
  deaf: boolean;
};
type Wire = {
  readonly a: End;
  readonly b: End;
  /** It ends once what is under way has arrived. */
  broken: boolean;
};

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
  readonly #conditions = new Map<string, Condition>();
  /** Directions, from one node to another, in which nothing gets through now. */
  readonly #partitions = new Set<string>();
  cutLinks = 0;
  /** Dials that came to nothing because the door was not open. */
  turnedAway = 0;
  /** Why an end closed a link whose frames it did not understand: no network that keeps its order makes that happen. */
  malformed: string | undefined;
  /** What happens to those who dial: they are let in, refused, or left waiting until they give up. */
  door: "open" | "refuses" | "stalls" = "open";

  constructor(clock: SimClock, random: Prng, config: NetworkConfig) {
    this.#clock = clock;
    this.#random = random;
    this.#config = config;
  }

  /** The condition says when the system's node can be reached. Default: always. */
  attach(system: ActorSystem, condition: Condition = new Condition()): void {
    this.#systems.set(system.place, system);
    this.#conditions.set(nodeOf(system.place), condition);
  }

  /** The thread that lives in the life that the place names. */
  systemAt(place: string): ActorSystem | undefined {
    return this.#systems.get(place);
  }

  /** When a frame arrives: never before one that was sent earlier. */
  arrivalMs(lastDueMs: number, soonestMs: number): number {
    return Math.max(lastDueMs, soonestMs);
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
    this.#arrives(nodeOf(from), this.#latency(), () => {
      const to = this.#endpoints.get(endpoint);
      const target = to === undefined ? undefined : this.#systems.get(to);
      if (!this.#systems.has(from)) return;
      if (this.door !== "open") this.turnedAway++;
      if (target === undefined || this.door === "refuses") return failed("connection refused");
      if (this.door === "stalls" || this.#unreachable(nodeOf(from), nodeOf(target.place))) {
        this.#arrives(nodeOf(from), this.#config.silenceMs, () => failed("connection timed out"));
        return;
      }
      const wire = this.#wire(from, target.place);
      wire.b.linkEnd = target.links.open(placeOf(from), this.#channel(wire, wire.b, wire.a, true));
      wire.a.linkEnd = opened(placeOf(target.place), this.#channel(wire, wire.a, wire.b, true));
    });
  }

  /** The second node stops hearing the first, on links that are and that would be. */
  partition(from: string, to: string): void {
    this.#partitions.add(direction(from, to));
    this.deafen(from, to);
  }

  /** What the first node sends on present links vanishes; the second notices by silence and closes them. */
  deafen(from: string, to: string): void {
    for (const wire of this.#wires) {
      for (const [near, far] of [
        [wire.a, wire.b],
        [wire.b, wire.a],
      ] as const) {
        if (near.node === from && far.node === to) this.#deafen(wire, far);
      }
    }
  }

  heal(from: string, to: string): void {
    this.#partitions.delete(direction(from, to));
  }

  healAll(): void {
    this.#partitions.clear();
    this.door = "open";
  }

  /** Breaks every link between two nodes at once, as a reset does. */
  reset(a: string, b: string): void {
    for (const wire of [...this.#wires]) {
      const nodes = [wire.a.node, wire.b.node];
      if (a === b || !nodes.includes(a) || !nodes.includes(b)) continue;
      this.cutLinks++;
      this.#breakSoon(wire, "connection reset");
    }
  }

  /** The node is gone: what it sent before arrives, then its peers see their links close. */
  crash(places: readonly string[]): void {
    for (const place of places) this.#systems.delete(place);
    for (const wire of [...this.#wires]) {
      for (const end of [wire.a, wire.b]) if (places.includes(end.place)) end.open = false;
      if (!wire.a.open && !wire.b.open) this.#wires.delete(wire);
      else if (!wire.a.open || !wire.b.open) this.#breakSoon(wire, "connection closed");
    }
  }

  /** The node has stood still for so long that every peer gives its links up. */
  forsake(node: string): void {
    for (const wire of [...this.#wires]) {
      if (wire.a.node === wire.b.node || (wire.a.node !== node && wire.b.node !== node)) continue;
      this.cutLinks++;
      this.#breakSoon(wire, "no sign of life");
    }
  }

  #deafen(wire: Wire, end: End): void {
    if (end.deaf) return;
    this.cutLinks++;
    end.deaf = true;
    const noticeMs = this.#config.silenceMs + this.#random.int(500);
    this.#arrives(end.node, noticeMs, () => {
      this.#closeEnd(wire, end, "no sign of life");
      this.#breakSoon(wire, "no sign of life");
    });
  }

  /** Frames under way arrive first, a close being the last thing in each direction. A deaf end waits for its silence. */
  #breakSoon(wire: Wire, reason: string): void {
    wire.broken = true;
    for (const end of [wire.a, wire.b]) {
      if (end.deaf || !end.open) continue;
      const dueMs = Math.max(this.#clock.now() + this.#latency(), end.lastDueMs);
      this.#arrives(end.node, dueMs - this.#clock.now(), () => this.#closeEnd(wire, end, reason));
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
        if (wire.broken || to.deaf || !from.open) return;
        const nowMs = this.#clock.now();
        const dueMs = this.arrivalMs(to.lastDueMs, nowMs + (crossesHosts ? this.#latency() : 0));
        to.lastDueMs = Math.max(to.lastDueMs, dueMs);
        this.#arrives(to.node, dueMs - nowMs, () => {
          if (to.open && !to.deaf) to.linkEnd?.receive(batch);
        });
      },
      close: (reason) => {
        if (!from.open) return;
        if (reason.startsWith("malformed"))
          this.malformed ??= `${from.place} closed its link to ${to.place}: ${reason}`;
        from.open = false;
        this.#breakSoon(wire, reason);
      },
    };
  }

  /** Happens to a node after the delay, or once it can take it. */
  #arrives(node: string, delayMs: number, task: () => void): void {
    this.#clock.arm(delayMs, () => {
      const condition = this.#conditions.get(node);
      if (condition === undefined) task();
      else condition.run(task);
    });
  }

  #wire(a: string, b: string): Wire {
    const end = (place: string): End => ({
      place,
      node: nodeOf(place),
      linkEnd: undefined,
      lastDueMs: 0,
      open: true,
      deaf: false,
    });
    const wire: Wire = { a: end(a), b: end(b), broken: false };
    this.#wires.add(wire);
    return wire;
  }

  /** A connection takes both directions, and somebody who accepts it. */
  #unreachable(from: string, to: string): boolean {
    const cut = this.#partitions.has(direction(from, to)) || this.#partitions.has(direction(to, from));
    return cut || this.#conditions.get(to)?.paused === true;
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

function direction(from: string, to: string): string {
  return `${from}>${to}`;
}
