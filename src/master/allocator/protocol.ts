import type { Address } from "../../actors/address.ts";
import { type Ask, protocolTable, type Tell } from "../../actors/protocol.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import type { ClientFilters } from "../../protocol/offer-filters.ts";
import type { Quantities } from "../../protocol/quantities.ts";
import type { Quota } from "../../protocol/quota.ts";
import type { Resources } from "../../protocol/resources.ts";
import type { IdleCause, IdleGroup, WhyNot } from "../../protocol/why.ts";
import type { DurationSummary } from "./durations.ts";

/** The name under which the allocator is registered on its thread. */
export const allocatorName = "allocator";

/** A framework in one of its roles. */
export type Client = { readonly frameworkId: FrameworkId; readonly role: string };

/**
 * What the allocator hears from the master. It learns the whole book between `resetBook` and `resume`; before that it
 * offers nothing, and messages meant for an earlier life change nothing.
 *
 * A slave is known by the number of its account, of which it has several if parts of it are offered apart. What is said of
 * an account that is closed changes nothing.
 */
export type AllocatorProtocol = {
  resetBook: Tell<{ readonly master: Address<AllocatorEvents>; readonly config: AllocatorConfig }>;
  resume: Tell<Record<never, never>>;
  slaveAdded: Tell<SlaveAccount>;
  slaveRemoved: Tell<{ readonly account: number }>;
  /** An inactive slave keeps its allocations and is not offered. */
  slaveActive: Tell<{ readonly account: number; readonly active: boolean }>;
  /** `gpus`: whether slaves that have some may be offered to it. */
  clientAdded: Tell<Client & { readonly active: boolean; readonly gpus: boolean }>;
  clientRemoved: Tell<Client>;
  clientActive: Tell<Client & { readonly active: boolean }>;
  clientSuppressed: Tell<Client>;
  /** `accounts`: its declines of these are forgotten, and no others. */
  clientRevived: Tell<Client & { readonly accounts?: readonly number[] }>;
  clientFilters: Tell<Client & { readonly filters: ClientFilters }>;
  /** Resources that a client gives back. `refuseMs`: it does not want them again for so long; 0: no filter. */
  recovered: Tell<Client & { readonly account: number; readonly resources: Resources; readonly refuseMs?: number }>;
  /** What a client holds has become something else: it is reserved now, or no longer. */
  converted: Tell<Client & { readonly account: number; readonly from: Resources; readonly to: Resources }>;
  /** Of every role that has another weight than 1. */
  weights: Tell<{ readonly weights: { readonly [role: string]: number } }>;
  /** Of every role that has one. `version`: what is offered from now on is marked with it. */
  quotas: Tell<{ readonly quotas: { readonly [role: string]: Quota }; readonly version: number }>;
  counts: Ask<Record<never, never>, AllocatorCounts>;
  /** Why a framework is not offered what it is not offered. Changes nothing. */
  explain: Ask<ExplainQuestion, Explanation>;
  /** Why what is free is free. Changes nothing. */
  explainIdle: Ask<Record<never, never>, IdleAccount>;
  /** Who lacks something when all that is free has been offered. */
  whoLacks: Ask<Record<never, never>, { readonly roles: readonly LackingRole[] }>;
};

export type ExplainQuestion = {
  readonly frameworkId: FrameworkId;
  readonly slaveId?: SlaveId;
  /** By name, whatever is reserved. */
  readonly need?: Resources;
  /** The offers that wait for an answer; the allocator counts them as held and does not know them apart. */
  readonly offered: readonly OfferedRows[];
};

export type Explanation = Pick<WhyNot, "slaves" | "roles" | "whatIf">;

/** For each name: what of `total` is in no group is allocated. */
export type IdleAccount = { readonly total: Quantities; readonly groups: readonly IdleGroup[] };

export type AllocatorConfig = {
  /** Pause between two batches, in milliseconds. */
  readonly allocationIntervalMs: number;
  /** What an offer must have: one of these lists. None: anything. */
  readonly minAllocatable: readonly Quantities[];
};

