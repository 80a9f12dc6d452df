import { type GroupExecutor, groupExecutorShape } from "./group-executor.ts";
import type { FrameworkId } from "./ids.ts";
import { add, type Resources, sum } from "./resources.ts";
import { list, object } from "./shape.ts";
import { type TaskInfo, taskInfoShape } from "./task.ts";

/** Tasks that begin together or not at all, on one slave; when one ends and has not finished, the others are killed. */
export type TaskGroup = { readonly executor: GroupExecutor; readonly tasks: readonly TaskInfo[] };

/** Most tasks of a group. */
export const groupTasksMax = 100;

export const taskGroupShape = object<TaskGroup>({ executor: groupExecutorShape, tasks: list(taskInfoShape) });

type Holder = { readonly frameworkId: FrameworkId; readonly task: TaskInfo };

/**
 * Told tasks that live, one after the other, answers what each holds: the first of those that share an executor holds that
 * as well.
 */
export function shareCounter(): (holder: Holder) => Resources {
  const counted = new Set<string>();
  return ({ frameworkId, task }) => {
    const executor = task.group?.executor;
    if (executor === undefined) return task.resources;
    const key = `${task.slaveId}/${frameworkId}/${executor.executorId}`;
    if (counted.has(key)) return task.resources;
    counted.add(key);
    return add(task.resources, executor.resources);
  };
}

/** What these tasks hold together with their executors. */
export function heldBy(tasks: readonly Holder[]): Resources {
  return sum(tasks.map(shareCounter()));
}

/** The executor that runs a task: one that is shared, or one of its own that is named after it. */
export function executorIdOf({ group, taskId }: TaskInfo): string {
  return group?.executor.executorId ?? taskId;
}
