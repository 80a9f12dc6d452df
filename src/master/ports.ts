import { type Ask, protocolTable } from "../actors/protocol.ts";
import type { Lead } from "../protocol/lead.ts";
import { type PortionLimits, portion } from "./portion.ts";
import { type Registry, type RegistryOperation, type Settings, type StoredSlave, storedSlaves } from "./registry.ts";

/** The name under which a registry store is registered on its thread. */
export const registryStoreName = "registry-store";

/**
 * What the master needs from outside: a place that keeps the registry. `recover` begins a new term, on disk before
 * it is answered; the slaves, of which there may be more than one message holds, are read after it, in parts. `commit`
 * is answered once the operations are on disk; it is refused when a later term has begun, so that a master that was
 * superseded can promise nothing more, whatever it has read.
 */
export type RegistryStoreProtocol = {
  recover: Ask<Record<never, never>, { readonly lead: Lead } & Settings>;
  /** From the beginning with 0, then from where the part before said; `next` is absent in the last. */
  readSlaves: Ask<{ readonly from: number }, SlavesRead>;
  commit: Ask<
    { readonly lead: Lead; readonly operations: readonly RegistryOperation[] },
    { readonly committed: boolean }
  >;
};

export type SlavesRead = { readonly slaves: readonly StoredSlave[]; readonly next?: number };

export const registryStoreTable = protocolTable<RegistryStoreProtocol>("registryStore", {
  recover: {},
  readSlaves: { from: 0 },
  commit: { lead: 0, operations: 1 },
});

/** A part of the slaves of a registry in memory: `from` is how many come before it. */
export function slavesFrom(registry: Registry, from: number, limits?: PortionLimits): SlavesRead {
  const { part, more } = portion(storedSlaves(registry, from), limits);
  return { slaves: part, ...(more ? { next: from + part.length } : {}) };
}
