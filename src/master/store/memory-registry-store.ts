import type { Spec } from "../../actors/spec.ts";
import type { Lead } from "../../protocol/lead.ts";
import { type RegistryStoreProtocol, registryStoreTable, slavesFrom } from "../ports.ts";
import { Registry } from "../registry.ts";

/** Keeps the registry as long as the process lives: for clusters that nobody wants to find again. */
export function memoryRegistryStore(epoch: number): Spec<RegistryStoreProtocol, Record<never, never>> {
  const registry = new Registry();
  let lead: Lead = { epoch, term: 0 };
  return {
    name: "memory-registry-store",
    protocol: registryStoreTable,
    start: () => ({
      recover: (_, reply) => {
        lead = { epoch, term: lead.term + 1 };
        reply({ lead, ...registry.settings() });
      },
      readSlaves: ({ from }, reply) => reply(slavesFrom(registry, from)),
      commit: ({ lead: by, operations }, reply) => {
        const present = by.epoch === lead.epoch && by.term === lead.term;
        if (present) for (const operation of operations) registry.perform(operation);
        reply({ committed: present });
      },
    }),
  };
}
