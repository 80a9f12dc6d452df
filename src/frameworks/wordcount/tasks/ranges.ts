import { closeSync, openSync, readSync } from "node:fs";
import { isLetter, type WordTable } from "./word-table.ts";

/** Bytes `start` (included) to `end` (excluded) of a file. */
export type Range = { readonly path: string; readonly start: number; readonly end: number };

/** Puts bytes of a text, from a position on, at the start of the buffer; answers how many, 0 at the end. */
export type Read = (into: Uint8Array, position: number) => number;

const bufferBytes = 262_144;

/** Counts the words that start in a range of a file. */
export function countRange(table: WordTable, range: Range): void {
  const file = openSync(range.path, "r");
  try {
    countWords(table, range, (into, position) => readSync(file, into, 0, into.length, position));
  } finally {
    closeSync(file);
  }
}

/**
 * A word belongs to the range in which it starts, so ranges that cover a text count each of its words once:
 *
 *     … t h e   w o r d s   o f …         `words` is counted by the left range, which reads beyond its end;
 *               ──────┤├──────            the right one begins inside it and skips the rest
 */
export function countWords(
  table: WordTable,
  range: Range,
  read: Read,
  buffer: Uint8Array = new Uint8Array(bufferBytes),
): void {
  const { start, end } = range;
  // One byte early, to see whether the range begins inside a word.
  let position = Math.max(0, start - 1);
  let skipping = start > 0;
  while (position < end || table.open) {
    const length = read(buffer, position);
    if (length === 0 && position < end)
      throw new Error(`${range.path} has become shorter than the ${end} bytes it had`);
    if (length === 0) break;
    const from = skipping ? firstOther(buffer, 0, length) : 0;
    skipping &&= from === length;
    const to = Math.max(from, Math.min(length, end - position));
    table.feed(buffer, from, to);
    if (to < length && table.open) {
      const stop = firstOther(buffer, to, length);
      table.feed(buffer, to, stop);
      if (stop < length) break;
    }
    position += length;
  }
  table.close();
}

/** Where the letters end. */
function firstOther(buffer: Uint8Array, from: number, length: number): number {
  let index = from;
  while (index < length && isLetter(buffer[index] as number)) index++;
  return index;
}
