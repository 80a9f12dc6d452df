import { readFileSync } from "node:fs";
import type { MapArgs, MapResult, StepContext } from "../steps.ts";
import { lines, totalOf } from "./counts-file.ts";
import { jobDirectory, writeWhole } from "./job-directory.ts";
import { countRange, type Range } from "./ranges.ts";
import { WordTable } from "./word-table.ts";

/** Counts the words of one chunk, and writes them apart by partition. */
export function countChunk({ job, index }: MapArgs, context: StepContext): MapResult {
  const ranges: readonly Range[] = JSON.parse(readFileSync(jobDirectory.chunk(job.directory, index), "utf8"));
  const table = new WordTable();
  for (const range of ranges) countRange(table, range);
  const partitions = Array.from({ length: job.partitions }, (): number[] => []);
  for (let entry = 0; entry < table.size; entry++) partitions[table.partition(entry, job.partitions)]?.push(entry);
  for (const [partition, entries] of partitions.entries()) {
    writeWhole(jobDirectory.counts(job.directory, index, partition), context.taskId, lines(table, entries));
  }
  return { bytes: ranges.reduce((sum, { start, end }) => sum + end - start, 0), words: totalOf(table) };
}
