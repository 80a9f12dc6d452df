import type { Protocol } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import { clientId } from "../../master/allocator/client.ts";
import { filterEndMs } from "../../master/allocator/filters.ts";
import { rowsOf } from "../../master/allocator/offered-batch.ts";
import type {
  AllocatorConfig,
  Client,
  OfferedBatch,
  OfferedRow,
  SlaveAccount,
} from "../../master/allocator/protocol.ts";
import type { ClientFilters } from "../../protocol/offer-filters.ts";
import type { Quota } from "../../protocol/quota.ts";
import { reservedFor, unreserved } from "../../protocol/reservation.ts";
import { contains, format, isEmpty, type Resources, subtract } from "../../protocol/resources.ts";
import type { Findings } from "../findings.ts";
import { type AnyContext, alteredContext, type Change, hearing } from "../interference.ts";
import { Entitlements, topOf, type Wanting } from "./entitlements.ts";
import type { Lookout } from "./lookout.ts";

export const allocationRules = {
  filters: "what was declined is not offered again before its time",
  fairness: "what is free goes to the framework that is owed most",
  limits: "nobody is offered more than the limits of a role leave",
  reserved: "what is reserved is offered to its role or one below it",
  progress: "nothing is left that somebody wants to be offered",
} as const;

type Recovered = Client & { readonly account: number; readonly resources: Resources; readonly refuseMs?: number };
type Converted = Client & { readonly account: number; readonly from: Resources; readonly to: Resources };

/** Hears what the allocator hears, and works out anew whether each offer was right, and whether none is missing. */
export function allocationsLookout(findings: Findings): Lookout {
  let told = 0;
  return {
    actor: ({ actor }) => {
      if (actor !== "allocator") return undefined;
      return new Watch(findings, () => {
        if (told++ > 0) findings.mark("an allocator is told the book again");
      }).change;
    },
  };
}

/** One life of the allocator. */
class Watch {
  readonly #findings: Findings;
  readonly #onReset: () => void;
  #entitled: Entitlements | undefined;
  #now = () => 0;
  /** Accounts that the next batch is to look at, or all of them. */
  readonly #waiting = new Set<number | "all">();

  constructor(findings: Findings, onReset: () => void) {
    this.#findings = findings;
    this.#onReset = onReset;
  }

