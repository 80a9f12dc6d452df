import { type AuthorOperation, operationShape, type ReservationOperation } from "../protocol/offer.ts";
import { shapeFault } from "../protocol/shape.ts";
import { type TaskInfo, taskInfoShape } from "../protocol/task.ts";

type Sifted = {
  /** What can be sent. */
  readonly operations: readonly AuthorOperation[];
  /** All tasks that an author wants launched. */
  readonly tasks: readonly TaskInfo[];
  /** What cannot be sent, and why. */
  readonly faults: {
    readonly tasks: readonly { readonly task: TaskInfo; readonly fault: string }[];
    readonly operations: readonly { readonly operation: ReservationOperation; readonly fault: string }[];
  };
};

/** Sorts out what no master would understand: authors may not have a compiler to keep the shapes for them. */
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
        if (fault !== undefined) faults.tasks.push({ task, fault });
        return fault === undefined;
      });
      tasks.push(...operation.tasks);
      operations.push({ type: "launch", tasks: sound });
      continue;
    }
    const fault = shapeFault(operationShape, operation);
    if (fault === undefined) operations.push(operation);
    else faults.operations.push({ operation, fault });
  }
  return { operations, tasks, faults };
}
