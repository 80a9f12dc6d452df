import type { Context } from "../../actors/context.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { Spec } from "../../actors/spec.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import { type Resources, scalar } from "../../protocol/resources.ts";
import { DrfSorter } from "./drf-sorter.ts";
import { Filters } from "./filters.ts";
import { Ledger } from "./ledger.ts";
import { type AllocatorEvents, type AllocatorProtocol, allocatorTable, type OfferedRow } from "./protocol.ts";

/** Mesos's `min_allocatable_resources`, in thousandths: less than this of both is not worth an offer. */
const offerMin = { cpus: 10, mem: 32_000 };
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
    let book = new Book(ctx, undefined);
    return {
      resetBook: ({ master, allocationIntervalMs }) => {
        ctx.cancel("pass");
        book = new Book(ctx, ctx.ref(master));
        ctx.every("batch", allocationIntervalMs, () => book.touchAll());
      },
      resume: () => book.resume(),
      slaveAdded: (slave) => {
        book.ledger.addSlave(slave.slaveId, slave.total, slave.active);
        book.accounts.set(slave.slaveId, slave.account);
        book.sorter.addTotal(slave.total);
        for (const { frameworkId, resources } of slave.allocated) book.grant(slave.slaveId, frameworkId, resources);
        book.touch(slave.slaveId);
      },
      slaveRemoved: ({ slaveId }) => book.removeSlave(slaveId),
      slaveActive: ({ slaveId, active }) => {
        if (!book.ledger.has(slaveId)) return;
        book.ledger.setActive(slaveId, active);
        book.touch(slaveId);
      },
      frameworkAdded: ({ frameworkId, active }) => book.addFramework(frameworkId, active),
      frameworkRemoved: ({ frameworkId }) => book.removeFramework(frameworkId),
      frameworkActive: ({ frameworkId, active }) => book.setWanting(frameworkId, { active }),
      suppress: ({ frameworkId }) => book.setWanting(frameworkId, { suppressed: true }),
      revive: ({ frameworkId }) => {
        book.filters.revive(frameworkId);
        book.setWanting(frameworkId, { suppressed: false });
      },
      setFilters: ({ frameworkId, filters }) => {
        book.filters.setStanding(frameworkId, filters);
        book.touchAll();
      },
      recovered: ({ slaveId, frameworkId, resources, refuseMs }) =>
        book.recovered(slaveId, frameworkId, resources, refuseMs),
      inspect: () => book,
    };
  },
};

type Wanting = { active: boolean; suppressed: boolean };

/** Everything the allocator knows between two resets. */
export class Book {
  readonly ledger = new Ledger();
  readonly sorter = new DrfSorter();
  readonly filters = new Filters();
  /** The number of each slave's present account. */
  readonly accounts = new Map<SlaveId, number>();
  readonly #ctx: Context<AllocatorProtocol>;
  readonly #master: ActorRef<AllocatorEvents> | undefined;
  readonly #frameworks = new Map<FrameworkId, Wanting>();
  readonly #candidates = new Set<SlaveId>();
  #running = false;

  constructor(ctx: Context<AllocatorProtocol>, master: ActorRef<AllocatorEvents> | undefined) {
    this.#ctx = ctx;
    this.#master = master;
  }

  resume(): void {
    this.#running = this.#master !== undefined;
    this.touchAll();
  }

  addFramework(frameworkId: FrameworkId, active: boolean): void {
    if (this.#frameworks.has(frameworkId)) return;
    this.#frameworks.set(frameworkId, { active, suppressed: false });
    this.sorter.addClient(frameworkId);
    for (const slaveId of this.ledger.slaves) {
      const held = this.ledger.allocations(slaveId).get(frameworkId);
      if (held !== undefined) this.sorter.allocated(frameworkId, held);
    }
    this.touchAll();
  }

  removeFramework(frameworkId: FrameworkId): void {
    if (!this.#frameworks.delete(frameworkId)) return;
    this.sorter.removeClient(frameworkId);
    this.filters.removeFramework(frameworkId);
  }

  setWanting(frameworkId: FrameworkId, change: Partial<Wanting>): void {
    const wanting = this.#frameworks.get(frameworkId);
    if (wanting === undefined) return;
    Object.assign(wanting, change);
    this.touchAll();
  }

  removeSlave(slaveId: SlaveId): void {
    if (!this.ledger.has(slaveId)) return;
    this.sorter.removeTotal(this.ledger.total(slaveId));
    for (const [frameworkId, resources] of this.ledger.removeSlave(slaveId)) {
      if (this.#frameworks.has(frameworkId)) this.sorter.unallocated(frameworkId, resources);
    }
    this.filters.removeSlave(slaveId);
    this.accounts.delete(slaveId);
    this.#candidates.delete(slaveId);
  }

  grant(slaveId: SlaveId, frameworkId: FrameworkId, resources: Resources): void {
    this.ledger.grant(slaveId, frameworkId, resources);
    if (this.#frameworks.has(frameworkId)) this.sorter.allocated(frameworkId, resources);
  }

  /** A decline that asks for no filter waits for the next batch: else it would be offered again and again at once. */
  recovered(slaveId: SlaveId, frameworkId: FrameworkId, resources: Resources, refuseMs: number | undefined): void {
    if (!this.ledger.has(slaveId)) return;
    this.ledger.release(slaveId, frameworkId, resources);
    if (this.#frameworks.has(frameworkId)) this.sorter.unallocated(frameworkId, resources);
    if (refuseMs === 0) return;
    if (refuseMs !== undefined && this.#frameworks.has(frameworkId)) {
      this.filters.refuse(frameworkId, slaveId, resources, this.#ctx.clock.now() + refuseMs);
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
    const now = this.#ctx.clock.now();
    const rows: OfferedRow[] = [];
    for (const slaveId of this.#candidates) {
      const resources = this.ledger.available(slaveId);
      if (scalar(resources, "cpus") < offerMin.cpus && scalar(resources, "mem") < offerMin.mem) continue;
      const frameworkId = this.sorter.order().find((client) => this.#wants(client, slaveId, resources, now));
      const account = this.accounts.get(slaveId);
      if (frameworkId === undefined || account === undefined) continue;
      this.grant(slaveId, frameworkId, resources);
      rows.push({ slaveId, account, frameworkId, resources });
    }
    this.#candidates.clear();
    for (let first = 0; first < rows.length; first += rowsMax) {
      this.#master?.tell("offered", { rows: rows.slice(first, first + rowsMax) });
    }
  }

  #wants(frameworkId: FrameworkId, slaveId: SlaveId, resources: Resources, nowMs: number): boolean {
    const wanting = this.#frameworks.get(frameworkId);
    if (wanting === undefined || !wanting.active || wanting.suppressed) return false;
    return !this.filters.hides(frameworkId, slaveId, resources, nowMs);
  }
}
