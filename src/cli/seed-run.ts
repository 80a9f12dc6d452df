import { type RunOptions, type RunResult, run } from "../sim/run.ts";

/** Seeds of the same run that are run a second time, to see that a seed says everything: one in so many. */
const replayOneIn = 20;

export type SeedRun = {
  readonly result: RunResult;
  /** Letters that actors handled, also in a second run. */
  readonly messages: number;
  /** The first step in which a second run was another, as text. */
  readonly difference?: string;
};

/** Consecutive seeds of one run. */
export type SeedRange = {
  readonly first: number;
  readonly count: number;
  readonly options: Pick<RunOptions, "plant" | "faultMinutes">;
};

/** Runs the seeds in their order, up to the first that breaks a rule. */
export function runSeeds({ first, count, options }: SeedRange): readonly SeedRun[] {
  const runs: SeedRun[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const done = runSeed({ ...options, seed });
    runs.push(done);
    if (isOver(done)) break;
  }
  return runs;
}

/** Whether nothing needs to be run after it. */
export function isOver({ result, difference }: SeedRun): boolean {
  return result.violation !== undefined || difference !== undefined;
}

function runSeed(options: RunOptions): SeedRun {
  const result = run(options);
  if (options.seed % replayOneIn !== 0) return { result, messages: result.messages };
  const again = run(options);
  const messages = result.messages + again.messages;
  if (again.traceHash === result.traceHash) return { result, messages };
  return { result, messages, difference: differenceOf(lines(options), lines(options)) ?? "and then it did" };
}

/** Every step of a run. */
function lines(options: RunOptions): readonly string[] {
  const heard: string[] = [];
  run({ ...options, heard: (line) => heard.push(line) });
  return heard;
}

/** Where two traces part, with the step before; undefined when they are the same. */
export function differenceOf(once: readonly string[], twice: readonly string[]): string | undefined {
  const length = Math.max(once.length, twice.length);
  for (let index = 0; index < length; index++) {
    if (once[index] === twice[index]) continue;
    return [
      `step ${index + 1} is the first that differs, after ${once[index - 1] ?? "the start"}`,
      `  the first time:  ${once[index] ?? "the run was over"}`,
      `  the second time: ${twice[index] ?? "the run was over"}`,
    ].join("\n");
  }
  return undefined;
}
