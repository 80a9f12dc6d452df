import { setTimeout as pause } from "node:timers/promises";
import { CliFailure, exitCodes } from "./failure.ts";
import { credentialFrom } from "./http-access.ts";
import { read } from "./reads.ts";
import { TaskOutput } from "./task-output.ts";

export type LogsOptions = {
  readonly master: string;
  readonly credential?: string;
  /** The framework whose task it is, where several have a task of that id. */
  readonly framework?: string;
  readonly follow: boolean;
  readonly stderr: boolean;
};

/** Pause between two looks whether the task has ended, in milliseconds. */
const pollMs = 500;

/** A task, as far as its output is concerned. */
type Found = { readonly frameworkId: string; readonly slaveId: string; readonly live: boolean };

/** Prints what a task has written so far, or follows it until the task has ended. */
export async function logs(taskId: string, options: LogsOptions): Promise<void> {
  const { frameworkId, slaveId, live } = await only(taskId, options);
  const streams = { [options.stderr ? "stderr" : "stdout"]: process.stdout };
  const credential = credentialFrom(options.credential);
  const output = new TaskOutput(options.master, credential, { frameworkId, taskId }, streams);
  if (!options.follow || !live) output.finish();
  else void ended(taskId, { ...options, framework: frameworkId }).then(() => output.finish());
  // Whoever reads, such as `head`, may have enough.
  process.stdout.once("error", () => process.exit(exitCodes.ok));
  const fault = await output.follow(slaveId);
  if (fault !== undefined) throw new CliFailure(fault, { exit: "notFound" });
}

/** Resolves when the task is no longer among those that have not ended, or when nobody can say any more. */
async function ended(taskId: string, options: LogsOptions): Promise<void> {
  for (;;) {
    await pause(pollMs);
    const found = await tasksOf(taskId, options).catch(() => []);
    if (!found.some(({ live }) => live)) return;
  }
}

async function only(taskId: string, options: LogsOptions): Promise<Found> {
  const found = await tasksOf(taskId, options);
  const [task] = found;
  if (task === undefined) {
    const of = options.framework === undefined ? "" : ` of framework ${options.framework}`;
    throw new CliFailure(`no task ${taskId}${of} is known; \`mesolite ps --all\` lists those that are`, {
      exit: "notFound",
    });
  }
  const frameworks = [...new Set(found.map(({ frameworkId }) => frameworkId))];
  if (frameworks.length === 1) return task;
  throw new CliFailure(
    `several frameworks have a task ${taskId}; add --framework with one of ${frameworks.join(", ")}`,
    {
      exit: "usage",
    },
  );
}

/** Every task of that id, those that have not ended first, of the ended ones the last first. */
async function tasksOf(taskId: string, options: LogsOptions): Promise<readonly Found[]> {
  const answer = await read(options, { type: "GET_TASKS" });
  const { tasks, unreachable_tasks, orphan_tasks, completed_tasks } = answer.get_tasks;
  const live = [...tasks, ...unreachable_tasks, ...orphan_tasks].map((task) => ({ task, live: true }));
  const over = [...completed_tasks].reverse().map((task) => ({ task, live: false }));
  return [...live, ...over]
    .filter(({ task }) => task.task_id.value === taskId)
    .filter(({ task }) => options.framework === undefined || task.framework_id.value === options.framework)
    .map((each) => ({
      frameworkId: each.task.framework_id.value,
      slaveId: each.task.agent_id.value,
      live: each.live,
    }));
}
