import { invariant } from "../../base/invariant.ts";
import { Prng } from "../../base/prng.ts";
import type { ClientFilters } from "../../protocol/offer-filters.ts";
import type { Quantities } from "../../protocol/quantities.ts";
import { amountsOf, quantitiesOf } from "../../protocol/quantities.ts";
import type { Quota } from "../../protocol/quota.ts";
import { nameOf } from "../../protocol/reservation.ts";
import { add, contains, equal, noResources, type Resources, subtract } from "../../protocol/resources.ts";
import { Candidates } from "./candidates.ts";
import { type ClientState, Clients } from "./clients.ts";
import { Filters } from "./filters.ts";
import { Holdings } from "./holdings.ts";
import { Minimum } from "./minimum.ts";
import type { Policy } from "./policy.ts";
import type { Client, SlaveAccount } from "./protocol.ts";
import { Quotas } from "./quotas.ts";
import { RoleTree } from "./role-tree.ts";
import { Bundle, ScalarNames } from "./scalar-names.ts";
import { SlaveRows } from "./slave-rows.ts";

export type BookConfig = {
  readonly policy: Policy;
  /** What an offer must have: one of these lists. None: anything. */
  readonly minAllocatable: readonly Quantities[];
  /** The least time that a decline with a filter keeps a slave away, in milliseconds. */
  readonly refuseMsMin: number;
  /** Of the order in which slaves are looked at, and of policies that draw. */
  readonly seed: number;
};

/**
 * Everything the allocator knows between two resets: who has what, who wants what, and what changed since the last pass.
 * Offered counts as held (paper §3.5).
 *
 * Invariant, for every account: what is held and what is free make up its total.
 */
export class Book {
  readonly names = new ScalarNames();
  readonly totals = new Float64Array(64);
  readonly slaves = new SlaveRows(this.names);
  readonly holdings = new Holdings(this.names);
  readonly filters: Filters;
  readonly candidates = new Candidates();
  readonly tree: RoleTree;
  readonly clients: Clients;
  readonly quotas: Quotas;
  readonly minimum: Minimum;
  readonly config: BookConfig;
  /** Changes of who has what. */
  changes = 0;
  /** For the order of slaves. */
  readonly shuffle: Prng;
  /** For policies that draw. */
  readonly draws: Prng;
  readonly #bundle = new Bundle();
  readonly #amounts = new Float64Array(64);

  constructor(config: BookConfig, filters = new Filters()) {
    this.config = config;
    this.filters = filters;
    const random = new Prng(config.seed);
    this.shuffle = random.split("slaves");
    this.draws = random.split("ranks");
    this.tree = new RoleTree(config.policy, this.names, this.totals, this.draws);
    this.clients = new Clients(this.tree, this.names);
    this.quotas = new Quotas(this.tree, this.names);
    this.minimum = new Minimum(config.minAllocatable, this.names);
  }

  addSlave({ total, allocated, active, minOffer, ...facts }: SlaveAccount): void {
    const minimum = minOffer && new Minimum([amountsOf(minOffer)], this.names);
    const row = this.slaves.open({ ...facts, ...(minimum && { minimum }) }, active);
    this.#set(row, total, total);
    this.#countTotal(this.#bundle.read(total, this.names), 1);
    for (const { resources, ...client } of allocated) this.#allocate(row, this.clients.add(client), resources);
    this.candidates.touch(row);
  }

