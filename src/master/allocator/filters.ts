import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import type { OfferFilters } from "../../protocol/offer.ts";
import { contains, type Resources } from "../../protocol/resources.ts";

type Refusal = { readonly resources: Resources; readonly untilMs: number };

/**
 * What a framework does not want to see: its own declines until they expire, and the standing filters it set
 * (paper §3.5). A decline hides a slave only while nothing more is free there than what was refused.
 */
export class Filters {
  readonly #refusals = new Map<FrameworkId, Map<SlaveId, Refusal>>();
  readonly #standing = new Map<FrameworkId, OfferFilters>();

  /** A later refusal of the same slave replaces the earlier one. */
  refuse(frameworkId: FrameworkId, slaveId: SlaveId, resources: Resources, untilMs: number): void {
    const refusals = this.#refusals.get(frameworkId) ?? new Map<SlaveId, Refusal>();
    this.#refusals.set(frameworkId, refusals);
    refusals.set(slaveId, { resources, untilMs });
  }

  setStanding(frameworkId: FrameworkId, filters: OfferFilters): void {
    this.#standing.set(frameworkId, filters);
  }

  /** Forgets the declines of a framework, as REVIVE does; standing filters stay. */
  revive(frameworkId: FrameworkId): void {
    this.#refusals.delete(frameworkId);
  }

  removeFramework(frameworkId: FrameworkId): void {
    this.#refusals.delete(frameworkId);
    this.#standing.delete(frameworkId);
  }

  removeSlave(slaveId: SlaveId): void {
    for (const refusals of this.#refusals.values()) refusals.delete(slaveId);
  }

  /** Whether the framework must not be offered these resources of the slave now. */
  hides(frameworkId: FrameworkId, slaveId: SlaveId, resources: Resources, nowMs: number): boolean {
    const { slaves, minFree } = this.#standing.get(frameworkId) ?? {};
    if (slaves !== undefined && !slaves.includes(slaveId)) return true;
    if (minFree !== undefined && !contains(resources, minFree)) return true;
    const refusals = this.#refusals.get(frameworkId);
    const refusal = refusals?.get(slaveId);
    if (refusal === undefined) return false;
    if (refusal.untilMs <= nowMs) {
      refusals?.delete(slaveId);
      return false;
    }
    return contains(refusal.resources, resources);
  }
}
