import type { Address } from "../../actors/address.ts";
import { type Ask, protocolTable, type Tell } from "../../actors/protocol.ts";
import type { Attributes } from "../../protocol/attribute.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import type { ClientFilters } from "../../protocol/offer-filters.ts";
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
    readonly hostname: string;
    readonly attributes: Attributes;
    readonly total: Resources;
    readonly allocated: readonly SlaveAllocation[];
    readonly active: boolean;
  }>;
  slaveRemoved: Tell<{ readonly slaveId: SlaveId }>;
  /** An inactive slave keeps its allocations and is not offered. */
  slaveActive: Tell<{ readonly slaveId: SlaveId; readonly active: boolean }>;
  /** A framework in one of its roles. */
  clientAdded: Tell<Client & { readonly active: boolean }>;
  clientRemoved: Tell<Client>;
  clientActive: Tell<Client & { readonly active: boolean }>;
  clientSuppressed: Tell<Client>;
  clientRevived: Tell<Client>;
  clientFilters: Tell<Client & { readonly filters: ClientFilters }>;
  /** Resources that a client gives back. `refuseMs`: it does not want them again for so long; 0: no filter. */
  recovered: Tell<{
    readonly slaveId: SlaveId;
    readonly frameworkId: FrameworkId;
    readonly role: string;
    readonly resources: Resources;
    readonly refuseMs?: number;
  }>;
  /** How many passes it has made since `resetBook`. */
  passes: Ask<Record<never, never>, { readonly passes: number }>;
};

type Client = { readonly frameworkId: FrameworkId; readonly role: string };

export type SlaveAllocation = Client & { readonly resources: Resources };

/** What the master hears from the allocator: rows to confirm as offers, or to give back. */
export type AllocatorEvents = {
  offered: Tell<{ readonly rows: readonly OfferedRow[] }>;
};

export type OfferedRow = {
  readonly slaveId: SlaveId;
  /** The account that it was taken from; when that is no longer the slave's, there is nothing to confirm or give back. */
  readonly account: number;
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly resources: Resources;
};

export const allocatorTable = protocolTable<AllocatorProtocol>("allocator", {
  resetBook: { master: 0, allocationIntervalMs: 1 },
  resume: {},
  slaveAdded: { slaveId: 0, account: 1, total: 2, allocated: 3, active: 4, hostname: 5, attributes: 6 },
  slaveRemoved: { slaveId: 0 },
  slaveActive: { slaveId: 0, active: 1 },
  clientAdded: { frameworkId: 0, role: 1, active: 2 },
  clientRemoved: { frameworkId: 0, role: 1 },
  clientActive: { frameworkId: 0, role: 1, active: 2 },
  clientSuppressed: { frameworkId: 0, role: 1 },
  clientRevived: { frameworkId: 0, role: 1 },
  clientFilters: { frameworkId: 0, role: 1, filters: 2 },
  recovered: { slaveId: 0, frameworkId: 1, role: 2, resources: 3, refuseMs: 4 },
  passes: {},
});

export const allocatorEventsTable = protocolTable<AllocatorEvents>("allocatorEvents", { offered: { rows: 0 } });
