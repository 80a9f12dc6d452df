import { type Quantities, quantitiesOf } from "../../../src/protocol/quantities.ts";
import type { Quota } from "../../../src/protocol/quota.ts";
import { flattened, reservationOf, reservedFor, unreserved } from "../../../src/protocol/reservation.ts";
import { add, contains, isEmpty, type Resources, scalar, subtract, sum } from "../../../src/protocol/resources.ts";

/** A framework in a role. */
export type Who = { readonly frameworkId: string; readonly role: string };

export type RefSlave = {
  readonly account: number;
  readonly slaveId: string;
  readonly hostname: string;
  readonly attributes: { readonly [name: string]: string };
  total: Resources;
  active: boolean;
  readonly minOffer?: Resources;
};

/** Constraints come as the function that they mean. */
export type RefWishes = {
  readonly slaves?: readonly string[];
  readonly minFree?: Resources;
  readonly minAllocatable?: readonly Quantities[];
  readonly fits?: (slave: RefSlave) => boolean;
};

export type RefClient = Who & {
  present: boolean;
  active: boolean;
  suppressed: boolean;
  gpus: boolean;
  wishes: RefWishes;
};

type Holding = { readonly account: number; readonly who: Who; resources: Resources };
type Refusal = {
  readonly account: number;
  readonly who: Who;
  readonly resources: Resources;
  readonly untilMs: number;
};
type Gift = { readonly client: RefClient; readonly resources: Resources };

/** Who comes first, by policy: the first number of two that differs decides, the lower first. */
const policies = {
  drf: ({ share, weight }: Rank) => [share / weight],
  priority: ({ share, weight }: Rank) => [-weight, share],
  fifo: ({ arrival }: Rank) => [arrival],
};
type Rank = { readonly share: number; readonly weight: number; readonly arrival: number };
export type RefPolicy = keyof typeof policies;

/**
 * The rules of allocation as plainly as they can be written down: everything is worked out anew from who holds what, for
 * every offer. For comparison with the allocator, which keeps all of it up to date in columns and heaps.
 */
export class Reference {
  nowMs = 0;
  readonly slaves = new Map<number, RefSlave>();
  readonly clients: RefClient[] = [];
  holdings: Holding[] = [];
  refusals: Refusal[] = [];
  weights: { readonly [role: string]: number } = {};
  quotas: { readonly [role: string]: Quota } = {};
  readonly #policy: RefPolicy;
  readonly #minAllocatable: readonly Quantities[];
  /** When each role and client came, and how often something below it was allocated; while anybody is below it. */
  readonly #history = new Map<string, { readonly arrival: number; allocations: number }>();
  #arrivals = 0;

  constructor(policy: RefPolicy, minAllocatable: readonly Quantities[]) {
    this.#policy = policy;
    this.#minAllocatable = minAllocatable;
  }

  client(who: Who): RefClient | undefined {
    return this.clients.find((client) => isSame(client, who));
  }

