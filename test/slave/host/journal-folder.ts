import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WireValue } from "../../../src/actors/wire-value.ts";
import { JournalFile, type JournalOptions } from "../../../src/slave/host/journal-file.ts";

/** Bytes before the first record of a journal. */
export const fileHeadBytes = 12;

/** A directory of journals that goes away with the test. */
export class JournalFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "journal-"));
  readonly #open: JournalFile[] = [];
  #files = 0;

  /** The path of no file yet. */
  fresh(): string {
    return join(this.path, `${this.#files++}.journal`);
  }

  open(path: string, options?: JournalOptions): JournalFile {
    const journal = JournalFile.open(path, options);
    this.#open.push(journal);
    return journal;
  }

  /** A closed journal with these records: its bytes, and where each record ends. */
  write(records: readonly WireValue[]): { path: string; bytes: Buffer; ends: number[] } {
    const path = this.fresh();
    const journal = JournalFile.open(path);
    const ends = records.map((record) => {
      journal.append([record]);
      return statSync(path).size;
    });
    journal.close();
    return { path, bytes: readFileSync(path), ends };
  }

  [Symbol.dispose](): void {
    for (const journal of this.#open) journal.close();
    rmSync(this.path, { recursive: true });
  }
}

export function contents(journal: JournalFile): WireValue[] {
  return [...journal.read(0, Number.POSITIVE_INFINITY)];
}

/** What a file holds, found by opening it and closing it again. */
export function recovered(path: string): { records: WireValue[]; cutBytes: number } {
  const journal = JournalFile.open(path);
  try {
    return { records: contents(journal), cutBytes: journal.cutBytes };
  } finally {
    journal.close();
  }
}
