import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * The shuffle of a word count is files in one directory that all slaves see.
 *
 *     DIRECTORY
 *     ├── chunks/3             which ranges of which files map 3 reads            written by plan
 *     ├── counts/3-7           the words of map 3 that belong to partition 7      written by map 3
 *     ├── reduced/7            the words of partition 7 over all maps             written by reduce 7
 *     └── records/TASK.json    which task ran where                               written by every task
 *
 * Names contain no task id but the record's, and files appear whole, so a task that runs twice does no harm.
 */
export const jobDirectory = {
  chunk: (directory: string, index: number) => join(directory, "chunks", String(index)),
  counts: (directory: string, chunk: number, partition: number) => join(directory, "counts", `${chunk}-${partition}`),
  reduced: (directory: string, partition: number) => join(directory, "reduced", String(partition)),
  record: (directory: string, taskId: string) => join(directory, "records", `${taskId}.json`),
};

/**
 * Writes a file that is either there and whole or not there, and makes its folder. `writer` tells two attempts apart.
 * It outlives a crash of the machine only when it is `durable`: what the steps hand on is made again instead.
 */
export function writeWhole(path: string, writer: string, pieces: Iterable<Uint8Array>, durable = false): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = join(dirname(path), `.${basename(path)}.${writer}.tmp`);
  const file = openSync(draft, "w");
  try {
    try {
      for (const piece of pieces) writeAll(file, piece);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
