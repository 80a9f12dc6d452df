import type { Context } from "../../actors/context.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { Spec } from "../../actors/spec.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import { isEmpty, type Resources } from "../../protocol/resources.ts";
import { type ClientId, clientId } from "./client.ts";
import { DrfSorter } from "./drf-sorter.ts";
import { Filters } from "./filters.ts";
import { Ledger } from "./ledger.ts";
import { type AllocatorEvents, type AllocatorProtocol, allocatorTable, type OfferedRow } from "./protocol.ts";

/** Rows in one message to the master: about 200 bytes each, well within an envelope. */
const rowsMax = 512;
/** Messages that may wait. A cluster of 50 000 slaves registers in one burst. */
const mailboxMax = 262_144;

/** Decides who is offered what. It is told the master's book and keeps nothing that it could not be told again. */
export const allocator: Spec<AllocatorProtocol, Record<never, never>> = {
  name: "allocator",
  protocol: allocatorTable,
  mailboxMax,
  start(ctx) {
    let book = new Book(ctx, undefined, 0);
    return {
      resetBook: ({ master, allocationIntervalMs }) => {
        ctx.cancel("pass");
        book = new Book(ctx, ctx.ref(master), allocationIntervalMs);
        ctx.every("batch", allocationIntervalMs, () => book.touchAll());
      },
      resume: () => book.resume(),
      slaveAdded: (slave) => {
        book.ledger.addSlave(slave.slaveId, slave.total, slave.active);
        book.filters.addSlave(slave.slaveId, slave);
        book.accounts.set(slave.slaveId, slave.account);
        book.sorter.addTotal(slave.total);
        for (const { frameworkId, role, resources } of slave.allocated) {
          book.grant(slave.slaveId, clientId(frameworkId, role), resources);
        }
        book.touch(slave.slaveId);
      },
      slaveRemoved: ({ slaveId }) => book.removeSlave(slaveId),
      slaveActive: ({ slaveId, active }) => {
        if (!book.ledger.has(slaveId)) return;
        book.ledger.setActive(slaveId, active);
        book.touch(slaveId);
      },
      clientAdded: ({ frameworkId, role, active }) => book.addClient({ frameworkId, role, active, suppressed: false }),
      clientRemoved: ({ frameworkId, role }) => book.removeClient(clientId(frameworkId, role)),
      clientActive: ({ frameworkId, role, active }) => book.setWanting(clientId(frameworkId, role), { active }),
      clientSuppressed: ({ frameworkId, role }) => book.setWanting(clientId(frameworkId, role), { suppressed: true }),
      clientRevived: ({ frameworkId, role }) => {
        const client = clientId(frameworkId, role);
        book.filters.revive(client);
        book.setWanting(client, { suppressed: false });
      },
      clientFilters: ({ frameworkId, role, filters }) => {
        book.filters.setStanding(clientId(frameworkId, role), filters);
        book.touchAll();
      },
      recovered: ({ slaveId, frameworkId, role, resources, refuseMs }) =>
        book.recovered(slaveId, clientId(frameworkId, role), resources, refuseMs),
      passes: (_, reply) => reply({ passes: book.passes }),
      inspect: () => book,
    };
  },
};

type Client = { readonly frameworkId: FrameworkId; readonly role: string; active: boolean; suppressed: boolean };

/** Everything the allocator knows between two resets. */
export class Book {
  readonly ledger = new Ledger();
  readonly sorter = new DrfSorter();
  readonly filters = new Filters();
  /** The number of each slave's present account. */
  readonly accounts = new Map<SlaveId, number>();
  passes = 0;
  readonly #ctx: Context<AllocatorProtocol>;
  readonly #master: ActorRef<AllocatorEvents> | undefined;
  readonly #refuseMsMin: number;
  readonly #clients = new Map<ClientId, Client>();
  readonly #candidates = new Set<SlaveId>();
  #running = false;

  /** `refuseMsMin`: the least time that a decline with a filter keeps a slave away, in milliseconds. */
  constructor(ctx: Context<AllocatorProtocol>, master: ActorRef<AllocatorEvents> | undefined, refuseMsMin: number) {
    this.#ctx = ctx;
    this.#master = master;
    this.#refuseMsMin = refuseMsMin;
  }