  removeSlave(account: number): void {
    const { slaves, holdings } = this;
    const row = slaves.row(account);
    if (row === undefined) return;
    const bundle = this.#bundle;
    for (let first = slaves.firstHolding[row] as number; first >= 0; ) {
      const client = this.clients.at(holdings.client[first] as number);
      holdings.copyTo(first, bundle, this.names.size);
      this.#countLoss(client, bundle);
      first = holdings.drop(first, first);
      this.#dropHolding(client);
    }
    for (let column = 0; column < this.names.size; column++) {
      bundle.amounts[column] = slaves.total[column]?.[row] as number;
    }
    bundle.rest = slaves.totalRest[row] as Resources;
    this.#countTotal(bundle, -1);
    if (slaves.reserved[row] === 1) this.quotas.slave(bundle.rest, -1);
    this.filters.removeSlave(row);
    for (const { acceptance } of this.clients.all()) if (row < acceptance.length) acceptance[row] = 0;
    slaves.close(row);
    // What was held and reserved there counts for no limit any more.
    if (this.quotas.any) this.candidates.touchAll();
  }

  setActive(account: number, active: boolean): void {
    const row = this.slaves.row(account);
    if (row === undefined) return;
    this.slaves.active[row] = active ? 1 : 0;
    this.candidates.touch(row);
  }

  addClient({ active, gpus, ...who }: Client & { readonly active: boolean; readonly gpus: boolean }): void {
    const client = this.clients.add(who);
    if (client.present) return;
    Object.assign(client, { present: true, active, gpus, suppressed: false });
    this.#want(client);
  }

  removeClient(who: Client): void {
    const client = this.clients.find(who);
    if (client === undefined) return;
    this.filters.removeClient(client.leaf);
    Object.assign(client, { present: false, wishes: undefined });
    client.acceptance.fill(0);
    this.#want(client);
    this.clients.forget(client);
  }

  setWanting(who: Client, change: { readonly active?: boolean; readonly suppressed?: boolean }): void {
    const client = this.clients.find(who);
    if (client === undefined) return;
    Object.assign(client, change);
    this.#want(client);
  }

  /** Forgets its declines, of some accounts or of all. */
  revive(who: Client, accounts: readonly number[] | undefined): void {
    const client = this.clients.find(who);
    if (client === undefined) return;
    if (accounts === undefined) this.filters.revive(client.leaf);
    for (const account of accounts ?? []) {
      const row = this.slaves.row(account);
      if (row !== undefined) this.filters.revive(client.leaf, row);
    }
    client.suppressed = false;
    this.#want(client);
  }

  wish(who: Client, filters: ClientFilters): void {
    const client = this.clients.find(who);
    if (client === undefined) return;
    this.clients.wish(client, filters);
    this.candidates.touchAll();
  }

  setWeights(weights: { readonly [role: string]: number }): void {
    this.tree.setWeights(weights);
  }

  setQuotas(quotas: { readonly [role: string]: Quota }, version: number): void {
    this.quotas.set(quotas, version);
    this.tree.totalsChanged();
    this.candidates.touchAll();
  }

  /** A decline that asks for no filter waits for the next batch: else it would be offered again and again at once. */
  recovered(account: number, who: Client, resources: Resources, refuseMs: number | undefined, nowMs: number): void {
    const row = this.slaves.row(account);
    const client = this.clients.find(who);
    if (row === undefined || client === undefined) return;
    const bundle = this.#bundle.read(resources, this.names);
    this.release(row, client, bundle);
    if (refuseMs !== undefined && refuseMs > 0 && client.present) {
      const untilMs = nowMs + Math.max(refuseMs, this.config.refuseMsMin);
      this.filters.refuse(client.leaf, row, bundle, this.names.size, untilMs, this.slaves.height);
    }
    this.#comesFree(row, refuseMs === 0, this.quotas.isLimited(who.role));
    this.clients.forget(client);
  }

