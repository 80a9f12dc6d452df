import type { Spec } from "../../actors/spec.ts";
import type { Lead } from "../../protocol/lead.ts";
import { type RegistryStoreProtocol, registryStoreTable } from "../ports.ts";
import { emptyRegistry, perform, type Registry, storedSlaves } from "../registry.ts";

/** Keeps the registry as long as the process lives: for clusters that nobody wants to find again. */
export function memoryRegistryStore(epoch: number): Spec<RegistryStoreProtocol, Record<never, never>> {
  let registry: Registry = emptyRegistry;
  let lead: Lead = { epoch, term: 0 };
  return {
    name: "memory-registry-store",
    protocol: registryStoreTable,
    start: () => ({
      recover: (_, reply) => {
        lead = { epoch, term: lead.term + 1 };
        reply({ lead, slaves: storedSlaves(registry) });
      },
      commit: ({ lead: by, operations }, reply) => {
        const present = by.epoch === lead.epoch && by.term === lead.term;
        if (present) registry = operations.reduce(perform, registry);
        reply({ committed: present });
      },
    }),
  };
}
