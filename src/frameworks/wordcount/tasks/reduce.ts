import type { ReduceArgs, ReduceResult, StepContext } from "../steps.ts";
import { addCounts, lines, totalOf } from "./counts-file.ts";
import { jobDirectory, writeWhole } from "./job-directory.ts";
import { WordTable } from "./word-table.ts";

/** Adds up one partition over all maps. */
export function mergePartition({ job, index, chunks }: ReduceArgs, context: StepContext): ReduceResult {
  const table = new WordTable();
  for (let chunk = 0; chunk < chunks; chunk++) addCounts(table, jobDirectory.counts(job.directory, chunk, index));
  const entries = Array.from({ length: table.size }, (_, entry) => entry);
  writeWhole(jobDirectory.reduced(job.directory, index), context.taskId, lines(table, entries));
  return { words: totalOf(table), distinct: table.size };
}
