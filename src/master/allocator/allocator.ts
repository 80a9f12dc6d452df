import type { Context } from "../../actors/context.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { Spec } from "../../actors/spec.ts";
import { invariant } from "../../base/invariant.ts";
import { topOf } from "../../protocol/role.ts";
import { Book } from "./book.ts";
import { Durations } from "./durations.ts";
import { explain } from "./explain.ts";
import { explainIdle, idleByCause, quantitiesFrom } from "./idle.ts";
import { BatchWriter } from "./offered-batch.ts";
import { Pass } from "./pass.ts";
import { drf } from "./policies/drf.ts";
import type { Policy } from "./policy.ts";
import {
  type AllocatorConfig,
  type AllocatorCounts,
  type AllocatorEvents,
  type AllocatorProtocol,
  allocatorTable,
  type Client,
  type LackingRole,
} from "./protocol.ts";

/** Messages that may wait. A cluster of 50 000 slaves registers in one burst. */
const mailboxMax = 262_144;
/** Batches in which the parts of every slave are added up. */
const auditBatches = 64;
/** How often a batch asks some client about some slave, though nothing has changed: a safety net. */
const askedAgainMax = 4_096;
/** Roles whose filters are told; those of others are not. */
const countedRolesMax = 1_000;
/** Least time between two sweeps for expired filters. */
const expiryPauseMs = 50;

/** Decides who is offered what. It is told the master's book and keeps nothing that it could not be told again. */
export function allocator(policy: Policy = drf): Spec<AllocatorProtocol, Record<never, never>> {
  return {
    name: "allocator",
    protocol: allocatorTable,
    mailboxMax,
    start(ctx) {
      let rounds = new Rounds(ctx, policy, undefined, { allocationIntervalMs: 0, minAllocatable: [] });
      const change = (act: (book: Book) => void) => {
        act(rounds.book);
        rounds.request();
      };
      return {
        resetBook: ({ master, config }) => {
          rounds.end();
          rounds = new Rounds(ctx, policy, ctx.ref(master), config);
        },
        resume: () => rounds.resume(),
        slaveAdded: (slave) => change((book) => book.addSlave(slave)),
        slaveRemoved: ({ account }) => change((book) => book.removeSlave(account)),
        slaveActive: ({ account, active }) => change((book) => book.setActive(account, active)),
        clientAdded: (client) => change((book) => book.addClient(client)),
        clientRemoved: (client) => change((book) => book.removeClient(client)),
        clientActive: ({ active, ...client }) => change((book) => book.setWanting(client, { active })),
        clientSuppressed: (client) => change((book) => book.setWanting(client, { suppressed: true })),
        clientRevived: ({ accounts, ...client }) => change((book) => book.revive(client, accounts)),
        clientFilters: ({ filters, ...client }) => change((book) => book.wish(client, filters)),
        recovered: ({ account, resources, refuseMs, ...client }) =>
          change((book) => book.recovered(account, client, resources, refuseMs, ctx.clock.now())),
        converted: ({ account, from, to, ...client }) => change((book) => book.convert(account, client, from, to)),
        weights: ({ weights }) => change((book) => book.setWeights(weights)),
        quotas: ({ quotas, version }) => change((book) => book.setQuotas(quotas, version)),
        counts: (_, reply) => reply(rounds.counts()),
        explain: (question, reply) => reply(explain(rounds.book, question, rounds.now)),
        explainIdle: (_, reply) => reply(explainIdle(rounds.book, rounds.now)),
        whoLacks: (_, reply) => reply({ roles: rounds.whoLacks() }),
        inspect: () => rounds.book,
      };
    },
  };
}

/** When passes are made: soon after every change, several changes in one pass, and at every batch. */
class Rounds {
  readonly book: Book;
  passes = 0;
  readonly #ctx: Context<AllocatorProtocol>;
  readonly #master: ActorRef<AllocatorEvents> | undefined;
  readonly #writer: BatchWriter;
  /** How long passes take, and how long they were waited for. */
  readonly #runMs = new Durations();
  readonly #latencyMs = new Durations();
  #running = false;
  /** When the pass that is to come was asked for. */
  #requestedMs: number | undefined;
  #audited = 0;
  /** The row that was looked at again last. */
  #askedAgain = 0;
  #expiredMs = Number.NEGATIVE_INFINITY;
  #expiryMs = Number.POSITIVE_INFINITY;
  /** What the master was told last; nothing yet in a new book. */
  #lacking: string | undefined;

  constructor(
    ctx: Context<AllocatorProtocol>,
    policy: Policy,
    master: ActorRef<AllocatorEvents> | undefined,
    { allocationIntervalMs, minAllocatable }: AllocatorConfig,
  ) {
    this.#ctx = ctx;
    this.#master = master;
    this.book = new Book({ policy, minAllocatable, refuseMsMin: allocationIntervalMs, seed: ctx.random.int(2 ** 32) });
    this.#writer = new BatchWriter(this.book.names, (rows) =>
      this.#master?.tell("offered", { ...rows, quotas: this.book.quotas.version }),
    );
    if (master !== undefined) ctx.every("batch", allocationIntervalMs, () => this.#batch());
  }

  resume(): void {
    this.#running = this.#master !== undefined;
    this.book.candidates.touchAll();
    this.request();
  }

