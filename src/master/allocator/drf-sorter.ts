import { invariant } from "../../base/invariant.ts";
import { type Resources, scalarsOf } from "../../protocol/resources.ts";
import type { ClientId } from "./client.ts";
import type { Sorter } from "./sorter.ts";

type Client = { readonly id: ClientId; readonly allocated: Map<string, number>; share: number; allocations: number };

/**
 * Dominant resource fairness (Ghodsi et al., NSDI 2011): the client whose largest fraction of any resource is
 * smallest comes first. Ties go to fewer allocations, then to the id, as in Mesos, so the order is always the same.
 */
export class DrfSorter implements Sorter {
  readonly #clients = new Map<ClientId, Client>();
  readonly #totals = new Map<string, number>();

  addClient(id: ClientId): void {
    invariant(!this.#clients.has(id), () => `client ${id} is sorted already`);
    this.#clients.set(id, { id, allocated: new Map(), share: 0, allocations: 0 });
  }

  removeClient(id: ClientId): void {
    this.#clients.delete(id);
  }

  addTotal(resources: Resources): void {
    addScalars(this.#totals, resources, 1);
    this.#reshareAll();
  }

  removeTotal(resources: Resources): void {
    addScalars(this.#totals, resources, -1);
    this.#reshareAll();
  }

  allocated(id: ClientId, resources: Resources): void {
    const client = this.#client(id);
    addScalars(client.allocated, resources, 1);
    client.allocations++;
    client.share = this.#shareOf(client);
  }

  unallocated(id: ClientId, resources: Resources): void {
    const client = this.#client(id);
    addScalars(client.allocated, resources, -1);
    client.allocations--;
    client.share = this.#shareOf(client);
  }

  order(): readonly ClientId[] {
    return [...this.#clients.values()].sort(before).map(({ id }) => id);
  }

  /** The client's dominant share, in [0, 1]. */
  share(id: ClientId): number {
    return this.#client(id).share;
  }

  #client(id: ClientId): Client {
    const client = this.#clients.get(id);
    invariant(client !== undefined, () => `client ${id} is not sorted`);
    return client;
  }

  #shareOf(client: Client): number {
    let share = 0;
    for (const [name, amount] of client.allocated) {
      const total = this.#totals.get(name) ?? 0;
      if (total > 0) share = Math.max(share, amount / total);
    }
    return share;
  }

  #reshareAll(): void {
    for (const client of this.#clients.values()) client.share = this.#shareOf(client);
  }
}

function before(a: Client, b: Client): number {
  return a.share - b.share || a.allocations - b.allocations || (a.id < b.id ? -1 : 1);
}

function addScalars(sums: Map<string, number>, resources: Resources, sign: 1 | -1): void {
  for (const [name, amount] of Object.entries(scalarsOf(resources))) {
    const sum = (sums.get(name) ?? 0) + sign * amount;
    invariant(sum >= 0, () => `${name} of a share went below zero`);
    sums.set(name, sum);
  }
}
