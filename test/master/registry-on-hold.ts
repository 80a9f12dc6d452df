import type { Reply } from "../../src/actors/protocol.ts";
import type { Spec } from "../../src/actors/spec.ts";
import { type RegistryStoreProtocol, registryStoreTable, slavesFrom } from "../../src/master/ports.ts";
import { Registry, type RegistryOperation } from "../../src/master/registry.ts";
import type { Lead } from "../../src/protocol/lead.ts";

/** A registry that outlives its master, and whose commits wait while the test holds them back. */
export class RegistryOnHold {
  readonly registry = new Registry();
  lead: Lead = { epoch: 0, term: 0 };
  /** Every operation that reached the disk, in order. */
  readonly operations: RegistryOperation[] = [];
  #waiting: (() => void)[] | undefined;

  readonly spec: Spec<RegistryStoreProtocol, Record<never, never>> = {
    name: "registry-on-hold",
    protocol: registryStoreTable,
    start: () => ({
      recover: (_, reply) => {
        this.lead = { ...this.lead, term: this.lead.term + 1 };
        reply({ lead: this.lead, ...this.registry.settings() });
      },
      readSlaves: ({ from }, reply) => reply(slavesFrom(this.registry, from, { itemsMax: 1, charactersMax: 0 })),
      commit: ({ lead, operations }, reply) => {
        const write = () => this.#write(lead, operations, reply);
        if (this.#waiting === undefined) write();
        else this.#waiting.push(write);
      },
    }),
  };

  beginEpoch(): void {
    this.lead = { epoch: this.lead.epoch + 1, term: 0 };
  }

  /** Commits that come from now on are not answered. */
  hold(): void {
    this.#waiting = [];
  }

  /** Carries out what waits, and everything to come at once. */
  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const write of waiting) write();
  }

  #write(lead: Lead, operations: readonly RegistryOperation[], reply: Reply<{ committed: boolean }>): void {
    const committed = lead.epoch === this.lead.epoch && lead.term === this.lead.term;
    if (committed) {
      for (const operation of operations) this.registry.perform(operation);
      this.operations.push(...operations);
    }
    reply({ committed });
  }
}
