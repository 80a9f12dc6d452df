import type { RegistryOperation } from "../../master/registry.ts";
import type { MasterState } from "../../master/state.ts";
import type { SlaveId } from "../../protocol/ids.ts";
import { isOlderLead, type Lead } from "../../protocol/lead.ts";
import type { StatusUpdate } from "../../protocol/task.ts";
import type { CheckpointRecord } from "../../slave/checkpoint.ts";
import type { SimCluster } from "../cluster.ts";
import type { Findings } from "../findings.ts";
import { type AnyBehaviour, type AnyHandler, type Change, hearing } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

export const diskRules = {
  promises: "what a disk has promised is on it",
  updates: "an update is on disk before it is sent",
  leads: "epochs and terms only grow",
  removed: "nobody is let in under an id that was removed",
} as const;

/** Holds storages to their word, and slaves and masters to what they may only say once it is on disk. */
export function disksLookout(findings: Findings): Lookout {
  const books = new DiskBooks(findings);
  return {
    cluster: (cluster) => books.begin(cluster),
    actor: ({ node, actor }) => {
      if (actor === "sim-journal-storage") return books.journal(node);
      if (actor === "sim-registry-store") return books.registry(node);
      return actor === "master" ? books.master() : undefined;
    },
    check: (cluster) => books.check(cluster),
  };
}

/** What disks have promised and what came of it. */
class DiskBooks {
  readonly #findings: Findings;
  /** Writes that each node's disk has promised to somebody. */
  readonly #promised = new Map<string, number>();
  /** The latest lead that was seen, by where. */
  readonly #leads = new Map<string, Lead>();
  readonly #removed = new Set<SlaveId>();
  /** Updates that have reached the journal of each node. */
  readonly #durable = new Map<string, Set<string>>();
  #cluster: SimCluster | undefined;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  begin(cluster: SimCluster): void {
    this.#cluster = cluster;
    for (const [name, disk] of cluster.journals) {
      const mend = disk.mend.bind(disk);
      disk.mend = () => {
        if (disk.tails.size > 0) this.#findings.mark("a torn record is cut off a journal");
        mend();
      };
      const uuids = new Set<string>();
      this.#durable.set(name, uuids);
      disk.arrived = (record) => {
        const known = record as CheckpointRecord;
        if (known.type === "updated" && known.status.uuid !== undefined) uuids.add(known.status.uuid);
      };
    }
  }

  journal(node: string): Change {
    return {
      behaviour: (behaviour) => {
        const heard = answering(behaviour, {
          append: () => this.#promise(node),
          replace: ({ more }: { readonly more: boolean }) => {
            if (!more) this.#promise(node);
          },
          read: (_, { records }: { readonly records: readonly CheckpointRecord[] }) => {
            if (records.some(({ type }) => type === "launched"))
              this.#findings.mark("a slave finds tasks in its journal");
          },
        });
        return hearing(heard, {
          append: ({ record }: { readonly record: CheckpointRecord }) => {
            if (record.type === "registered") this.#grows(`the journal of ${node}`, record.lead);
            if (this.#cluster?.diskOf(node)?.full === true) this.#findings.mark("a full disk refuses a record");
          },
          read: ({ from }: { readonly from: number }) => {
            if (from > 0) this.#findings.mark("a journal is read in several parts");
          },
        });
      },
    };
  }

  registry(node: string): Change {
    return {
      behaviour: (behaviour) => {
        const heard = answering(behaviour, {
          recover: (_, { lead }: { readonly lead: Lead }) => {
            this.#promise(node);
            this.#grows("the registry", lead);
          },
          commit: (
            { operations }: { readonly operations: readonly RegistryOperation[] },
            { committed }: { readonly committed: boolean },
          ) => {
            if (!committed) return;
            this.#promise(node);
            for (const operation of operations) this.#committed(operation);
            if (operations.length > 1) this.#findings.mark("a commit carries several operations");
          },
        });
        return hearing(heard, {
          readSlaves: ({ from }: { readonly from: number }) => {
            if (from > 0) this.#findings.mark("a registry is read in several parts");
          },
          commit: () => {
            if (this.#cluster?.disk.full === true) this.#findings.mark("a full disk refuses the registry");
          },
        });
      },
    };
  }

  /** What the master hears from slaves was on disk before. */
  master(): Change {
    return {
      behaviour: (behaviour) =>
        hearing(behaviour, {
          statusUpdate: ({ slaveId, update }: { readonly slaveId: SlaveId; readonly update: StatusUpdate }) => {
            const state = behaviour.inspect?.() as MasterState | undefined;
            const { uuid, taskId } = update.status;
            const uuids = this.#durable.get(state?.slaves.get(slaveId)?.info.hostname ?? "");
            if (uuids === undefined || uuid === undefined || uuids.has(uuid)) return;
            this.#findings.breach(diskRules.updates, `${slaveId} told of ${taskId} what is not in its journal`);
          },
        }),
    };
  }

  check({ master }: SimCluster): void {
    for (const node of this.#promised.keys()) this.#judge(node);
    for (const { id, state } of master?.slaves.all() ?? []) {
      if (state !== "registered" || !this.#removed.has(id)) continue;
      this.#findings.breach(diskRules.removed, `${id} is registered and was removed`);
    }
  }

  #promise(node: string): void {
    this.#promised.set(node, (this.#promised.get(node) ?? 0) + 1);
    this.#judge(node);
  }

  #judge(node: string): void {
    const disk = this.#cluster?.diskOf(node);
    const promised = this.#promised.get(node) ?? 0;
    if (disk === undefined || promised <= disk.landed) return;
    this.#findings.breach(
      diskRules.promises,
      `${node} has promised ${promised} writes and ${disk.landed} have arrived`,
    );
  }

  #grows(where: string, lead: Lead): void {
    const known = this.#leads.get(where);
    if (known !== undefined && !isOlderLead(known, lead) && where === "the registry") this.#fell(where, known, lead);
    else if (known !== undefined && isOlderLead(lead, known)) this.#fell(where, known, lead);
    this.#leads.set(where, lead);
  }

  #fell(where: string, known: Lead, lead: Lead): void {
    const what = `${where} has ${lead.epoch}.${lead.term} after ${known.epoch}.${known.term}`;
    this.#findings.breach(diskRules.leads, what);
  }

  #committed(operation: RegistryOperation): void {
    const { type } = operation;
    if (type === "markSlaveUnreachable") this.#findings.mark("a slave is marked unreachable");
    if (type === "markSlaveReachable") this.#findings.mark("a slave that was unreachable comes back");
    if (type !== "removeSlave") return;
    this.#removed.add(operation.slaveId);
    this.#findings.mark("a slave that was removed leaves the registry");
  }
}

/** The behaviour with somebody who hears its answers, in the turn in which they are given. */
function answering(
  behaviour: AnyBehaviour,
  listeners: Readonly<Record<string, (body: never, answer: never) => void>>,
): AnyBehaviour {
  const changed: Record<string, AnyHandler> = {};
  for (const [kind, listen] of Object.entries(listeners)) {
    changed[kind] = (body, reply) =>
      behaviour[kind]?.(body, (answer) => {
        listen(body, answer);
        reply(answer);
      });
  }
  return { ...behaviour, ...changed } as AnyBehaviour;
}
