import { type Ask, protocolTable } from "../actors/protocol.ts";
import type { Lead } from "../protocol/lead.ts";
import type { RegisteredSlave, RegistryOperation } from "./registry.ts";

/** The name under which a registry store is registered on its thread. */
export const registryStoreName = "registry-store";

/**
 * What the master needs from outside: a place that keeps the registry. `recover` begins a new term, on disk before
 * it is answered. `commit` is answered once the operations are on disk; it is refused when a later term has begun,
 * so that a master that was superseded can promise nothing more.
 */
export type RegistryStoreProtocol = {
  recover: Ask<Record<never, never>, { readonly lead: Lead; readonly slaves: readonly StoredSlave[] }>;
  commit: Ask<
    { readonly lead: Lead; readonly operations: readonly RegistryOperation[] },
    { readonly committed: boolean }
  >;
};

export type StoredSlave = RegisteredSlave & { readonly slaveId: string };

export const registryStoreTable = protocolTable<RegistryStoreProtocol>("registryStore", {
  recover: {},
  commit: { lead: 0, operations: 1 },
});
