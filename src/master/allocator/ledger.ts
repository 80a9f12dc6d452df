import { invariant } from "../../base/invariant.ts";
import type { SlaveId } from "../../protocol/ids.ts";
import { add, equal, isEmpty, noResources, type Resources, subtract, sum } from "../../protocol/resources.ts";
import type { ClientId } from "./client.ts";

type SlaveRow = {
  readonly total: Resources;
  available: Resources;
  readonly allocated: Map<ClientId, Resources>;
  active: boolean;
};

/**
 * Who holds what on which slave, as the allocator believes. Offered counts as allocated (paper §3.5).
 * Invariant, for every slave: the sum of what is allocated and what is available is its total.
 */
export class Ledger {
  readonly #slaves = new Map<SlaveId, SlaveRow>();

  get slaves(): Iterable<SlaveId> {
    return this.#slaves.keys();
  }

  has(slaveId: SlaveId): boolean {
    return this.#slaves.has(slaveId);
  }

  addSlave(slaveId: SlaveId, total: Resources, active: boolean): void {
    invariant(!this.#slaves.has(slaveId), () => `slave ${slaveId} is in the ledger`);
    this.#slaves.set(slaveId, { total, available: total, allocated: new Map(), active });
  }

  /** What was allocated there, by framework. */
  removeSlave(slaveId: SlaveId): ReadonlyMap<ClientId, Resources> {
    const { allocated } = this.#row(slaveId);
    this.#slaves.delete(slaveId);
    return allocated;
  }

  setActive(slaveId: SlaveId, active: boolean): void {
    this.#row(slaveId).active = active;
  }

  total(slaveId: SlaveId): Resources {
    return this.#row(slaveId).total;
  }

  /** What could be offered now. */
  available(slaveId: SlaveId): Resources {
    const row = this.#slaves.get(slaveId);
    return row === undefined || !row.active ? noResources : row.available;
  }

  grant(slaveId: SlaveId, client: ClientId, resources: Resources): void {
    const row = this.#row(slaveId);
    row.available = subtract(row.available, resources);
    row.allocated.set(client, add(row.allocated.get(client) ?? noResources, resources));
  }

  release(slaveId: SlaveId, client: ClientId, resources: Resources): void {
    const row = this.#row(slaveId);
    const left = subtract(row.allocated.get(client) ?? noResources, resources);
    if (isEmpty(left)) row.allocated.delete(client);
    else row.allocated.set(client, left);
    row.available = add(row.available, resources);
  }

  allocations(slaveId: SlaveId): ReadonlyMap<ClientId, Resources> {
    return this.#row(slaveId).allocated;
  }

  /** The first slave whose parts are not its total, for oracles. */
  fault(): string | undefined {
    for (const [slaveId, row] of this.#slaves) {
      const parts = sum([row.available, ...row.allocated.values()]);
      if (!equal(parts, row.total)) return `allocator's ledger: the parts of ${slaveId} are not its total`;
    }
    return undefined;
  }

  #row(slaveId: SlaveId): SlaveRow {
    const row = this.#slaves.get(slaveId);
    invariant(row !== undefined, () => `slave ${slaveId} is not in the ledger`);
    return row;
  }
}
