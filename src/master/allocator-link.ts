import type { Address } from "../actors/address.ts";
import type { AskOutcome } from "../actors/context.ts";
import { Peer } from "../actors/peer.ts";
import type { BodyOf, ReplyOf, TellKind } from "../actors/protocol.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { SlaveId } from "../protocol/ids.ts";
import { clientFilters } from "../protocol/offer-filters.ts";
import { isEmpty, type Resources, subtract } from "../protocol/resources.ts";
import { topOf } from "../protocol/role.ts";
import {
  type AllocatorEvents,
  type AllocatorProtocol,
  allocatorName,
  type Client,
  type LackingRole,
  type OfferedBatch,
} from "./allocator/protocol.ts";
import type { Framework } from "./frameworks.ts";
import { partTotals } from "./slave-parts.ts";
import type { Slave } from "./slaves.ts";
import type { MasterState } from "./state.ts";

/** Pause between two questions for the allocator's numbers, in milliseconds. */
const countsMs = 1_000;
/** How long the allocator may take over a question, in milliseconds. */
const explainMs = 5_000;
const backoff = { minMs: 10, maxMs: 1_000, factor: 2 };

/** What a client has of one part of a slave. */
export type Holding = Client & { readonly slaveId: SlaveId; readonly short: boolean; readonly resources: Resources };

/**
 * The master's line to the allocator. Whenever the allocator is new (a start, a crash, a lost thread) it is told the
 * whole book again, outstanding offers included, so none is lost and none is made twice. While it is away nothing is
 * sent: the book is the truth, and what changes meanwhile is in it.
 */
export class AllocatorLink {
  readonly #state: () => MasterState;
  #allocator: ActorRef<AllocatorProtocol> | undefined;
  /** The version of the quotas that it was told last. */
  #quotas = 0;
  /** Slaves by the numbers of their open accounts. */
  readonly #slaveOf = new Map<number, Slave>();
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

