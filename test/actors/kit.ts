import { type Place, placeText } from "../../src/actors/address.ts";
import type { Cell } from "../../src/actors/cell.ts";
import type { Context } from "../../src/actors/context.ts";
import { KindTable } from "../../src/actors/link/kind-table.ts";
import { type Ask, protocolTable, type Tell } from "../../src/actors/protocol.ts";
import type { ActorRef } from "../../src/actors/ref.ts";
import type { DownReason, Refused, Spec } from "../../src/actors/spec.ts";
import { type StorageProtocol, storageTable } from "../../src/actors/storage.ts";
import { ActorSystem, type SystemConfig } from "../../src/actors/system.ts";
import type { WireValue } from "../../src/actors/wire-value.ts";
import type { LinkEnd, LinkOpened, World } from "../../src/actors/world.ts";
import { invariant } from "../../src/base/invariant.ts";
import { Prng } from "../../src/base/prng.ts";
import { SimClock } from "../../src/sim/clock.ts";

/** What puppets say to one another. */
export type PuppetProtocol = {
  say: Tell<{ readonly text: string; readonly more?: WireValue }>;
  ask: Ask<{ readonly text: string; readonly more?: WireValue }, WireValue>;
};

export const puppetTable = protocolTable<PuppetProtocol>("puppet", {
  say: { text: 0, more: 1 },
  ask: { text: 0, more: 1 },
});

export type PuppetContext = Context<PuppetProtocol>;

/** What a puppet does beside writing down what it hears. */
export type PuppetHooks = {
  readonly start?: (ctx: PuppetContext) => void;
  /** May return something that it should not. */
  readonly say?: (text: string, ctx: PuppetContext) => unknown;
  /** Answers at once with the value; without this hook the puppet keeps the reply for the test. */
  readonly ask?: (text: string, ctx: PuppetContext) => WireValue;
  readonly onStop?: (reason: DownReason, ctx: PuppetContext) => void;
  readonly mailboxMax?: number;
};

/** An actor on strings: it remembers what it heard, and does in a turn of its own whatever the test wants. */
export class Puppet {
  readonly heard: string[] = [];
  readonly refused: Refused[] = [];
  readonly replies: ((value: WireValue) => void)[] = [];
  /** How many lives it has had. */
  lives = 0;
  readonly spec: Spec<PuppetProtocol, undefined>;
  #ctx: PuppetContext | undefined;

  constructor(name: string, hooks: PuppetHooks = {}) {
    this.spec = {
      name,
      protocol: puppetTable,
      mailboxMax: hooks.mailboxMax ?? 8_192,
      start: (ctx) => {
        this.#ctx = ctx;
        this.lives++;
        hooks.start?.(ctx);
        return {
          say: ({ text }) => {
            this.heard.push(text);
            return hooks.say?.(text, ctx) as undefined;
          },
          ask: ({ text }, reply) => {
            this.heard.push(text);
            if (hooks.ask === undefined) this.replies.push(reply);
            else reply(hooks.ask(text, ctx));
          },
          onRefused: (refused) => {
            this.refused.push(refused);
          },
          onStop: (reason) => {
            hooks.onStop?.(reason, ctx);
          },
        };
      },
    };
  }

