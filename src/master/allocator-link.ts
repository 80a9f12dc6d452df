import type { Address } from "../actors/address.ts";
import { Peer } from "../actors/peer.ts";
import type { BodyOf, TellKind } from "../actors/protocol.ts";
import type { ActorRef } from "../actors/ref.ts";
import { clientFilters } from "../protocol/offer-filters.ts";
import { isEmpty } from "../protocol/resources.ts";
import { type AllocatorEvents, type AllocatorProtocol, allocatorName } from "./allocator/protocol.ts";
import type { Slave } from "./slaves.ts";
import type { MasterState } from "./state.ts";

/** Pause between two questions for the allocator's numbers, in milliseconds. */
const countsMs = 1_000;
const backoff = { minMs: 10, maxMs: 1_000, factor: 2 };

/**
 * The master's line to the allocator. Whenever the allocator is new (a start, a crash, a lost thread) it is told the
 * whole book again, outstanding offers included, so none is lost and none is made twice. While it is away nothing is
 * sent: the book is the truth, and what changes meanwhile is in it.
 */
export class AllocatorLink {
  readonly #state: () => MasterState;
  #allocator: ActorRef<AllocatorProtocol> | undefined;
  #accounts = 0;
  /** Messages to the allocator. */
  #told = 0;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  connect(endpoint: string): void {
    new Peer<AllocatorProtocol>(
      this.#state().ctx,
      { endpoint, name: allocatorName, backoff },
      {
        up: (allocator) => this.#feed(allocator),
        down: (reason) => {
          this.#allocator = undefined;
          this.#state().ctx.log("warn", "the allocator is gone: no offers until it is back", { reason });
        },
      },
    );
  }

  tell<K extends TellKind<AllocatorProtocol>>(kind: K, body: BodyOf<AllocatorProtocol[K]>): void {
    this.#told++;
    this.#allocator?.tell(kind, body);
  }

  /** Begins to ask the allocator now and then for its numbers, if it has not begun yet. */
  startCounting(): void {
    this.#state().ctx.every("allocatorCounts", countsMs, () => this.#askCounts());
  }

  /** Tells who holds what of a slave, under a number that no earlier account had. */
  openAccount(slave: Slave): void {
    const { id: slaveId, info, state } = slave;
    const allocated = this.#state().slaves.allocations(slave);
    slave.account = ++this.#accounts;
    this.tell("slaveAdded", {
      slaveId,
      account: slave.account,
      hostname: info.hostname,
      attributes: info.attributes,
      total: info.resources,
      allocated,
      active: state === "registered",
    });
  }

  /** Its answer comes when it has come to all that it was told before: what it was told meanwhile waited. */
  #askCounts(): void {
    const { ctx, counters } = this.#state();
    const told = this.#told;
    if (this.#allocator === undefined) return;
    ctx.ask(
      this.#allocator,
      "passes",
      {},
      {
        timeoutMs: countsMs,
        settled: (outcome) => {
          if (outcome.ok) counters.allocator({ runs: outcome.value.passes, waiting: this.#told - told });
        },
      },
    );
  }

  #feed(allocator: ActorRef<AllocatorProtocol>): void {
    const { ctx, config, frameworks, slaves } = this.#state();
    this.#allocator = allocator;
    const master: Address<AllocatorEvents> = ctx.self.address;
    allocator.tell("resetBook", { master, allocationIntervalMs: config.allocationIntervalMs });
    for (const framework of frameworks.all()) {
      if (framework.state === "completed" && isEmpty(framework.used)) continue;
      const active = framework.state === "connected";
      const { id: frameworkId, suppressed, filters } = framework;
      for (const role of framework.info.roles) {
        allocator.tell("clientAdded", { frameworkId, role, active });
        if (suppressed.has(role)) allocator.tell("clientSuppressed", { frameworkId, role });
        if (filters === undefined) continue;
        allocator.tell("clientFilters", { frameworkId, role, filters: clientFilters(filters, role) });
      }
    }
    for (const slave of slaves.all()) this.openAccount(slave);
    allocator.tell("resume", {});
  }
}
