import { type ClientId, clientId } from "../../master/allocator/client.ts";
import type { AllocatorConfig, Client, SlaveAccount } from "../../master/allocator/protocol.ts";
import { compileConstraints } from "../../protocol/offer-constraints.ts";
import type { ClientFilters } from "../../protocol/offer-filters.ts";
import { amountsOf, type Quantities, quantitiesOf } from "../../protocol/quantities.ts";
import type { Quota } from "../../protocol/quota.ts";
import { flattened, reservedByRole, reservedFor, unreserved } from "../../protocol/reservation.ts";
import { add, contains, isEmpty, noResources, type Resources, subtract } from "../../protocol/resources.ts";

export type Wanting = Client & { active: boolean; suppressed: boolean; gpus: boolean; filters: ClientFilters };
type Refusal = { readonly resources: Resources; readonly untilMs: number };
type Account = Omit<SlaveAccount, "allocated" | "total" | "active"> & {
  total: Resources;
  active: boolean;
  readonly held: Map<ClientId, { readonly client: Client; resources: Resources }>;
};

/**
 * Who may have what, and who is owed more than whom, by what an allocator was told and has offered since, without a line of
 * the allocator's own.
 */
export class Entitlements {
  readonly accounts = new Map<number, Account>();
  readonly clients = new Map<ClientId, Wanting>();
  weights: { readonly [role: string]: number } = {};
  quotas: { readonly [role: string]: Quota } = {};
  readonly config: AllocatorConfig;
  readonly #refusals = new Map<ClientId, Map<number, Refusal>>();
  /**
   * Scalars by name: what each role and client holds, by path; what there is, by `""`; and by role at the top what is
   * reserved to it or below, `ROLE reserved`, and what else it holds, `ROLE unreserved`.
   */
  readonly #sums = new Map<string, Map<string, number>>();

  constructor(config: AllocatorConfig) {
    this.config = config;
  }

  open({ allocated, ...slave }: SlaveAccount): void {
    this.accounts.set(slave.account, { ...slave, held: new Map() });
    this.#countTotal(slave.total, 1);
    for (const { resources, ...client } of allocated) this.hold(slave.account, client, resources);
  }