  /** What is under way to the allocator is answered for, too: it is asked behind all that it was told. */
  ask<K extends "explain" | "explainIdle">(
    kind: K,
    body: BodyOf<AllocatorProtocol[K]>,
    settled: (outcome: AskOutcome<ReplyOf<AllocatorProtocol[K]>>) => void,
  ): void {
    if (this.#allocator === undefined) return settled({ ok: false, code: "down", outcome: "not-run" });
    this.#state().ctx.ask(this.#allocator, kind, body, { timeoutMs: explainMs, settled });
  }

  /** Limits and guarantees from now on. What is offered without knowledge of them is not `upToDate`. */
  tellQuotas(): void {
    this.tell("quotas", { quotas: this.#state().roles.quotas, version: ++this.#quotas });
  }

  /** Whether an offer was decided under the quotas that hold now; otherwise it might pass a limit. */
  upToDate({ quotas }: OfferedBatch, role: string): boolean {
    return quotas === this.#quotas || !this.#state().roles.hasQuota(topOf(role));
  }

  /** Begins to ask the allocator now and then for its numbers, if it has not begun yet. */
  startCounting(): void {
    this.#state().ctx.every("allocatorCounts", countsMs, () => this.#askCounts());
  }

  /** The slave that an account is of, and which part; undefined when it is closed. */
  accountOf(account: number): { readonly slave: Slave; readonly short: boolean } | undefined {
    const slave = this.#slaveOf.get(account);
    const part = slave?.parts.find((each) => each.account === account);
    return slave === undefined || part === undefined ? undefined : { slave, short: part.short };
  }

  /** Tells who holds what of each part of a slave, under numbers that no earlier account had. */
  openAccounts(slave: Slave): void {
    const { id: slaveId, info, state } = slave;
    const { hostname, attributes, minOffer, shortTasks } = info;
    const active = state === "registered";
    slave.parts = [...partTotals(info)].map(([short, total]) => {
      const account = ++this.#accounts;
      const open = short ? total : subtract(total, this.#state().operations.withheldOf(slaveId));
      const allocated = this.#state().slaves.allocations(slave, short);
      const least = minOffer === undefined || short ? {} : { minOffer };
      const limit = short && shortTasks !== undefined ? { maxTaskMs: shortTasks.maxTaskMs } : {};
      this.#slaveOf.set(account, slave);
      this.tell("slaveAdded", {
        account,
        slaveId,
        hostname,
        attributes,
        total: open,
        allocated,
        active,
        ...least,
        ...limit,
      });
      return { short, account };
    });
  }

  closeAccounts(slave: Slave): void {
    for (const { account } of slave.parts) {
      this.#slaveOf.delete(account);
      this.tell("slaveRemoved", { account });
    }
    slave.parts = [];
  }

  /** A client gives back what it had. `refuseMs`: it does not want it again for so long; 0: no filter. */
  recovered({ slaveId, short, frameworkId, role, resources }: Holding, refuseMs?: number): void {
    const account = this.#accountFor(slaveId, short);
    if (account === undefined || isEmpty(resources)) return;
    const filter = refuseMs === undefined ? {} : { refuseMs };
    this.tell("recovered", { account, frameworkId, role, resources, ...filter });
  }

  /** What a client has is something else now. */
  converted({ slaveId, short, frameworkId, role, resources: from }: Holding, to: Resources): void {
    const account = this.#accountFor(slaveId, short);
    if (account !== undefined) this.tell("converted", { account, frameworkId, role, from, to });
  }

  /** A framework in one of its roles, with all that it has said of what it wants. */
  addClient({ id: frameworkId, info, filters, suppressed, ref }: Framework, role: string): void {
    const client = { frameworkId, role };
    const gpus = info.capabilities.includes("GPU_RESOURCES");
    this.tell("clientAdded", { ...client, active: ref !== undefined, gpus });
    if (suppressed.has(role)) this.tell("clientSuppressed", client);
    if (filters !== undefined) this.tell("clientFilters", { ...client, filters: clientFilters(filters, role) });
  }

  resume(): void {
    this.tell("resume", {});
  }

  /** Asks who lacks something when all that it was told has been heeded; nothing when it does not say. */
  askWhoLacks(answered: (roles: readonly LackingRole[] | undefined) => void): void {
    const { ctx } = this.#state();
    if (this.#allocator === undefined) return answered(undefined);
    const settled = (outcome: AskOutcome<{ readonly roles: readonly LackingRole[] }>) =>
      answered(outcome.ok ? outcome.value.roles : undefined);
    ctx.ask(this.#allocator, "whoLacks", {}, { timeoutMs: countsMs, settled });
  }

  #accountFor(slaveId: SlaveId, short: boolean): number | undefined {
    return this.#state()
      .slaves.get(slaveId)
      ?.parts.find((part) => part.short === short)?.account;
  }

  /** Its answer comes when it has come to all that it was told before: what it was told meanwhile waited. */
  #askCounts(): void {
    const { ctx, counters, idleTime } = this.#state();
    const told = this.#told;
    if (this.#allocator === undefined) return;
    const held = idleTime.held();
    ctx.ask(
      this.#allocator,
      "counts",
      {},
      {
        timeoutMs: countsMs,
        settled: (outcome) => {
          if (!outcome.ok) return;
          idleTime.sample(held, outcome.value);
          counters.allocator(outcome.value, this.#told - told);
        },
      },
    );
  }

  #feed(allocator: ActorRef<AllocatorProtocol>): void {
    const { ctx, config, frameworks, slaves, registrar, pause } = this.#state();
    const { allocationIntervalMs, minAllocatable } = config;
    const { weights } = registrar.registry.settings();
    this.#allocator = allocator;
    const master: Address<AllocatorEvents> = ctx.self.address;
    this.tell("resetBook", { master, config: { allocationIntervalMs, minAllocatable } });
    this.tell("weights", { weights });
    this.tellQuotas();
    for (const framework of frameworks.all()) {
      if (framework.state === "completed" && isEmpty(framework.used)) continue;
      for (const role of framework.info.roles) this.addClient(framework, role);
    }
    this.#slaveOf.clear();
    for (const slave of slaves.all()) this.openAccounts(slave);
    if (!pause.isOn) this.resume();
  }
}
