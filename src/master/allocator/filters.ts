import type { SlaveId } from "../../protocol/ids.ts";
import type { OfferFilters } from "../../protocol/offer.ts";
import { contains, type Resources } from "../../protocol/resources.ts";
import type { ClientId } from "./client.ts";

type Refusal = { readonly resources: Resources; readonly untilMs: number };

/**
 * What a framework does not want to see: its own declines until they expire, and the standing filters it set
 * (paper §3.5). A decline hides a slave only while nothing more is free there than what was refused.
 */
export class Filters {
  readonly #refusals = new Map<ClientId, Map<SlaveId, Refusal>>();
  readonly #standing = new Map<ClientId, OfferFilters>();

  /** A later refusal of the same slave replaces the earlier one. */
  refuse(client: ClientId, slaveId: SlaveId, resources: Resources, untilMs: number): void {
    const refusals = this.#refusals.get(client) ?? new Map<SlaveId, Refusal>();
    this.#refusals.set(client, refusals);
    refusals.set(slaveId, { resources, untilMs });
  }

  setStanding(client: ClientId, filters: OfferFilters): void {
    this.#standing.set(client, filters);
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
    for (const refusals of this.#refusals.values()) refusals.delete(slaveId);
  }

  /** Whether the framework must not be offered these resources of the slave now. */
  hides(client: ClientId, slaveId: SlaveId, resources: Resources, nowMs: number): boolean {
    const { slaves, minFree } = this.#standing.get(client) ?? {};
    if (slaves !== undefined && !slaves.includes(slaveId)) return true;
    if (minFree !== undefined && !contains(resources, minFree)) return true;
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
