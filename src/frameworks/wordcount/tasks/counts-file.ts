import { readFileSync } from "node:fs";
import type { WordTable } from "./word-table.ts";

/** A table as text, a line `word<TAB>count` for each entry in the given order, in pieces of about 64 KiB. */
export function* lines(table: WordTable, entries: Iterable<number>): Generator<Uint8Array> {
  let piece = Buffer.allocUnsafe(pieceBytes);
  let length = 0;
  for (const entry of entries) {
    const word = table.word(entry);
    const count = String(table.count(entry));
    const more = word.length + count.length + 2;
    if (length + more > piece.length) {
      yield piece.subarray(0, length);
      piece = Buffer.allocUnsafe(Math.max(pieceBytes, more));
      length = 0;
    }
    piece.set(word, length);
    length += word.length;
    piece[length++] = tab;
    length += piece.write(count, length, "latin1");
    piece[length++] = newline;
  }
  yield piece.subarray(0, length);
}

const pieceBytes = 65_536;
const tab = 0x09;
const newline = 0x0a;
const zero = 0x30;

/** Adds the counts of a file of such lines. */
export function addCounts(table: WordTable, path: string): void {
  const bytes = readFileSync(path);
  let start = 0;
  while (start < bytes.length) {
    const middle = bytes.indexOf(tab, start);
    const end = bytes.indexOf(newline, middle);
    if (middle < 0 || end < 0) throw new Error(`${path} is damaged at byte ${start}: run the word count again`);
    let count = 0;
    for (let index = middle + 1; index < end; index++) count = count * 10 + (bytes[index] as number) - zero;
    table.add(bytes, start, middle, count);
    start = end + 1;
  }
}

export function totalOf(table: WordTable): number {
  let total = 0;
  for (let entry = 0; entry < table.size; entry++) total += table.count(entry);
  return total;
}
