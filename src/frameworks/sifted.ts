import { type AuthorOperation, operationShape, type ReservationOperation } from "../protocol/offer.ts";
import { shapeFault } from "../protocol/shape.ts";
import { type TaskInfo, type TaskReason, taskInfoShape } from "../protocol/task.ts";
import { taskGroupShape } from "../protocol/task-group.ts";

type Sifted = {
  /** What can be sent. */
  readonly operations: readonly AuthorOperation[];
  /** All tasks that an author wants launched. */
  readonly tasks: readonly TaskInfo[];
  /** What cannot be sent, and why. */
  readonly faults: {
    readonly tasks: readonly { readonly task: TaskInfo; readonly reason: TaskReason; readonly fault: string }[];
    readonly operations: readonly { readonly operation: ReservationOperation; readonly fault: string }[];
  };
};

/**
 * Sorts out what no master would understand: authors may not have a compiler to keep the shapes for them. A group that cannot
 * be sent as it is ends as a whole.
 */
export function sifted(wanted: readonly AuthorOperation[]): Sifted {
  const operations: AuthorOperation[] = [];
  const tasks: TaskInfo[] = [];
  const faults = {
    tasks: [] as Sifted["faults"]["tasks"][number][],
    operations: [] as Sifted["faults"]["operations"][number][],
  };
  for (const operation of wanted) {
    if (operation.type === "launch") {
      const sound = operation.tasks.filter((task) => {
        const fault = shapeFault(taskInfoShape, task);
        if (fault !== undefined) faults.tasks.push({ task, reason: "TASK_INVALID", fault });
        return fault === undefined;
      });
      tasks.push(...operation.tasks);
      operations.push({ type: "launch", tasks: sound });
      continue;
    }
    if (operation.type === "launchGroup") {
      const { executor, tasks: members } = operation;
      const fault = shapeFault(taskGroupShape, { executor, tasks: members });
      tasks.push(...members);
      if (fault === undefined) operations.push(operation);
      else
        for (const task of members) faults.tasks.push({ task, reason: "TASK_GROUP_INVALID", fault: `group.${fault}` });
      continue;
    }
    const fault = shapeFault(operationShape, operation);
    if (fault === undefined) operations.push(operation);
    else faults.operations.push({ operation, fault });
  }
  return { operations, tasks, faults };
}
