import type { Address } from "../../actors/address.ts";
import { protocolTable, type Tell } from "../../actors/protocol.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import type { OfferFilters } from "../../protocol/offer.ts";
import type { Resources } from "../../protocol/resources.ts";

/** The name under which the allocator is registered on its thread. */
export const allocatorName = "allocator";

/**
 * What the allocator hears from the master. It learns the whole book between `resetBook` and `resume`; before that it
 * offers nothing, and messages meant for an earlier life change nothing.
 */
export type AllocatorProtocol = {
  resetBook: Tell<{ readonly master: Address<AllocatorEvents>; readonly allocationIntervalMs: number }>;
  resume: Tell<Record<never, never>>;
  slaveAdded: Tell<{
    readonly slaveId: SlaveId;
    /** Number of this account of the slave: the rows made from it carry it. */
    readonly account: number;
    readonly total: Resources;
    readonly allocated: readonly SlaveAllocation[];
    readonly active: boolean;
  }>;
  slaveRemoved: Tell<{ readonly slaveId: SlaveId }>;
  /** An inactive slave keeps its allocations and is not offered. */
  slaveActive: Tell<{ readonly slaveId: SlaveId; readonly active: boolean }>;
  frameworkAdded: Tell<{ readonly frameworkId: FrameworkId; readonly role: string; readonly active: boolean }>;
  frameworkRemoved: Tell<{ readonly frameworkId: FrameworkId }>;
  frameworkActive: Tell<{ readonly frameworkId: FrameworkId; readonly active: boolean }>;
  suppress: Tell<{ readonly frameworkId: FrameworkId }>;
  revive: Tell<{ readonly frameworkId: FrameworkId }>;
  setFilters: Tell<{ readonly frameworkId: FrameworkId; readonly filters: OfferFilters }>;
  /** Resources that a framework gives back. `refuseMs`: it does not want them again for so long; 0: no filter. */
  recovered: Tell<{
    readonly slaveId: SlaveId;
    readonly frameworkId: FrameworkId;
    readonly resources: Resources;
    readonly refuseMs?: number;
  }>;
};

export type SlaveAllocation = { readonly frameworkId: FrameworkId; readonly resources: Resources };

/** What the master hears from the allocator: rows to confirm as offers, or to give back. */
export type AllocatorEvents = {
  offered: Tell<{ readonly rows: readonly OfferedRow[] }>;
};

export type OfferedRow = {
  readonly slaveId: SlaveId;
  /** The account that it was taken from; when that is no longer the slave's, there is nothing to confirm or give back. */
  readonly account: number;
  readonly frameworkId: FrameworkId;
  readonly resources: Resources;
};

export const allocatorTable = protocolTable<AllocatorProtocol>("allocator", {
  resetBook: { master: 0, allocationIntervalMs: 1 },
  resume: {},
  slaveAdded: { slaveId: 0, account: 1, total: 2, allocated: 3, active: 4 },
  slaveRemoved: { slaveId: 0 },
  slaveActive: { slaveId: 0, active: 1 },
  frameworkAdded: { frameworkId: 0, role: 1, active: 2 },
  frameworkRemoved: { frameworkId: 0 },
  frameworkActive: { frameworkId: 0, active: 1 },
  suppress: { frameworkId: 0 },
  revive: { frameworkId: 0 },
  setFilters: { frameworkId: 0, filters: 1 },
  recovered: { slaveId: 0, frameworkId: 1, resources: 2, refuseMs: 3 },
});

export const allocatorEventsTable = protocolTable<AllocatorEvents>("allocatorEvents", { offered: { rows: 0 } });