  get change(): Change {
    return {
      context: (ctx) => this.#overhearing(ctx),
      behaviour: (behaviour) =>
        hearing(behaviour, { ...this.#slaveNews(), ...this.#clientNews(), ...this.#settings() }),
    };
  }

  /** The same context, in which what the allocator tells its master is heard, and when it looks for what to offer. */
  #overhearing(ctx: AnyContext): AnyContext {
    this.#now = () => ctx.clock.now();
    const ref = ((address: string) =>
      overheard(ctx.ref(address), (batch) => this.#offered(batch))) as AnyContext["ref"];
    const after: AnyContext["after"] = (key, delayMs, run) =>
      ctx.after(key, delayMs, () => {
        if (key === "expiry") this.#entitled?.sweep(this.#now());
        run();
        if (key === "pass") this.#nothingIsLeft();
      });
    const every: AnyContext["every"] = (key, everyMs, run) =>
      ctx.every(key, everyMs, () => {
        if (key === "batch") this.#waiting.clear();
        run();
      });
    return alteredContext(ctx, { ref, after, every });
  }

  #slaveNews() {
    return {
      slaveAdded: (slave: SlaveAccount) => this.#entitled?.open(slave),
      slaveRemoved: ({ account }: { account: number }) => this.#entitled?.close(account),
      slaveActive: ({ account, active }: { account: number; active: boolean }) => {
        const slave = this.#entitled?.accounts.get(account);
        if (slave !== undefined) slave.active = active;
      },
      recovered: ({ account, resources, refuseMs, ...client }: Recovered) => {
        const entitled = this.#entitled;
        entitled?.giveBack(account, client, resources);
        if (refuseMs === 0)
          this.#waiting.add(Object.hasOwn(entitled?.quotas ?? {}, topOf(client.role)) ? "all" : account);
        if (entitled === undefined || (refuseMs ?? 0) === 0 || this.#client(client) === undefined) return;
        if (!entitled.accounts.has(account)) return;
        const forMs = Math.max(refuseMs ?? 0, entitled.config.allocationIntervalMs);
        entitled.refuse(account, client, { resources, untilMs: filterEndMs(this.#now() + forMs) });
        this.#findings.mark("a decline hides a slave");
      },
      converted: ({ account, from, to, ...client }: Converted) => {
        this.#findings.mark("what a framework holds is reserved, or ceases to be");
        this.#entitled?.convert(account, client, from, to);
      },
    };
  }

  #clientNews() {
    const want = (client: Client, change: Partial<Wanting>) => {
      const known = this.#client(client);
      if (known !== undefined) Object.assign(known, change);
    };
    return {
      clientAdded: ({ frameworkId, role, active, gpus }: Client & { active: boolean; gpus: boolean }) => {
        if (this.#client({ frameworkId, role }) !== undefined) return;
        const client = { frameworkId, role, active, gpus, suppressed: false, filters: {} };
        this.#entitled?.clients.set(clientId(frameworkId, role), client);
      },
      clientRemoved: (client: Client) => {
        this.#entitled?.clients.delete(clientId(client.frameworkId, client.role));
        this.#entitled?.forgive(client);
      },
      clientActive: ({ active, ...client }: Client & { active: boolean }) => want(client, { active }),
      clientSuppressed: (client: Client) => want(client, { suppressed: true }),
      clientRevived: ({ accounts, ...client }: Client & { accounts?: readonly number[] }) => {
        this.#entitled?.forgive(client, accounts);
        want(client, { suppressed: false });
      },
      clientFilters: ({ filters, ...client }: Client & { filters: ClientFilters }) => want(client, { filters }),
    };
  }

  #settings() {
    return {
      resetBook: ({ config }: { config: AllocatorConfig }) => {
        this.#onReset();
        this.#waiting.clear();
        this.#entitled = new Entitlements(config);
      },
      weights: ({ weights }: { weights: { readonly [role: string]: number } }) => {
        if (this.#entitled !== undefined) this.#entitled.weights = weights;
      },
      quotas: ({ quotas }: { quotas: { readonly [role: string]: Quota } }) => {
        if (this.#entitled !== undefined) this.#entitled.quotas = quotas;
      },
    };
  }

  #client({ frameworkId, role }: Client): Wanting | undefined {
    return this.#entitled?.clients.get(clientId(frameworkId, role));
  }

  /** Row by row: each is held against what there was before it. */
  #offered(batch: OfferedBatch): void {
    const entitled = this.#entitled;
    if (entitled === undefined) return;
    for (const row of rowsOf(batch)) {
      const slave = entitled.accounts.get(row.account);
      if (slave === undefined) continue;
      if (entitled.refuses(row, row.account, row.resources, this.#now()) === "yes") {
        const what = `account ${row.account} is offered to ${row.frameworkId}, who declined it`;
        this.#findings.breach(allocationRules.filters, what);
      }
      this.#checkLimits(entitled, row);
      this.#checkReserved(row);
      this.#checkTurn(entitled, row, entitled.free(slave));
      entitled.hold(row.account, row, row.resources);
    }
  }

  #checkLimits(entitled: Entitlements, { account, frameworkId, role, resources }: OfferedRow): void {
    for (const [name, quantity] of Object.entries(unreserved(resources))) {
      const headroom = entitled.headroom(role, name);
      if (typeof quantity !== "number" || quantity <= headroom) continue;
      const what = `account ${account}, ${frameworkId} in ${role}: ${name} ${quantity}, and ${headroom} is left`;
      this.#findings.breach(allocationRules.limits, what);
    }
  }

  #checkReserved({ account, frameworkId, role, resources }: OfferedRow): void {
    const reserved = subtract(resources, unreserved(resources));
    if (isEmpty(reserved)) return;
    this.#findings.mark("what is reserved is offered");
    if (contains(reservedFor(resources, role), reserved)) return;
    const what = `account ${account}, ${frameworkId} in ${role}: ${format(reserved)}`;
    this.#findings.breach(allocationRules.reserved, what);
  }

  #checkTurn(entitled: Entitlements, row: OfferedRow, free: Resources): void {
    const { account, frameworkId, role } = row;
    if (role.includes("/")) this.#findings.mark("a role within a role is offered something");
    if (!contains(entitled.partFor(role, free), unreserved(free)))
      this.#findings.mark("a limit leaves less than is free");
    if (entitled.guaranteed(role) < 1) this.#findings.mark("a role below its guarantee comes first");
    for (const other of this.#takers(entitled, account, free)) {
      if (entitled.comesBefore(other, row, false)) this.#findings.mark("a weight or a guarantee decides");
      if (!entitled.comesBefore(other, row)) continue;
      const what = `account ${account} goes to ${frameworkId} in ${role} and not to ${other.frameworkId} in ${other.role}`;
      this.#findings.breach(allocationRules.fairness, what);
    }
  }

  /** At the end of a pass, whatever made it necessary: a slave that it forgot to look at is seen here. */
  #nothingIsLeft(): void {
    const entitled = this.#entitled;
    if (entitled === undefined || this.#waiting.has("all")) return;
    for (const slave of entitled.accounts.values()) {
      const free = entitled.free(slave);
      if (!slave.active || this.#waiting.has(slave.account) || isEmpty(free)) continue;
      for (const { frameworkId, role } of this.#takers(entitled, slave.account, free)) {
        const what = `account ${slave.account} has ${format(free)} free, which ${frameworkId} in ${role} wants`;
        this.#findings.breach(allocationRules.progress, what);
      }
    }
  }

  /** Who would take what it may have of an account. Whose refusal is over and not swept does not know it yet. */
  #takers(entitled: Entitlements, account: number, free: Resources): readonly Wanting[] {
    return [...entitled.clients.values()].filter((client) => {
      if (!entitled.wouldTake(client, account, free)) return false;
      const part = entitled.partFor(client.role, free);
      return entitled.refuses(client, account, part, this.#now()) === "no";
    });
  }
}

/** The same ref, and what the allocator tells its master through it is heard. */
function overheard(ref: ActorRef<Protocol>, offered: (batch: OfferedBatch) => void): ActorRef<Protocol> {
  return Object.create(ref, {
    tell: {
      value: (kind: string, body: never) => {
        if (kind === "offered") offered(body);
        ref.tell(kind as never, body);
      },
    },
  }) as ActorRef<Protocol>;
}
