import { join } from "node:path";
import type { Context } from "../../actors/context.ts";
import type { Reply } from "../../actors/protocol.ts";
import type { Spec } from "../../actors/spec.ts";
import { type StorageProtocol, storageTable } from "../../actors/storage.ts";
import type { WireValue } from "../../actors/wire-value.ts";
import { invariant } from "../../base/invariant.ts";
import type { JournalDisk } from "./journal-disk.ts";
import { JournalFile } from "./journal-file.ts";

/** Appends that may wait for the write they share. The one that reaches it starts the write. */
const gatheredMax = 256;
/** Journals of one storage actor, each an open file. One more fails the actor: somebody makes names without end. */
const journalsMax = 4_096;
/** Bytes of records in one answer, so that with everything around them it has at most 64 KiB. One record may be longer. */
const pageBytesMax = 65_536 - 64;
/** Characters of a file's name; file systems take 255 bytes, and a journal needs a second name while it is replaced. */
const fileNameMax = 240;

type Append = { readonly record: WireValue; readonly reply: Reply<{ readonly records: number }> };

/**
 * Keeps every journal in a file of its own under a directory. Appends that come in one burst are written and synced
 * together: they wait for a timer of 0 ms, which rings when the burst has been taken in. A damaged journal and a failing
 * disk fail this actor; nothing that was not on disk has been answered.
 */
export function journalStorage(directory: string, disk?: JournalDisk): Spec<StorageProtocol, Record<never, never>> {
  return {
    name: "journal-storage",
    protocol: storageTable,
    start(ctx) {
      const journals = new Journals(ctx, directory, disk);
      return {
        append: ({ journal, record }, reply) => journals.gather(journals.of(journal), { record, reply }),
        read: ({ journal, from }, reply) => {
          if (from === 0) journals.forgetParts(journal);
          journals.flush();
          const file = journals.of(journal);
          const records = file.read(from, pageBytesMax);
          const next = from + records.length;
          reply(next < file.length ? { records, next } : { records });
        },
        replace: ({ journal, records, more }, reply) => {
          const parts = journals.part(journal, records, more);
          if (more) return reply({ records: parts.length });
          journals.flush();
          const file = journals.of(journal);
          file.replace(parts);
          reply({ records: file.length });
        },
        onStop: () => journals.close(),
      };
    },
  };
}

/** The files that are open, and what waits to be written to them. */
class Journals {
  readonly #ctx: Context<StorageProtocol>;
  readonly #directory: string;
  readonly #disk: JournalDisk | undefined;
  readonly #files = new Map<string, JournalFile>();
  /** Parts of journals that are to be replaced, until the last one comes. */
  readonly #parts = new Map<string, WireValue[]>();
  readonly #waiting = new Map<JournalFile, Append[]>();
  #gathered = 0;

  constructor(ctx: Context<StorageProtocol>, directory: string, disk: JournalDisk | undefined) {
    this.#ctx = ctx;
    this.#directory = directory;
    this.#disk = disk;
  }

  /** Opened when it is first wanted. */
  of(journal: string): JournalFile {
    const known = this.#files.get(journal);
    if (known !== undefined) return known;
    invariant(this.#files.size < journalsMax, () => `${journal} would be one journal more than ${journalsMax}`);
    const path = join(this.#directory, fileName(journal));
    const file = JournalFile.open(path, this.#disk === undefined ? {} : { disk: this.#disk });
    this.#files.set(journal, file);
    const { cutBytes: bytes } = file;
    if (bytes > 0) this.#ctx.log("warn", `cut ${bytes} bytes of an unfinished write from the journal ${file.path}`);
    return file;
  }

  /** What has come of a journal's replacement so far; the last part takes it away. */
  part(journal: string, records: readonly WireValue[], more: boolean): readonly WireValue[] {
    const parts = this.#parts.get(journal) ?? [];
    parts.push(...records);
    if (more) this.#parts.set(journal, parts);
    else this.#parts.delete(journal);
    return parts;
  }

  /** A new life of the owner reads first: what an earlier one left half-sent is nobody's. */
  forgetParts(journal: string): void {
    this.#parts.delete(journal);
  }

  gather(file: JournalFile, append: Append): void {
    const appends = this.#waiting.get(file) ?? [];
    appends.push(append);
    this.#waiting.set(file, appends);
    this.#gathered++;
    if (this.#gathered === gatheredMax) this.flush();
    else if (this.#gathered === 1) this.#ctx.after("flush", 0, () => this.flush());
  }

  /** Writes what waits, and answers. */
  flush(): void {
    this.#gathered = 0;
    for (const [file, appends] of this.#waiting) {
      const before = file.length;
      file.append(appends.map(({ record }) => record));
      for (const [index, { reply }] of appends.entries()) reply({ records: before + index + 1 });
    }
    this.#waiting.clear();
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
  }
}

/**
 * `/supervisor/slave` becomes `supervisor.slave.journal`. Everything but letters, digits, `_` and `-` is escaped, dots
 * included: no two journals share a file, and no name leads out of the directory.
 */
function fileName(journal: string): string {
  const [root, ...names] = journal.split("/");
  invariant(
    root === "" && names.length > 0 && !names.includes("") && journal.isWellFormed(),
    () => `${JSON.stringify(journal)} cannot name a journal: it takes the path of an actor, such as /supervisor/slave`,
  );
  const file = `${names.map(escaped).join(".")}.journal`;
  invariant(file.length <= fileNameMax, () => `the journal ${journal} needs a file name of over ${fileNameMax} bytes`);
  return file;
}

function escaped(name: string): string {
  return encodeURIComponent(name).replace(/[.!~*'()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