  enter(who: Who, change: Partial<RefClient> = {}): RefClient {
    const known = this.client(who);
    if (known !== undefined) return Object.assign(known, change);
    for (const path of levels(who)) {
      if (!this.#history.has(path)) this.#history.set(path, { arrival: this.#arrivals++, allocations: 0 });
    }
    const absent = { ...who, present: false, active: false, suppressed: false, gpus: false, wishes: {} };
    const client: RefClient = Object.assign(absent, change);
    this.clients.push(client);
    return client;
  }

  /** Who is gone and holds nothing is forgotten, and so are roles without anybody. */
  tidy(): void {
    this.holdings = this.holdings.filter(({ resources }) => !isEmpty(resources));
    const left = this.clients.filter(
      (client) => client.present || this.holdings.some(({ who }) => isSame(who, client)),
    );
    this.clients.splice(0, Number.POSITIVE_INFINITY, ...left);
    const paths = new Set(left.flatMap(levels));
    for (const path of [...this.#history.keys()]) if (!paths.has(path)) this.#history.delete(path);
  }

  free({ account, total }: RefSlave): Resources {
    return subtract(total, sum(this.holdings.filter((each) => each.account === account).map((each) => each.resources)));
  }

  /** `isNew`: counts as an allocation; otherwise it was held before in another form. */
  hold(account: number, who: Who, resources: Resources, isNew = true): void {
    const known = this.holdings.find((each) => each.account === account && isSame(each.who, who));
    if (known === undefined) this.holdings.push({ account, who, resources });
    else known.resources = add(known.resources, resources);
    if (isNew) for (const path of levels(who)) this.#of(path).allocations++;
  }

  giveBack(account: number, who: Who, resources: Resources): void {
    const holding = this.holdings.find((each) => each.account === account && isSame(each.who, who));
    if (holding !== undefined) holding.resources = subtract(holding.resources, resources);
  }

  /** A later refusal of the same slave takes the place of the earlier one. */
  refuse(account: number, who: Who, resources: Resources, forMs: number): void {
    this.forgive(who, account);
    this.refusals.push({ account, who, resources, untilMs: this.nowMs + forMs });
  }

  forgive(who: Who, account?: number): void {
    const isMeant = (each: Refusal) => isSame(each.who, who) && (account ?? each.account) === each.account;
    this.refusals = this.refusals.filter((each) => !isMeant(each));
  }

  /** Whom what is free of a slave goes to next, and how much of it. */
  next(slave: RefSlave): Gift | undefined {
    const free = this.free(slave);
    if (!slave.active || isEmpty(free)) return undefined;
    const ranked = this.#ranked(
      this.clients.filter(({ present, active, suppressed }) => present && active && !suppressed),
      0,
    );
    const first = this.#belowGuarantee().flatMap((top) => ranked.filter(({ role }) => topOf(role) === top));
    for (const client of [...first, ...ranked]) {
      const resources = this.#partFor(client, free);
      if (this.#wants(client, slave, resources)) return { client, resources };
    }
    return undefined;
  }

  /** Unreserved scalars as far as the limit goes, other unreserved resources, and what is reserved for the role. */
  #partFor({ role }: Who, free: Resources): Resources {
    const limits = this.quotas[topOf(role)]?.limits ?? {};
    const cut = Object.entries(unreserved(free)).map(([name, quantity]) => {
      if (typeof quantity !== "number" || limits[name] === undefined) return [name, quantity];
      const left = Math.max(0, limits[name] - this.#consumed(topOf(role), name));
      return [name, Math.min(quantity, left)];
    });
    return { ...Object.fromEntries(cut), ...reservedFor(free, role) };
  }

  /** What is reserved to the role or below, used or not, and what else it was allocated. */
  #consumed(top: string, name: string): number {
    let amount = 0;
    for (const { total } of this.slaves.values()) {
      for (const [key, quantity] of Object.entries(total)) {
        const role = reservationOf(key)?.role;
        if (role !== undefined && topOf(role) === top) amount += quantitiesOf({ [key]: quantity })[name] ?? 0;
      }
    }
    for (const { who, resources } of this.holdings) {
      if (topOf(who.role) === top) amount += scalar(unreserved(resources), name);
    }
    return amount;
  }

  /** Roles that hold less of something than they should, those furthest below first. */
  #belowGuarantee(): readonly string[] {
    const found = Object.keys(this.quotas)
      .sort()
      .map((role) => {
        const held = this.#heldBelow(role);
        const parts = Object.entries(this.quotas[role]?.guarantees ?? {}).map(([name, guarantee]) =>
          guarantee === 0 ? 1 : (held[name] ?? 0) / guarantee,
        );
        return { role, part: Math.min(1, ...parts) };
      });
    return found
      .filter(({ part }) => part < 1)
      .sort((a, b) => a.part - b.part)
      .map(({ role }) => role);
  }

  #wants(client: RefClient, slave: RefSlave, resources: Resources): boolean {
    const { slaves, minFree, minAllocatable = this.#minAllocatable, fits } = client.wishes;
    if (isEmpty(resources)) return false;
    if (!client.gpus && (quantitiesOf(slave.total)["gpus"] ?? 0) > 0) return false;
    if (slaves?.includes(slave.slaveId) === false || fits?.(slave) === false) return false;
    if (minAllocatable.length > 0 && !minAllocatable.some((list) => isEnough(resources, list))) return false;
    if (!contains(flattened(resources), minFree ?? {})) return false;
    if (!contains(flattened(this.free(slave)), slave.minOffer ?? {})) return false;
    return !this.refusals.some(
      (each) =>
        isSame(each.who, client) &&
        each.account === slave.account &&
        each.untilMs > this.nowMs &&
        contains(each.resources, resources),
    );
  }

  /** At each level the subtree that is owed most comes first, with all that is in it. */
  #ranked(clients: readonly RefClient[], level: number): readonly RefClient[] {
    const groups = new Map<string, RefClient[]>();
    for (const client of clients) {
      const path = levels(client)[level];
      if (path === undefined) return clients;
      groups.set(path, [...(groups.get(path) ?? []), client]);
    }
    const order = new Map([...groups.keys()].map((path) => [path, this.#order(path)]));
    return [...groups.keys()]
      .sort((a, b) => compared(order.get(a) ?? [], order.get(b) ?? []) || (a < b ? -1 : 1))
      .flatMap((path) => this.#ranked(groups.get(path) ?? [], level + 1));
  }

  #order(path: string): readonly number[] {
    const { arrival, allocations } = this.#of(path);
    const held = this.#heldBelow(path);
    const totals = quantities([...this.slaves.values()].map(({ total }) => total));
    const shares = Object.entries(held).map(([name, amount]) => (amount === 0 ? 0 : amount / (totals[name] ?? 0)));
    const rank = { share: Math.max(0, ...shares), weight: this.weights[path] ?? 1, arrival };
    return [...policies[this.#policy](rank), allocations];
  }

  #heldBelow(path: string): Quantities {
    return quantities(this.holdings.filter(({ who }) => levels(who).includes(path)).map(({ resources }) => resources));
  }

  #of(path: string): { readonly arrival: number; allocations: number } {
    const history = this.#history.get(path);
    if (history === undefined) throw new Error(`nobody is in ${path}`);
    return history;
  }
}

/** With whom a client competes: `a`, `a/b`, `a/b/.`, `a/b/./FRAMEWORK`. A node alone beside none changes no order. */
function levels({ frameworkId, role }: Who): readonly string[] {
  const names = role.split("/");
  const roles = names.map((_, index) => names.slice(0, index + 1).join("/"));
  return [...roles, `${role}/.`, `${role}/./${frameworkId}`];
}

function isSame(a: Who, b: Who): boolean {
  return a.frameworkId === b.frameworkId && a.role === b.role;
}

function topOf(role: string): string {
  return role.split("/")[0] as string;
}

function compared(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}

function isEnough(resources: Resources, list: Quantities): boolean {
  const there = quantitiesOf(resources);
  return Object.entries(list).every(([name, amount]) => (there[name] ?? 0) >= amount);
}

/** Of several slaves together. */
function quantities(list: readonly Resources[]): Quantities {
  const sums: Record<string, number> = {};
  for (const resources of list) {
    for (const [name, amount] of Object.entries(quantitiesOf(resources))) sums[name] = (sums[name] ?? 0) + amount;
  }
  return sums;
}