export type SlaveAccount = {
  readonly account: number;
  readonly slaveId: SlaveId;
  readonly hostname: string;
  readonly attributes: { readonly [name: string]: string };
  readonly total: Resources;
  readonly allocated: readonly SlaveAllocation[];
  readonly active: boolean;
  /** As long as less than this is free on it, nothing of it is offered. */
  readonly minOffer?: Resources;
  /** Of the part for short tasks: how long one may take, in milliseconds. */
  readonly maxTaskMs?: number;
};

export type SlaveAllocation = Client & { readonly resources: Resources };

export type AllocatorCounts = {
  /** Passes since `resetBook`. */
  readonly passes: number;
  /** How long they took, and how long they were waited for; empty before the first. */
  readonly runMs: DurationSummary;
  readonly latencyMs: DurationSummary;
  /** What there is, and what of it is free at the moment, by cause. */
  readonly total: Quantities;
  readonly idle: { readonly [cause in IdleCause]?: Quantities };
  /** Unexpired filters by role, of at most 1 000 roles. */
  readonly filters: { readonly [role: string]: number };
};

/** What the master hears from the allocator. */
export type AllocatorEvents = {
  /** Rows to confirm as offers, or to give back. */
  offered: Tell<OfferedBatch>;
  /** The roles that are below their guarantees, want offers, and cannot be given what they lack; all that there are. */
  lacking: Tell<{ readonly roles: readonly LackingRole[] }>;
};

/** `clients`: those that want it. */
export type LackingRole = {
  readonly role: string;
  readonly lacking: Quantities;
  readonly clients: readonly Client[];
};

/** `quotas`: the version of those that the rows keep to. */
export type OfferedBatch = OfferedRows & { readonly quotas: number };

/** Offers in the order in which they were decided; `offered-batch.ts` writes and reads them. */
export type OfferedRows = {
  /** How many there are. */
  readonly rows: number;
  readonly clients: readonly Client[];
  /** What is no plain scalar: ranges, sets, and everything that is reserved. */
  readonly rests: readonly Resources[];
  readonly names: readonly string[];
  /**
   * Columns of 64-bit floats in the byte order of this process, which they never leave, one after the other: the account that
   * a row is taken from, its index in `clients`, its index in `rests` or −1, and thousandths of each of `names`.
   */
  readonly columns: Uint8Array;
};

/** `account`: when it is no longer a slave's, there is nothing to confirm or give back. */
export type OfferedRow = Client & { readonly account: number; readonly resources: Resources };

export const allocatorTable = protocolTable<AllocatorProtocol>("allocator", {
  resetBook: { master: 0, config: 1 },
  resume: {},
  slaveAdded: {
    account: 0,
    slaveId: 1,
    hostname: 2,
    attributes: 3,
    total: 4,
    allocated: 5,
    active: 6,
    minOffer: 7,
    maxTaskMs: 8,
  },
  slaveRemoved: { account: 0 },
  slaveActive: { account: 0, active: 1 },
  clientAdded: { frameworkId: 0, role: 1, active: 2, gpus: 3 },
  clientRemoved: { frameworkId: 0, role: 1 },
  clientActive: { frameworkId: 0, role: 1, active: 2 },
  clientSuppressed: { frameworkId: 0, role: 1 },
  clientRevived: { frameworkId: 0, role: 1, accounts: 2 },
  clientFilters: { frameworkId: 0, role: 1, filters: 2 },
  recovered: { account: 0, frameworkId: 1, role: 2, resources: 3, refuseMs: 4 },
  converted: { account: 0, frameworkId: 1, role: 2, from: 3, to: 4 },
  weights: { weights: 0 },
  quotas: { quotas: 0, version: 1 },
  counts: {},
  explain: { frameworkId: 0, slaveId: 1, need: 2, offered: 3 },
  explainIdle: {},
  whoLacks: {},
});

export const allocatorEventsTable = protocolTable<AllocatorEvents>("allocatorEvents", {
  offered: { rows: 0, clients: 1, rests: 2, names: 3, columns: 4, quotas: 5 },
  lacking: { roles: 0 },
});