  /** What a client holds becomes something else, as reservations are made and ended. */
  convert(account: number, who: Client, from: Resources, to: Resources): void {
    const row = this.slaves.row(account);
    const client = this.clients.find(who);
    if (row === undefined || client === undefined) return;
    this.release(row, client, this.#bundle.read(from, this.names));
    this.#set(row, add(subtract(this.total(row), from), to), add(subtract(this.free(row), from), to));
    this.#allocate(row, client, to, 0);
    this.candidates.touchAll();
  }

  /** Gives a client what is free; the bundle must be. `allocations`: 0 when the client had it before in another form. */
  grant(row: number, client: ClientState, bundle: Bundle, allocations: 0 | 1 = 1): void {
    this.changes++;
    const { slaves, holdings } = this;
    const columns = this.names.size;
    for (let column = 0; column < columns; column++) {
      const free = slaves.free[column] as Float64Array;
      const left = (free[row] as number) - (bundle.amounts[column] as number);
      if (left < 0) invariant(false, `${slaves.fact(row).slaveId} has not as much free`);
      free[row] = left;
    }
    const rest = slaves.freeRest[row] as Resources;
    if (bundle.rest !== noResources) {
      slaves.freeRest[row] = rest === bundle.rest ? noResources : subtract(rest, bundle.rest);
    }
    const first = slaves.firstHolding[row] as number;
    let holding = holdings.find(first, client.leaf);
    if (holding < 0) {
      holding = holdings.begin(first, client.leaf, row);
      slaves.firstHolding[row] = holding;
      client.holdings++;
    }
    holdings.addTo(holding, bundle, columns);
    if (slaves.reserved[row] === 0) return this.tree.gain(client.leaf, bundle.amounts, allocations);
    this.tree.gain(client.leaf, this.#counted(bundle), allocations);
    this.quotas.held(bundle.rest, 1);
  }

  release(row: number, client: ClientState, bundle: Bundle): void {
    this.changes++;
    const { slaves, holdings } = this;
    const first = slaves.firstHolding[row] as number;
    const holding = holdings.find(first, client.leaf);
    invariant(holding >= 0 || bundle.isEmpty(this.names), () => `${client.frameworkId} holds nothing there`);
    if (holding < 0) return;
    holdings.takeFrom(holding, bundle, this.names.size);
    for (let column = 0; column < this.names.size; column++) {
      const free = slaves.free[column] as Float64Array;
      free[row] = (free[row] as number) + (bundle.amounts[column] as number);
    }
    if (bundle.rest !== noResources) {
      const rest = slaves.freeRest[row] as Resources;
      slaves.freeRest[row] = rest === noResources ? bundle.rest : add(rest, bundle.rest);
    }
    this.#countLoss(client, bundle);
    if (!holdings.isEmpty(holding)) return;
    slaves.firstHolding[row] = holdings.drop(first, holding);
    client.holdings--;
  }

  total(row: number): Resources {
    return this.#resources(this.slaves.total, this.slaves.totalRest, row);
  }

  free(row: number): Resources {
    return this.#resources(this.slaves.free, this.slaves.freeRest, row);
  }

  /** Who holds what of a row. */
  *held(row: number): Generator<{ readonly client: ClientState; readonly resources: Resources }> {
    const { holdings } = this;
    const bundle = new Bundle();
    for (let each = this.slaves.firstHolding[row] as number; each >= 0; each = holdings.next[each] as number) {
      holdings.copyTo(each, bundle, this.names.size);
      yield { client: this.clients.at(holdings.client[each] as number), resources: bundle.resources(this.names) };
    }
  }

  /** The first of these rows whose parts are not its total. */
  fault(from = 0, to = this.slaves.height): string | undefined {
    for (let row = from; row < to; row++) {
      if (this.slaves.has(row) && !this.#addsUp(row)) {
        return `the parts of ${this.slaves.fact(row).slaveId} are not its total`;
      }
    }
    return undefined;
  }

  #addsUp(row: number): boolean {
    const { slaves, holdings } = this;
    const first = slaves.firstHolding[row] as number;
    for (let column = 0; column < this.names.size; column++) {
      let sum = slaves.free[column]?.[row] as number;
      for (let each = first; each >= 0; each = holdings.next[each] as number) sum += holdings.amounts.get(each, column);
      if (sum !== slaves.total[column]?.[row]) return false;
    }
    const whole = slaves.totalRest[row] as Resources;
    let rest = slaves.freeRest[row] as Resources;
    for (let each = first; each >= 0; each = holdings.next[each] as number) {
      const held = holdings.rest[each] as Resources;
      if (held !== noResources) rest = rest === noResources ? held : add(rest, held);
    }
    return rest === whole || equal(rest, whole);
  }

  /** With what a limited role gives back it may have more of every slave. */
  #comesFree(row: number, later: boolean, limited: boolean): void {
    const { candidates } = this;
    if (later && limited) candidates.waitAll();
    else if (later) candidates.wait(row);
    else if (limited) candidates.touchAll();
    else candidates.touch(row);
  }