  /** The context of its present life, or of its last one. */
  get ctx(): PuppetContext {
    invariant(this.#ctx !== undefined, () => `the puppet ${this.spec.name} has not started`);
    return this.#ctx;
  }

  get ref(): ActorRef<PuppetProtocol> {
    return this.ctx.self;
  }

  /** A watch that writes down how the other ended, as `down: REASON`. */
  watch(ref: ActorRef<unknown>): void {
    this.ctx.watch(ref, ({ reason }) => this.heard.push(`down: ${reasonText(reason)}`));
  }

  /** A question whose outcome it writes down, as `re: VALUE` or `re: CODE OUTCOME`. */
  question(ref: ActorRef<PuppetProtocol>, text: string, timeoutMs = 1_000, more?: WireValue): void {
    const body = more === undefined ? { text } : { text, more };
    this.ctx.ask(ref, "ask", body, {
      timeoutMs,
      settled: (outcome) => {
        this.heard.push(outcome.ok ? `re: ${String(outcome.value)}` : `re: ${outcome.code} ${outcome.outcome}`);
      },
    });
  }
}

export function reasonText(reason: DownReason): string {
  return typeof reason === "object" ? `failed ${reason.failed}` : reason;
}

/** Systems of actors that share a clock, and the wires between them. Nothing moves unless the test says so. */
export class Stage {
  readonly clock = new SimClock();
  readonly sites: Site[] = [];
  readonly wires: Wire[] = [];

  site(node = "one", more: Partial<Place> = {}, config: Partial<SystemConfig> = {}): Site {
    const site = new Site(this, { node, epoch: 1, thread: "main", threadEpoch: 1, ...more }, config);
    this.sites.push(site);
    return site;
  }

  /** Links two sites; `crossesHosts` restricts each to what the other exports. */
  join(a: Site, b: Site, crossesHosts = false): Wire {
    return new Wire(this, [a, (peer, channel) => a.system.links.open(peer, channel)], b, crossesHosts);
  }

  /** Runs and delivers until nothing can happen without time passing. */
  settle(): void {
    for (;;) {
      for (const site of this.sites) site.turns();
      if (!this.wires.map((wire) => wire.deliver()).includes(true)) return;
    }
  }

  /** The same, also what hangs on promises. */
  async settlePromises(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      await Promise.resolve();
      this.settle();
    }
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const until = this.clock.now() + ms;
    this.settle();
    for (let due = this.clock.nextDueMs; due !== undefined && due <= until; due = this.clock.nextDueMs) {
      this.clock.fireNext();
      this.settle();
    }
    this.clock.advanceTo(until);
  }
}

/** One system of actors, and what it would have shown to its host. */
export class Site {
  readonly place: Place;
  readonly system: ActorSystem;
  readonly logged: string[] = [];
  /** Actors without a parent that ended, as `PATH REASON`. */
  readonly ended: string[] = [];
  /** Who answers which endpoint; nobody else can be dialled. */
  readonly endpoints = new Map<string, Site>();
  readonly stage: Stage;
  #woken = false;

  constructor(stage: Stage, place: Place, config: Partial<SystemConfig>) {
    this.stage = stage;
    this.place = place;
    this.system = new ActorSystem({
      place,
      world: this.#world(),
      kinds: new KindTable([puppetTable, storageTable]),
      wake: () => {
        this.#woken = true;
      },
      isolation: "roundtrip",
      rootDown: (path, reason) => this.ended.push(`${path} ${reasonText(reason)}`),
      ...config,
    });
  }

  /** A root puppet that has started. */
  start(name: string, hooks: PuppetHooks = {}, exported = false): Puppet {
    const puppet = new Puppet(name, hooks);
    this.system.spawn(puppet.spec, undefined, { name, exported });
    this.turns();
    return puppet;
  }

  /** A turn of the puppet that does what the test wants, and everything that follows here. */
  do(puppet: Puppet, run: (ctx: PuppetContext) => void): void {
    this.queue(puppet, run);
    this.turns();
  }

  /** The same turn, left at the end of the puppet's mailbox. */
  queue(puppet: Puppet, run: (ctx: PuppetContext) => void): void {
    this.system.enqueueTurn(this.cell(puppet), "do", () => run(puppet.ctx));
  }

  cell(puppet: Puppet): Cell {
    const cell = this.system.refs.cellOf(puppet.ref);
    invariant(cell !== undefined, () => `the puppet ${puppet.spec.name} has ended`);
    return cell;
  }

  turns(): void {
    while (this.#woken || this.system.runnable) {
      this.#woken = false;
      this.system.turn();
    }
  }

