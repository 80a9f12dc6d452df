import { Codec } from "../../src/actors/link/codec.ts";
import type { LinkItem } from "../../src/actors/link/item.ts";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import type { BodyOf, ProtocolTable, TellKind } from "../../src/actors/protocol.ts";
import type { ActorRef } from "../../src/actors/ref.ts";
import type { Spec } from "../../src/actors/spec.ts";
import { ActorSystem } from "../../src/actors/system.ts";
import type { WireBody } from "../../src/actors/wire-value.ts";
import type { World } from "../../src/actors/world.ts";
import { Prng } from "../../src/base/prng.ts";
import { allocator } from "../../src/master/allocator/allocator.ts";
import type { Book } from "../../src/master/allocator/book.ts";
import type { Policy } from "../../src/master/allocator/policy.ts";
import {
  type AllocatorEvents,
  type AllocatorProtocol,
  allocatorEventsTable,
  allocatorName,
  allocatorTable,
  type OfferedBatch,
} from "../../src/master/allocator/protocol.ts";
import { masterDefaults } from "../../src/master/config.ts";
import { HandClock } from "./hand-clock.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** Messages that come together, as on a link. */
const togetherMax = 512;
const tables = [allocatorTable, allocatorEventsTable] as unknown as ProtocolTable<unknown>[];

export const codec = new Codec(new KindTable(tables));

/**
 * The production allocator as an actor in a system of its own, and a master that only listens. Mailbox, turns, outbox and
 * timers are those of production; the thread, the link and the time at which a timer rings are not.
 */
export class DrivenAllocator {
  readonly #clock = new HandClock();
  readonly #system: ActorSystem;
  readonly #allocator: ActorRef<AllocatorProtocol>;
  #heard: OfferedBatch[] = [];

  constructor(policy?: Policy) {
    this.#system = new ActorSystem({
      place: { node: "bench", epoch: 1, thread: "main", threadEpoch: 1 },
      world: worldOf(this.#clock),
      kinds: new KindTable(tables),
      wake: () => {},
    });
    this.#allocator = this.#system.spawn(allocator(policy), {}, { name: allocatorName });
    const master = this.#system.spawn(
      listener((batch) => this.#heard.push(batch)),
      {},
    );
    const { allocationIntervalMs, minAllocatable } = masterDefaults;
    this.#allocator.tell("resetBook", { master: master.address, config: { allocationIntervalMs, minAllocatable } });
    this.#drain();
  }

  /** Its live book: to look at. */
  get book(): Book {
    return this.#system.find(allocatorName)?.inspect() as Book;
  }

  /** Tells it these, in bodies that came out of the codec; what it does with them is timed, and it makes no pass. */
  tell<K extends TellKind<AllocatorProtocol>>(
    kind: K,
    bodies: Iterable<BodyOf<AllocatorProtocol[K]>>,
    watch: Stopwatch,
  ): void {
    for (const some of chunks(bodies, togetherMax)) {
      const arrived = arrivals(kind, some);
      watch.time(() => {
        for (const body of arrived) this.#allocator.tell(kind, body as BodyOf<AllocatorProtocol[K]>);
        this.#drain();
      });
    }
  }

  /** Lets it make the pass that it has asked for, and answers what was offered. */
  settle(watch: Stopwatch): readonly OfferedBatch[] {
    watch.time(() => {
      this.#drain();
      while (this.#clock.ringSoon()) this.#drain();
    });
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  /** Lets the pause between two batches pass: the allocation that comes whether or not anything has changed. */
  batch(watch: Stopwatch): readonly OfferedBatch[] {
    watch.time(() => this.#clock.advance(masterDefaults.allocationIntervalMs));
    return this.settle(watch);
  }

  #drain(): void {
    while (this.#system.runnable) this.#system.turn();
  }
}

function worldOf(clock: HandClock): World {
  const random = new Prng("bench");
  const refused = () => {
    throw new Error("an allocator has nothing to do outside");
  };
  return {
    clock,
    random: random.split("random"),
    ids: { next: () => random.u32().toString(36) },
    log: (level, from, message) => {
      if (level === "error") throw new Error(`${from} ${message}`);
    },
    transport: { dial: refused },
    processes: { start: refused, signal: refused, endStrays: refused },
    pool: { call: refused },
  };
}

function listener(offered: (batch: OfferedBatch) => void): Spec<AllocatorEvents, Record<never, never>> {
  return { name: "master", protocol: allocatorEventsTable, start: () => ({ offered, lacking: () => {} }) };
}

/** As a link of this process brings them: objects of their own that the codec made. */
function arrivals<B>(kind: string, bodies: readonly B[]): readonly WireBody[] {
  const to = { name: allocatorName };
  const items = bodies.map((body): LinkItem => ({ type: "tell", to, kind, body: body as WireBody }));
  const bytes = codec.encode({ firstSeq: 0, credit: 0, items });
  return codec.decode(bytes, true).items.map((item) => (item as Extract<LinkItem, { type: "tell" }>).body);
}

function* chunks<T>(all: Iterable<T>, length: number): Generator<readonly T[]> {
  let some: T[] = [];
  for (const each of all) {
    some.push(each);
    if (some.length < length) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