  /** What the row has and what of it is free. */
  #set(row: number, total: Resources, free: Resources): void {
    this.changes++;
    const { slaves } = this;
    const bundle = this.#bundle.read(total, this.names);
    if (slaves.reserved[row] === 1) this.quotas.slave(slaves.totalRest[row] as Resources, -1);
    slaves.reserved[row] = isReserved(bundle.rest) ? 1 : 0;
    if (slaves.reserved[row] === 1) this.quotas.slave(bundle.rest, 1);
    slaves.totalRest[row] = bundle.rest;
    slaves.gpus[row] = Object.keys(total).some((key) => nameOf(key) === "gpus") ? 1 : 0;
    write(slaves.total, row, bundle);
    bundle.read(free, this.names);
    slaves.freeRest[row] = bundle.rest;
    write(slaves.free, row, bundle);
  }

  #allocate(row: number, client: ClientState, resources: Resources, allocations: 0 | 1 = 1): void {
    invariant(contains(this.free(row), resources), () => `${this.slaves.fact(row).slaveId} is told to hold too much`);
    this.grant(row, client, this.#bundle.read(resources, this.names), allocations);
  }

  #resources(columns: readonly Float64Array[], rests: readonly Resources[], row: number): Resources {
    const resources: Record<string, Resources[string]> = {};
    for (const [column, values] of columns.entries()) {
      const amount = values[row] as number;
      if (amount > 0) resources[this.names.list[column] as string] = amount;
    }
    return Object.assign(resources, rests[row]);
  }

  #countTotal(bundle: Bundle, sign: 1 | -1): void {
    const counted = this.#counted(bundle);
    for (let column = 0; column < this.names.size; column++) {
      this.totals[column] = (this.totals[column] as number) + sign * (counted[column] as number);
    }
    this.tree.totalsChanged();
  }

  #countLoss(client: ClientState, bundle: Bundle): void {
    this.tree.lose(client.leaf, this.#counted(bundle));
    if (isReserved(bundle.rest)) this.quotas.held(bundle.rest, -1);
  }

  /** What counts for shares: scalars, reserved or not. */
  #counted(bundle: Bundle): Float64Array {
    if (!isReserved(bundle.rest)) return bundle.amounts;
    const sums = quantitiesOf(bundle.rest);
    this.#amounts.set(bundle.amounts);
    for (const name of Object.keys(sums)) {
      const column = this.names.add(name);
      if (column >= 0) this.#amounts[column] = (this.#amounts[column] as number) + (sums[name] as number);
    }
    return this.#amounts;
  }

  #want(client: ClientState): void {
    const wants = client.present && client.active && !client.suppressed;
    this.tree.setWanting(client.leaf, wants);
    if (wants) this.candidates.touchAll();
  }

  #dropHolding(client: ClientState): void {
    client.holdings--;
    this.clients.forget(client);
  }
}

function write(columns: readonly Float64Array[], row: number, { amounts }: Bundle): void {
  for (const [column, values] of columns.entries()) values[row] = amounts[column] as number;
}

function isReserved(rest: Resources): boolean {
  if (rest === noResources) return false;
  for (const key of Object.keys(rest)) if (key.includes("(")) return true;
  return false;
}