  get deadLetters(): string[] {
    return this.system.deadLetters.recent.flatMap(({ kind, reason, count }) =>
      new Array<string>(count).fill(`${kind} ${reason}`),
    );
  }

  #world(): World {
    const nothing = (): never => {
      throw new Error("the kit has no such thing");
    };
    let ids = 0;
    return {
      clock: this.stage.clock,
      random: new Prng(this.place.node),
      ids: { next: () => `id-${++ids}` },
      log: (level, from, message) => this.logged.push(`${level} ${from} ${message}`),
      transport: {
        dial: (endpoint, opened, failed) => {
          const other = this.endpoints.get(endpoint);
          if (other === undefined) failed(`${endpoint} does not answer`);
          else new Wire(this.stage, [this, opened], other, false);
        },
      },
      processes: { start: nothing, signal: nothing, endStrays: nothing },
      pool: { call: nothing },
    };
  }
}

type Side = { readonly batches: Uint8Array[]; end: LinkEnd | undefined };

/** One life of a link between two sites, in memory. */
export class Wire {
  /** Batches on their way, by the side that will get them. */
  readonly #sides: readonly [Side, Side] = [
    { batches: [], end: undefined },
    { batches: [], end: undefined },
  ];
  /** Why each side closed it, in order. */
  readonly closed: string[] = [];
  /** Keeps everything in flight. */
  held = false;

  constructor(stage: Stage, [a, openA]: readonly [Site, LinkOpened], b: Site, crossesHosts: boolean) {
    const [near, far] = this.#sides;
    stage.wires.push(this);
    far.end = b.system.links.open(a.place, this.#channel(near, crossesHosts));
    near.end = openA(b.place, this.#channel(far, crossesHosts));
  }

  /** Hands over what is in flight; false when that was nothing. */
  deliver(): boolean {
    if (this.held) return false;
    let any = false;
    for (const side of this.#sides) {
      for (const batch of side.batches.splice(0)) {
        any = true;
        side.end?.receive(batch);
      }
    }
    return any;
  }

  /** The link breaks: what is in flight is lost, and both ends learn of it. */
  cut(reason = "cable pulled"): void {
    for (const side of this.#sides) {
      side.batches.length = 0;
      side.end?.closed(reason);
    }
  }

  get bytesInFlight(): number {
    return this.#sides.flatMap(({ batches }) => batches).reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  #channel(to: Side, crossesHosts: boolean) {
    return {
      crossesHosts,
      send: (batch: Uint8Array) => {
        to.batches.push(batch);
      },
      close: (reason: string) => {
        this.closed.push(reason);
        // What was sent before the goodbye still arrives, as on a socket.
        for (const batch of to.batches.splice(0)) to.end?.receive(batch);
        to.end?.closed(reason);
      },
    };
  }
}

/** The name of a site as others address it. */
export const placeOf = (site: Site): string => placeText(site.place);

/** A storage actor that says when an appended record is on disk, and reads two records at a time. */
export class HandStorage {
  readonly appended: { readonly journal: string; readonly record: WireValue; readonly durable: () => void }[] = [];
  readonly journals = new Map<string, readonly WireValue[]>();
  readonly #parts: WireValue[] = [];

  readonly spec: Spec<StorageProtocol, undefined> = {
    name: "storage",
    protocol: storageTable,
    start: () => ({
      append: ({ journal, record }, reply) => {
        this.appended.push({ journal, record, durable: () => reply({ records: this.appended.length }) });
      },
      read: ({ journal, from }, reply) => {
        const records = this.journals.get(journal) ?? [];
        const page = records.slice(from, from + 2);
        reply(from + 2 < records.length ? { records: page, next: from + 2 } : { records: page });
      },
      replace: ({ journal, records, more }, reply) => {
        this.#parts.push(...records);
        if (!more) this.journals.set(journal, this.#parts.splice(0));
        reply({ records: records.length });
      },
    }),
  };
}
