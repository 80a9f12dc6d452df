/** What the scheduler of a word count tells its tasks, and what they answer: the words both sides share. */

export type StepContext = { readonly taskId: string; readonly slaveId: string; readonly directory: string };

/** Where and how: the same for every step of one job. */
export type Job = {
  /** Shared by all steps; every slave must see it under this path. Drawn in `tasks/job-directory.ts`. */
  readonly directory: string;
  /** Into how many parts the words are divided: one reduce each. */
  readonly partitions: number;
};

export type PlanArgs = {
  readonly job: Job;
  /** Paths or glob patterns; relative ones start where the slave was started. */
  readonly inputs: readonly string[];
  /** Where the result will go: looked at before the work, not after. */
  readonly output: string;
  /** Bytes of input for one map, about. */
  readonly chunkBytes: number;
};
export type PlanResult = { readonly files: number; readonly bytes: number; readonly chunks: number };

/** `index`: which chunk. */
export type MapArgs = { readonly job: Job; readonly index: number };
export type MapResult = { readonly bytes: number; readonly words: number };

/** `index`: which partition. `chunks`: how many maps there were. */
export type ReduceArgs = { readonly job: Job; readonly index: number; readonly chunks: number };
export type ReduceResult = { readonly words: number; readonly distinct: number };

export type CollectArgs = { readonly job: Job; readonly output: string };
export type CollectResult = {
  readonly words: number;
  readonly distinct: number;
  /** The 20 most frequent words; one that is longer than 100 letters is cut. */
  readonly top: readonly { readonly word: string; readonly count: number }[];
};