  close(account: number): void {
    const slave = this.accounts.get(account);
    if (slave === undefined) return;
    this.#countTotal(slave.total, -1);
    for (const { client, resources } of slave.held.values()) this.#count(client, resources, -1);
    this.accounts.delete(account);
    for (const some of this.#refusals.values()) some.delete(account);
  }

  hold(account: number, { frameworkId, role }: Client, resources: Resources): void {
    const held = this.accounts.get(account)?.held;
    if (held === undefined) return;
    const id = clientId(frameworkId, role);
    const client = { frameworkId, role };
    held.set(id, { client, resources: add(held.get(id)?.resources ?? noResources, resources) });
    this.#count(client, resources, 1);
  }

  /** What was not held changes nothing: that is for the allocator to complain of. */
  giveBack(account: number, { frameworkId, role }: Client, resources: Resources): void {
    const held = this.accounts.get(account)?.held.get(clientId(frameworkId, role));
    if (held === undefined || !contains(held.resources, resources)) return;
    held.resources = subtract(held.resources, resources);
    this.#count(held.client, resources, -1);
  }

  convert(account: number, client: Client, from: Resources, to: Resources): void {
    const found = this.accounts.get(account);
    if (found === undefined) return;
    this.giveBack(account, client, from);
    this.#countTotal(found.total, -1);
    found.total = add(subtract(found.total, from), to);
    this.#countTotal(found.total, 1);
    this.hold(account, client, to);
  }

  refuse(account: number, { frameworkId, role }: Client, refusal: Refusal): void {
    const id = clientId(frameworkId, role);
    const some = this.#refusals.get(id) ?? new Map<number, Refusal>();
    this.#refusals.set(id, some.set(account, refusal));
  }

  /** No accounts: of all. */
  forgive({ frameworkId, role }: Client, accounts?: readonly number[]): void {
    const id = clientId(frameworkId, role);
    if (accounts === undefined) this.#refusals.delete(id);
    for (const account of accounts ?? []) this.#refusals.get(id)?.delete(account);
  }

  /** Forgets refusals that are over. */
  sweep(nowMs: number): void {
    for (const some of this.#refusals.values()) {
      for (const [account, { untilMs }] of some) if (untilMs <= nowMs) some.delete(account);
    }
  }

  /** `"over"`: it did, and that is over, but nobody has swept yet. */
  refuses(client: Client, account: number, resources: Resources, nowMs: number): "yes" | "no" | "over" {
    const refusal = this.#refusals.get(clientId(client.frameworkId, client.role))?.get(account);
    if (refusal === undefined || !contains(refusal.resources, resources)) return "no";
    return nowMs < refusal.untilMs ? "yes" : "over";
  }

  free({ total, held }: Account): Resources {
    let free = total;
    for (const { resources } of held.values()) if (contains(free, resources)) free = subtract(free, resources);
    return free;
  }

  /** What the role may be given of these resources: what is nobody's as far as its limit goes, and what is its own. */
  partFor(role: string, free: Resources): Resources {
    const part: Record<string, Resources[string]> = {};
    for (const [name, quantity] of Object.entries(unreserved(free))) {
      part[name] = typeof quantity === "number" ? Math.min(quantity, this.headroom(role, name)) : quantity;
    }
    return { ...part, ...reservedFor(free, role) };
  }

  /** How much more of a scalar the limits let a role have. */
  headroom(role: string, name: string): number {
    const top = topOf(role);
    const limit = this.quotas[top]?.limits[name];
    return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(0, limit - this.#consumed(top, name));
  }

  /** Whether somebody who wants offers would take what it may have of what is free of the account. */
  wouldTake(client: Wanting, account: number, free: Resources): boolean {
    const resources = this.partFor(client.role, free);
    const slave = this.accounts.get(account);
    const { minAllocatable = this.config.minAllocatable, slaves, minFree, constraints } = client.filters;
    if (slave === undefined || !client.active || client.suppressed || isEmpty(resources)) return false;
    if (!contains(flattened(free), slave.minOffer ?? noResources)) return false;
    if (!client.gpus && (quantitiesOf(slave.total)["gpus"] ?? 0) > 0) return false;
    if (slaves?.includes(slave.slaveId) === false) return false;
    if (constraints !== undefined && !compileConstraints(constraints)(slave)) return false;
    const amounts = amountsOf(resources);
    const isEnough = (list: Quantities) => Object.entries(list).every(([name, least]) => (amounts[name] ?? 0) >= least);
    if (minAllocatable.length > 0 && !minAllocatable.some(isEnough)) return false;
    return contains(flattened(resources), minFree ?? noResources);
  }

  /** Whether one comes before the other for certain: what ties is left open. */
  comesBefore(one: Client, other: Client, weighted = true): boolean {
    const [ours, theirs] = [this.guaranteed(one.role), this.guaranteed(other.role)];
    if (ours !== theirs) return ours < theirs;
    if (ours < 1 && topOf(one.role) !== topOf(other.role)) return false;
    const [paths, others] = [levels(one), levels(other)];
    const level = paths.findIndex((path, index) => path !== others[index]);
    if (level < 0) return false;
    return this.#share(paths[level] as string, weighted) < this.#share(others[level] as string, weighted);
  }

  /** How much a role has of its guarantee, of what it has least: 1 for all of it. */
  guaranteed(role: string): number {
    const top = topOf(role);
    let part = 1;
    for (const [name, guarantee] of Object.entries(this.quotas[top]?.guarantees ?? {})) {
      if (guarantee > 0) part = Math.min(part, this.#sum(top, name) / guarantee);
    }
    return part;
  }

  #consumed(top: string, name: string): number {
    return this.#sum(`${top} reserved`, name) + this.#sum(`${top} unreserved`, name);
  }

  /** A weighted dominant share (Ghodsi et al., NSDI 2011). */
  #share(path: string, weighted: boolean): number {
    let share = 0;
    for (const [name, total] of this.#sums.get("") ?? []) {
      if (total > 0) share = Math.max(share, this.#sum(path, name) / total);
    }
    return weighted ? share / (this.weights[path] ?? 1) : share;
  }

  #sum(path: string, name: string): number {
    return this.#sums.get(path)?.get(name) ?? 0;
  }

  #countTotal(total: Resources, sign: 1 | -1): void {
    this.#addTo("", quantitiesOf(total), sign);
    for (const [role, resources] of reservedByRole(total)) {
      this.#addTo(`${topOf(role)} reserved`, quantitiesOf(resources), sign);
    }
  }

  #count(client: Client, resources: Resources, sign: 1 | -1): void {
    const held = quantitiesOf(resources);
    for (const path of levels(client)) this.#addTo(path, held, sign);
    this.#addTo(`${topOf(client.role)} unreserved`, quantitiesOf(unreserved(resources)), sign);
  }

  #addTo(path: string, amounts: Quantities, sign: 1 | -1): void {
    const sums = this.#sums.get(path) ?? new Map<string, number>();
    this.#sums.set(path, sums);
    for (const [name, amount] of Object.entries(amounts)) sums.set(name, (sums.get(name) ?? 0) + sign * amount);
  }
}

/** `a`, `a/b`, `a/b/.`, `a/b/./FRAMEWORK`: with whom a client competes. */
function levels({ frameworkId, role }: Client): readonly string[] {
  const paths: string[] = [];
  for (const name of role.split("/")) paths.push(paths.length === 0 ? name : `${paths.at(-1)}/${name}`);
  return [...paths, `${role}/.`, `${role}/./${frameworkId}`];
}

export function topOf(role: string): string {
  return role.split("/", 1)[0] as string;
}
