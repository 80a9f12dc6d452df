import type { Spec } from "../actors/spec.ts";
import type { Prng } from "../base/prng.ts";
import { type RegistryStoreProtocol, registryStoreTable, slavesFrom } from "../master/ports.ts";
import { Registry } from "../master/registry.ts";
import { isOlderLead, type Lead } from "../protocol/lead.ts";
import { Platter } from "./platter.ts";

/** What is under a master's registry: it survives every crash of the node that writes to it. */
export class RegistryDisk extends Platter {
  registry = new Registry();
  lead: Lead = { epoch: 0, term: 0 };
}

/** Longest time that a commit takes to reach the platter, in milliseconds. */
const syncMaxMs = 40;
/** Slaves in one answer: few, so that reading takes several. */
const portionLimits = { itemsMax: 2, charactersMax: 1_000_000 };

/** Keeps the registry on a pretend disk. What a crash finds on its way may be lost, and was promised to nobody. */
export function simRegistryStore(disk: RegistryDisk, random: Prng): Spec<RegistryStoreProtocol, Record<never, never>> {
  return {
    name: "sim-registry-store",
    protocol: registryStoreTable,
    start(ctx) {
      // What an earlier life wrote and did not live to see arrive is on its way still.
      disk.sync();
      const epoch = disk.lead.epoch + 1;
      let latest = disk.lead;
      let commits = 0;
      let lastDueMs = 0;
      const synced = (write: () => void, answer: () => void) => {
        // A commit is one transaction: it arrives whole or not at all.
        disk.write({ land: write });
        // One platter: what came first is durable first.
        lastDueMs = Math.max(lastDueMs, ctx.clock.now() + random.int(syncMaxMs) + disk.lagMs);
        ctx.after(`sync.${commits++}`, lastDueMs - ctx.clock.now(), () => {
          disk.syncFirst();
          answer();
        });
      };
      return {
        recover: (_, reply) => {
          const lead = { epoch, term: latest.epoch === epoch ? latest.term + 1 : 1 };
          latest = lead;
          synced(
            () => {
              disk.lead = lead;
            },
            () => reply({ lead, ...disk.registry.settings() }),
          );
        },
        readSlaves: ({ from }, reply) => reply(slavesFrom(disk.registry, from, portionLimits)),
        commit: ({ lead, operations }, reply) => {
          if (isOlderLead(lead, latest)) return reply({ committed: false });
          synced(
            () => {
              for (const operation of operations) disk.registry.perform(operation);
            },
            () => reply({ committed: true }),
          );
        },
      };
    },
  };
}
