import type { CollectArgs, CollectResult, StepContext } from "../steps.ts";
import { addCounts, lines, totalOf } from "./counts-file.ts";
import { jobDirectory, writeWhole } from "./job-directory.ts";
import { WordTable } from "./word-table.ts";

const topCount = 20;
/** A top word travels in a message; a longer one is cut there, never in the output. */
const topWordLengthMax = 100;

/** Writes all words with their counts, the most frequent first, equally frequent ones in byte order. */
export function collectCounts({ job, output }: CollectArgs, context: StepContext): CollectResult {
  const table = new WordTable();
  for (let partition = 0; partition < job.partitions; partition++) {
    addCounts(table, jobDirectory.reduced(job.directory, partition));
  }
  const entries = Array.from({ length: table.size }, (_, entry) => entry);
  entries.sort((a, b) => table.count(b) - table.count(a) || Buffer.compare(table.word(a), table.word(b)));
  writeWhole(output, context.taskId, lines(table, entries), true);
  const top = entries.slice(0, topCount).map((entry) => ({
    word: Buffer.from(table.word(entry).subarray(0, topWordLengthMax)).toString("latin1"),
    count: table.count(entry),
  }));
  return { words: totalOf(table), distinct: table.size, top };
}
