import type { Spec } from "../actors/spec.ts";
import { type StorageProtocol, storageTable } from "../actors/storage.ts";
import type { WireValue } from "../actors/wire-value.ts";
import type { Prng } from "../base/prng.ts";
import { Platter } from "./platter.ts";

/** What is under a slave's journals: it survives every crash of the node that writes to it. */
export class JournalDisk extends Platter {
  readonly journals = new Map<string, readonly WireValue[]>();
  /** Records of which only the beginning arrived, at the ends of their journals. */
  readonly tails = new Map<string, WireValue>();

  /** Told every record that has arrived. */
  arrived: (record: WireValue) => void = () => {};

  of(journal: string): readonly WireValue[] {
    return this.journals.get(journal) ?? [];
  }

  append(journal: string, record: WireValue): void {
    this.write({
      land: () => {
        this.journals.set(journal, [...this.of(journal), record]);
        this.arrived(record);
      },
      tear: () => this.tails.set(journal, record),
    });
  }

  /** In one step: after a crash there is the old journal or the new. */
  replace(journal: string, records: readonly WireValue[]): void {
    this.write({ land: () => this.journals.set(journal, records) });
  }

  /** Cuts off what a crash left unfinished, as whoever opens a journal must. */
  mend(): void {
    this.tails.clear();
  }
}

/** Longest time that records take to reach the platter, in milliseconds. */
const syncMaxMs = 30;
/** Records in one answer: few, so that reading takes several. */
const pageMax = 3;

/** Keeps journals on a pretend disk, many records to a sync. What a crash finds on its way may be lost. */
export function simJournalStorage(disk: JournalDisk, random: Prng): Spec<StorageProtocol, Record<never, never>> {
  return {
    name: "sim-journal-storage",
    protocol: storageTable,
    start(ctx) {
      // What an earlier life wrote and did not live to see arrive is on its way still.
      disk.sync();
      disk.mend();
      const parts = new Map<string, readonly WireValue[]>();
      let replies: (() => void)[] = [];
      const synced = (answer: () => void) => {
        replies.push(answer);
        if (replies.length > 1) return;
        ctx.after("sync", random.int(syncMaxMs) + disk.lagMs, () => {
          disk.sync();
          const answers = replies;
          replies = [];
          for (const tell of answers) tell();
        });
      };
      return {
        append: ({ journal, record }, reply) => {
          disk.append(journal, record);
          synced(() => reply({ records: disk.of(journal).length }));
        },
        read: ({ journal, from }, reply) => {
          if (from === 0) parts.delete(journal);
          const records = disk.of(journal).slice(from, from + pageMax);
          const next = from + records.length;
          reply({ records, ...(next < disk.of(journal).length ? { next } : {}) });
        },
        replace: ({ journal, records, more }, reply) => {
          const all = [...(parts.get(journal) ?? []), ...records];
          parts.set(journal, all);
          if (more) return reply({ records: all.length });
          parts.delete(journal);
          disk.replace(journal, all);
          synced(() => reply({ records: all.length }));
        },
      };
    },
  };
}
