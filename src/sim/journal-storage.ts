import type { Spec } from "../actors/spec.ts";
import { type StorageProtocol, storageTable } from "../actors/storage.ts";
import type { WireValue } from "../actors/wire-value.ts";
import type { Prng } from "../base/prng.ts";
import { Platter } from "./platter.ts";

/** What is under a slave's journals: it survives every crash of the node that writes to it. */
export class JournalDisk extends Platter {
  readonly journals = new Map<string, readonly WireValue[]>();
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
      const read = (journal: string) => disk.journals.get(journal) ?? [];
      const parts = new Map<string, readonly WireValue[]>();
      let replies: (() => void)[] = [];
      const synced = (write: () => void, answer: () => void) => {
        disk.unsynced.push(write);
        replies.push(answer);
        if (replies.length > 1) return;
        ctx.after("sync", random.int(syncMaxMs), () => {
          disk.sync();
          const answers = replies;
          replies = [];
          for (const tell of answers) tell();
        });
      };
      return {
        append: ({ journal, record }, reply) =>
          synced(
            () => disk.journals.set(journal, [...read(journal), record]),
            () => reply({ records: read(journal).length }),
          ),
        read: ({ journal, from }, reply) => {
          if (from === 0) parts.delete(journal);
          const records = read(journal).slice(from, from + pageMax);
          const next = from + records.length;
          reply({ records, ...(next < read(journal).length ? { next } : {}) });
        },
        replace: ({ journal, records, more }, reply) => {
          const all = [...(parts.get(journal) ?? []), ...records];
          parts.set(journal, all);
          if (more) return reply({ records: all.length });
          parts.delete(journal);
          synced(
            () => disk.journals.set(journal, all),
            () => reply({ records: all.length }),
          );
        },
      };
    },
  };
}
