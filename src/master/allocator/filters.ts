import type { SlaveId } from "../../protocol/ids.ts";
import { type ConstrainedSlave, compileConstraints } from "../../protocol/offer-constraints.ts";
import type { ClientFilters, Quantities } from "../../protocol/offer-filters.ts";
import { contains, isRanges, type Resources } from "../../protocol/resources.ts";
import type { ClientId } from "./client.ts";

/** Mesos's `min_allocatable_resources`: less than this of both is not worth an offer. */
const minAllocatableDefault: readonly Quantities[] = [{ cpus: 10 }, { mem: 32_000 }];

type Refusal = { readonly resources: Resources; readonly untilMs: number };

type Standing = ClientFilters & { readonly fits: (slave: ConstrainedSlave) => boolean };

/**
 * What a framework does not want to see: its own declines until they expire, and the standing filters it set
 * (paper §3.5). A decline hides a slave only while nothing more is free there than what was refused.
 */
export class Filters {
  readonly #refusals = new Map<ClientId, Map<SlaveId, Refusal>>();
  readonly #standing = new Map<ClientId, Standing>();
  readonly #slaves = new Map<SlaveId, ConstrainedSlave>();

  /** A later refusal of the same slave replaces the earlier one. */
  refuse(client: ClientId, slaveId: SlaveId, resources: Resources, untilMs: number): void {
    const refusals = this.#refusals.get(client) ?? new Map<SlaveId, Refusal>();
    this.#refusals.set(client, refusals);
    refusals.set(slaveId, { resources, untilMs });
  }

  setStanding(client: ClientId, filters: ClientFilters): void {
    const { constraints } = filters;
    this.#standing.set(client, {
      ...filters,
      fits: constraints === undefined ? () => true : compileConstraints(constraints),
    });
  }

  addSlave(slaveId: SlaveId, slave: ConstrainedSlave): void {
    this.#slaves.set(slaveId, slave);
  }

  /** Forgets the declines of a framework, as REVIVE does; standing filters stay. */
  revive(client: ClientId): void {
    this.#refusals.delete(client);
  }

  removeClient(client: ClientId): void {
    this.#refusals.delete(client);
    this.#standing.delete(client);
  }

  removeSlave(slaveId: SlaveId): void {
    this.#slaves.delete(slaveId);
    for (const refusals of this.#refusals.values()) refusals.delete(slaveId);
  }

  /** Whether the framework must not be offered these resources of the slave now. */
  hides(client: ClientId, slaveId: SlaveId, resources: Resources, nowMs: number): boolean {
    const { slaves, minFree, minAllocatable = minAllocatableDefault, fits } = this.#standing.get(client) ?? {};
    if (slaves !== undefined && !slaves.includes(slaveId)) return true;
    if (minFree !== undefined && !contains(resources, minFree)) return true;
    if (minAllocatable.length > 0 && !minAllocatable.some((amounts) => covers(resources, amounts))) return true;
    const slave = this.#slaves.get(slaveId);
    if (fits !== undefined && slave !== undefined && !fits(slave)) return true;
    const refusals = this.#refusals.get(client);
    const refusal = refusals?.get(slaveId);
    if (refusal === undefined) return false;
    if (refusal.untilMs <= nowMs) {
      refusals?.delete(slaveId);
      return false;
    }
    return contains(refusal.resources, resources);
  }
}

function covers(resources: Resources, amounts: Quantities): boolean {
  return Object.entries(amounts).every(([name, amount]) => amountOf(resources, name) >= amount);
}

/** In thousandths; of ranges and sets the number of their values. */
function amountOf(resources: Resources, name: string): number {
  const quantity = Object.hasOwn(resources, name) ? resources[name] : undefined;
  if (quantity === undefined || typeof quantity === "number") return quantity ?? 0;
  if (!isRanges(quantity)) return quantity.items.length * 1_000;
  return quantity.ranges.reduce((sum, [begin, end]) => sum + (end - begin + 1) * 1_000, 0);
}
