import { threadId } from "node:worker_threads";
import type { StepContext } from "../steps.ts";
import { jobDirectory, writeWhole } from "./job-directory.ts";

/** What a task says of itself once it has done its step: the other side of the framework's own account. */
export type StepRecord = {
  readonly step: string;
  readonly index: number;
  readonly taskId: string;
  readonly slaveId: string;
  readonly pid: number;
  readonly threadId: number;
};

type StepArgs = { readonly job: { readonly directory: string }; readonly index?: number };

/** The step, followed by its record. */
export function recorded<Args extends StepArgs, Result>(
  step: string,
  run: (args: Args, context: StepContext) => Result,
): (args: Args, context: StepContext) => Result {
  return (args, context) => {
    const result = run(args, context);
    const { taskId, slaveId } = context;
    const record: StepRecord = { step, index: args.index ?? 0, taskId, slaveId, pid: process.pid, threadId };
    writeWhole(jobDirectory.record(args.job.directory, taskId), taskId, [Buffer.from(`${JSON.stringify(record)}\n`)]);
    return result;
  };
}