  resume(): void {
    this.#running = this.#master !== undefined;
    this.touchAll();
  }

  addClient(added: Client): void {
    const client = clientId(added.frameworkId, added.role);
    if (this.#clients.has(client)) return;
    this.#clients.set(client, added);
    this.sorter.addClient(client);
    for (const slaveId of this.ledger.slaves) {
      const held = this.ledger.allocations(slaveId).get(client);
      if (held !== undefined) this.sorter.allocated(client, held);
    }
    this.touchAll();
  }

  removeClient(client: ClientId): void {
    if (!this.#clients.delete(client)) return;
    this.sorter.removeClient(client);
    this.filters.removeClient(client);
  }

  setWanting(client: ClientId, change: { readonly active?: boolean; readonly suppressed?: boolean }): void {
    const wanting = this.#clients.get(client);
    if (wanting === undefined) return;
    Object.assign(wanting, change);
    this.touchAll();
  }

  removeSlave(slaveId: SlaveId): void {
    if (!this.ledger.has(slaveId)) return;
    this.sorter.removeTotal(this.ledger.total(slaveId));
    for (const [client, resources] of this.ledger.removeSlave(slaveId)) {
      if (this.#clients.has(client)) this.sorter.unallocated(client, resources);
    }
    this.filters.removeSlave(slaveId);
    this.accounts.delete(slaveId);
    this.#candidates.delete(slaveId);
  }

  grant(slaveId: SlaveId, client: ClientId, resources: Resources): void {
    this.ledger.grant(slaveId, client, resources);
    if (this.#clients.has(client)) this.sorter.allocated(client, resources);
  }

  /** A decline that asks for no filter waits for the next batch: else it would be offered again and again at once. */
  recovered(slaveId: SlaveId, client: ClientId, resources: Resources, refuseMs: number | undefined): void {
    if (!this.ledger.has(slaveId)) return;
    this.ledger.release(slaveId, client, resources);
    if (this.#clients.has(client)) this.sorter.unallocated(client, resources);
    if (refuseMs === 0) return;
    if (refuseMs !== undefined && this.#clients.has(client)) {
      const untilMs = this.#ctx.clock.now() + Math.max(refuseMs, this.#refuseMsMin);
      this.filters.refuse(client, slaveId, resources, untilMs);
    }
    this.touch(slaveId);
  }

  touch(slaveId: SlaveId): void {
    this.#candidates.add(slaveId);
    this.#request();
  }

  touchAll(): void {
    for (const slaveId of this.ledger.slaves) this.#candidates.add(slaveId);
    this.#request();
  }

  #request(): void {
    if (this.#running && this.#candidates.size > 0) this.#ctx.after("pass", 0, () => this.#pass());
  }

  /** Offers all that is free on each candidate to the client owed most that wants it: coarse grains, as in Mesos. */
  #pass(): void {
    this.passes++;
    const now = this.#ctx.clock.now();
    const rows: OfferedRow[] = [];
    for (const slaveId of this.#candidates) {
      const resources = this.ledger.available(slaveId);
      if (isEmpty(resources)) continue;
      const owed = this.sorter.order().find((client) => this.#wants(client, slaveId, resources, now));
      const client = owed && this.#clients.get(owed);
      const account = this.accounts.get(slaveId);
      if (owed === undefined || client === undefined || account === undefined) continue;
      this.grant(slaveId, owed, resources);
      const { frameworkId, role } = client;
      rows.push({ slaveId, account, frameworkId, role, resources });
    }
    this.#candidates.clear();
    for (let first = 0; first < rows.length; first += rowsMax) {
      this.#master?.tell("offered", { rows: rows.slice(first, first + rowsMax) });
    }
  }

  #wants(client: ClientId, slaveId: SlaveId, resources: Resources, nowMs: number): boolean {
    const wanting = this.#clients.get(client);
    if (wanting === undefined || !wanting.active || wanting.suppressed) return false;
    return !this.filters.hides(client, slaveId, resources, nowMs);
  }
}