  get now(): { readonly ms: number; readonly paused: boolean } {
    return { ms: this.#ctx.clock.now(), paused: !this.#running };
  }

  end(): void {
    for (const timer of ["pass", "batch", "expiry"]) this.#ctx.cancel(timer);
  }

  /** A pass that is due is made first: what it is about to give away is not idle, and batches would always come just before. */
  counts(): AllocatorCounts {
    const { totals, names } = this.book;
    this.#passNow();
    return {
      passes: this.passes,
      runMs: this.#runMs.summary(),
      latencyMs: this.#latencyMs.summary(),
      total: quantitiesFrom(totals, names.list),
      idle: idleByCause(this.book, this.now),
      filters: filtersByRole(this.book),
    };
  }

  /** A pass follows when this turn and what waits for the allocator now are done. */
  request(): void {
    if (this.#running && (this.book.candidates.any || this.#isLacking) && this.#requestedMs === undefined) {
      this.#requestedMs = this.#ctx.clock.now();
      this.#ctx.after("pass", 0, () => this.#pass());
    }
    this.#awaitExpiry();
  }

  /** After a pass over what has changed, so that nothing is free that would help. Before `resume` nobody lacks anything. */
  whoLacks(): readonly LackingRole[] {
    if (!this.#running) return [];
    this.#passNow();
    return this.#lackingRoles();
  }

  /** Whether somebody lacks something, as far as the master knows: it shall hear when that is over. */
  get #isLacking(): boolean {
    return this.#lacking !== undefined && this.#lacking !== "[]";
  }

  /** Makes the pass that is due, if one is. */
  #passNow(): void {
    if (this.#requestedMs === undefined) return;
    this.#ctx.cancel("pass");
    this.#pass();
  }

  #pass(): void {
    const { book } = this;
    const beganMs = this.#ctx.clock.now();
    this.#latencyMs.add(beganMs - (this.#requestedMs ?? beganMs));
    this.#requestedMs = undefined;
    this.passes++;
    const pass = new Pass(book, beganMs, (row, { leaf }, bundle) =>
      this.#writer.write(book.slaves.account[row] as number, leaf, book.tree.client(leaf), bundle),
    );
    pass.run();
    this.#writer.flush();
    this.#tellLacking();
    this.#runMs.add(this.#ctx.clock.now() - beganMs);
  }

  #batch(): void {
    const { book } = this;
    const { height } = book.slaves;
    const from = Math.min(this.#audited, height);
    const to = Math.min(height, from + Math.ceil(height / auditBatches));
    const fault = book.fault(from, to);
    invariant(fault === undefined, () => `the allocator's book: ${fault}`);
    this.#audited = to === height ? 0 : to;
    this.#askAgain();
    book.candidates.wake();
    this.request();
  }

  /** Has some slaves looked at again: in time, all of them. */
  #askAgain(): void {
    const { slaves, clients, candidates } = this.book;
    const rows = Math.min(slaves.height, Math.ceil(askedAgainMax / Math.max(1, clients.size)));
    for (let count = 0; count < rows; count++) {
      this.#askedAgain = (this.#askedAgain + 1) % slaves.height;
      if (slaves.has(this.#askedAgain)) candidates.touch(this.#askedAgain);
    }
  }

  #awaitExpiry(): void {
    const dueMs = this.book.filters.nextExpiryMs;
    if (dueMs === this.#expiryMs) return;
    this.#expiryMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return this.#ctx.cancel("expiry");
    const atMs = Math.max(dueMs, this.#expiredMs + expiryPauseMs);
    this.#ctx.after("expiry", Math.max(0, atMs - this.#ctx.clock.now()), () => {
      this.#expiredMs = this.#ctx.clock.now();
      this.#expiryMs = Number.POSITIVE_INFINITY;
      this.book.filters.expire(this.#expiredMs, (row) => this.book.candidates.touch(row));
      this.request();
    });
  }

  /** Only news: what the master was told last still holds otherwise. */
  #tellLacking(): void {
    const roles = this.#lackingRoles();
    const text = JSON.stringify(roles);
    if (text === this.#lacking) return;
    this.#lacking = text;
    this.#master?.tell("lacking", { roles });
  }

  /** A role counts whose frameworks want offers and have declined none of late: who declines has what it needs. */
  #lackingRoles(): readonly LackingRole[] {
    const { quotas, clients, filters } = this.book;
    if (!quotas.any) return [];
    const below = quotas.below();
    if (below.length === 0) return [];
    const wanting = new Map<string, Client[]>(below.map(({ role }) => [role, []]));
    for (const { frameworkId, role, leaf } of clients.all()) {
      if (!this.book.tree.wants(leaf) || (filters.active[leaf] ?? 0) > 0) continue;
      wanting.get(topOf(role))?.push({ frameworkId, role });
    }
    return below.flatMap(({ role, lacking }) => {
      const wanted = wanting.get(role) ?? [];
      return wanted.length === 0 ? [] : [{ role, lacking, clients: wanted }];
    });
  }
}

/** Unexpired filters of each role, of as many roles as are told. */
function filtersByRole({ clients, filters }: Book): { readonly [role: string]: number } {
  const active = new Map<string, number>();
  for (const { role, leaf } of clients.all()) {
    if (!active.has(role) && active.size === countedRolesMax) continue;
    active.set(role, (active.get(role) ?? 0) + (filters.active[leaf] ?? 0));
  }
  return Object.fromEntries(active);
}
