import type { Spec } from "../actors/spec.ts";
import type { Prng } from "../base/prng.ts";
import { type RegistryStoreProtocol, registryStoreTable } from "../master/ports.ts";
import { emptyRegistry, perform, type Registry } from "../master/registry.ts";
import { isOlderLead, type Lead } from "../protocol/lead.ts";

/** What is on the platter: it survives every crash of the node that writes to it. */
export class RegistryDisk {
  registry: Registry = emptyRegistry;
  lead: Lead = { epoch: 0, term: 0 };
}

/** Longest time that a commit takes to reach the platter, in milliseconds. */
const syncMaxMs = 40;

/** Keeps the registry on a pretend disk. What a crash finds on its way there is lost, and was promised to nobody. */
export function simRegistryStore(disk: RegistryDisk, random: Prng): Spec<RegistryStoreProtocol, Record<never, never>> {
  return {
    name: "sim-registry-store",
    protocol: registryStoreTable,
    start(ctx) {
      const epoch = disk.lead.epoch + 1;
      let commits = 0;
      const synced = (then: () => void) => ctx.after(`sync.${commits++}`, random.int(syncMaxMs), then);
      return {
        recover: (_, reply) => {
          const term = disk.lead.epoch === epoch ? disk.lead.term + 1 : 1;
          synced(() => {
            disk.lead = { epoch, term };
            reply({
              lead: disk.lead,
              admitted: stored(disk.registry.admitted),
              unreachable: stored(disk.registry.unreachable),
            });
          });
        },
        commit: ({ lead, operations }, reply) => {
          if (isOlderLead(lead, disk.lead)) return reply({ committed: false });
          synced(() => {
            disk.registry = operations.reduce(perform, disk.registry);
            reply({ committed: true });
          });
        },
      };
    },
  };
}

function stored(slaves: Registry["admitted"]) {
  return Object.entries(slaves).map(([slaveId, info]) => ({ slaveId, info }));
}
