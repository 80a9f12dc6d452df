import type { WireValue } from "../../actors/wire-value.ts";
import { invariant } from "../../base/invariant.ts";
import type { Resources } from "../../protocol/resources.ts";
import type { TaskStatus } from "../../protocol/task.ts";
import type { SchedulerDefinition } from "../scheduler.ts";
import { schedulerDriver } from "../scheduler-driver.ts";
import type { SlaveTally, WorkerTally } from "../tally.ts";
import type { Piece } from "../workload.ts";
import { type Work, type WorkloadProgress, workloadScheduler } from "../workload-scheduler.ts";
import type { CollectArgs, CollectResult, Job, MapArgs, PlanArgs, PlanResult, ReduceArgs } from "./steps.ts";

export type WordcountOptions = {
  /** Default `wordcount`. */
  readonly name?: string;
  readonly role?: string;
  readonly user?: string;
  /** Paths or glob patterns of text files, as the slaves see them. */
  readonly inputs: readonly string[];
  /** The file for the result: a line `word<TAB>count` per word, the most frequent first. */
  readonly output: string;
  /** For what the steps hand on: an empty directory that all slaves see. Whoever makes it removes it. */
  readonly directory: string;
  /** How many reduces, 1 to 1 024. Default 4. */
  readonly reduces?: number;
  /** Bytes of input for one map, about. Default 8 MiB. */
  readonly chunkBytes?: number;
  /** Per task. Default cpus:0.5;mem:64. */
  readonly resources?: Resources;
};

export type WordcountResult = {
  readonly files: number;
  readonly bytes: number;
  readonly maps: number;
  readonly reduces: number;
  readonly output: string;
  /** How many tasks were run again. */
  readonly rerun: number;
  readonly lostSlaves: readonly string[];
  /** What each slave and each worker finished, such as `{ map: 3, reduce: 1 }`. */
  readonly slaves: readonly SlaveTally[];
  readonly workers: readonly WorkerTally[];
} & CollectResult;

type Step = "plan" | "map" | "reduce" | "collect";

/** What is fixed for one run. */
type Settings = {
  readonly job: Job;
  readonly plan: PlanArgs;
  readonly collect: CollectArgs;
  readonly resources: Resources;
};

const reducesDefault = 4;
const reducesMax = 1_024;
const chunkBytesDefault = 8 * 1_048_576;
const resourcesDefault: Resources = { cpus: 500, mem: 64_000 };
/** How often a step that throws is tried again elsewhere. Not the plan: what is wrong with an input stays wrong. */
const retriesMax: Readonly<Record<Step, number>> = { plan: 0, map: 2, reduce: 2, collect: 2 };

/** What is wrong with the options, or undefined. */
export function wordcountFault(options: WordcountOptions): string | undefined {
  const { inputs, output, directory, reduces = reducesDefault, chunkBytes = chunkBytesDefault } = options;
  if (inputs.length === 0) return "there is no input: name files or patterns";
  if (inputs.includes("")) return "an input is empty: name files or patterns";
  if (output === "") return "there is no output: name a file";
  if (directory === "") return "there is no job directory";
  if (!Number.isInteger(reduces) || reduces < 1 || reduces > reducesMax) {
    return `reduces must be a whole number from 1 to ${reducesMax}, not ${reduces}`;
  }
  if (!Number.isInteger(chunkBytes) || chunkBytes < 1)
    return `chunkBytes must be a whole number from 1, not ${chunkBytes}`;
  return undefined;
}

/**
 * Counts the words of files as MapReduce does, each step on whatever slaves are offered:
 *
 *     plan ──► map × chunks ──► reduce × partitions ──► collect ──► output
 */
export function wordcount(options: WordcountOptions): SchedulerDefinition {
  const fault = wordcountFault(options);
  invariant(fault === undefined, () => `the options of a word count were not checked: ${fault}`);
  const settings = settingsOf(options);
  const { name = "wordcount", role, user } = options;
  let plan: PlanResult = { files: 0, bytes: 0, chunks: 0 };
  /** Pieces of the present step that are not over. */
  let open = 1;
  const enter = (work: Work, pieces: readonly Piece[]) => {
    open = pieces.length;
    work.add(pieces);
  };
  return workloadScheduler({
    name,
    ...(role !== undefined && { roles: [role] }),
    ...(user !== undefined && { user }),
    fit: "spread",
    begin: (work) => enter(work, [pieceOf("plan", 0, settings, settings.plan)]),
    over({ piece }, status, work) {
      if (status.state !== "finished") return work.end({ kind: "failed", message: failure(piece, status) });
      if (--open > 0) return;
      const step = piece.kind as Step;
      if (step === "plan") {
        plan = status.data as PlanResult;
        enter(work, mapsOf(plan.chunks, settings));
      } else if (step === "map") enter(work, reducesOf(plan.chunks, settings));
      else if (step === "reduce") enter(work, [pieceOf("collect", 0, settings, settings.collect)]);
      else work.end({ kind: "done", result: resultOf(settings, plan, status.data as CollectResult, work.progress) });
    },
  });
}

export const wordcountFramework = schedulerDriver(wordcount);

function settingsOf(options: WordcountOptions): Settings {
  const job: Job = { directory: options.directory, partitions: options.reduces ?? reducesDefault };
  const { inputs, output } = options;
  return {
    job,
    plan: { job, inputs, output, chunkBytes: options.chunkBytes ?? chunkBytesDefault },
    collect: { job, output },
    resources: options.resources ?? resourcesDefault,
  };
}

function mapsOf(chunks: number, settings: Settings): readonly Piece[] {
  const { job } = settings;
  return Array.from({ length: chunks }, (_, index) =>
    pieceOf("map", index, settings, { job, index } satisfies MapArgs),
  );
}

function reducesOf(chunks: number, settings: Settings): readonly Piece[] {
  const { job } = settings;
  return Array.from({ length: job.partitions }, (_, index) =>
    pieceOf("reduce", index, settings, { job, index, chunks } satisfies ReduceArgs),
  );
}

function pieceOf(step: Step, index: number, { resources }: Settings, args: WireValue): Piece {
  const key = step === "map" || step === "reduce" ? `${step}-${index}` : step;
  return {
    key,
    kind: step,
    name: key,
    resources,
    work: { function: { module: "mesolite:wordcount", export: step, args } },
    retriesMax: retriesMax[step],
  };
}

function failure(piece: Piece, { state, message }: TaskStatus): string {
  return `${piece.name} ${state === "failed" ? "failed" : `ended ${state}`}: ${message ?? "no reason was given"}`;
}

function resultOf(
  { job, collect }: Settings,
  { files, bytes, chunks }: PlanResult,
  collected: CollectResult,
  { tasks, slaves, workers, lostSlaves }: WorkloadProgress,
): WordcountResult {
  const { rerun } = tasks;
  const { output } = collect;
  return {
    files,
    bytes,
    maps: chunks,
    reduces: job.partitions,
    output,
    rerun,
    lostSlaves,
    slaves,
    workers,
    ...collected,
  };
}
