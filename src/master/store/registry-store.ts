import type { Spec } from "../../actors/spec.ts";
import { type RegistryStoreProtocol, registryStoreTable } from "../ports.ts";
import type { RegistryDatabase } from "./registry-database.ts";

/** Keeps the registry in a database: what it answers is on disk. */
export function registryStore(database: RegistryDatabase): Spec<RegistryStoreProtocol, Record<never, never>> {
  return {
    name: "registry-store",
    protocol: registryStoreTable,
    start: () => ({
      recover: (_, reply) => {
        const lead = database.begin();
        reply({ lead, ...database.settings() });
      },
      readSlaves: ({ from }, reply) => reply(database.slavesFrom(from)),
      commit: ({ lead, operations }, reply) => reply({ committed: database.commit(lead, operations) }),
    }),
  };
}
