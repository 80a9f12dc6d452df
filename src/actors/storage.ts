import { type Ask, protocolTable } from "./protocol.ts";
import type { WireValue } from "./wire-value.ts";

/**
 * What a thread's storage understands. It group-commits: one fsync covers every record that came in before it.
 * A journal is named by the path of the actor that owns it.
 */
export type StorageProtocol = {
  /** Answered when the record is on disk. */
  append: Ask<{ readonly journal: string; readonly record: WireValue }, { readonly records: number }>;
  /** The records from position `from` on, as many as fit one answer; `next` is absent at the end. */
  read: Ask<
    { readonly journal: string; readonly from: number },
    { readonly records: readonly WireValue[]; readonly next?: number }
  >;
  /**
   * Puts these records in place of all there are, in one step: after a crash there is the old journal or the new. What
   * does not fit one message comes in parts, all but the last with `more`.
   */
  replace: Ask<
    { readonly journal: string; readonly records: readonly WireValue[]; readonly more: boolean },
    { readonly records: number }
  >;
};

export const storageTable = protocolTable<StorageProtocol>("storage", {
  append: { journal: 0, record: 1 },
  read: { journal: 0, from: 1 },
  replace: { journal: 0, records: 1, more: 2 },
});

/** The name under which a storage actor is registered on its thread. */
export const storageName = "storage";
