import { idFault, type SlaveId } from "../protocol/ids.ts";
import { isEmpty, type Resources, shortfall } from "../protocol/resources.ts";
import type { TaskInfo } from "../protocol/task.ts";

/** What is wrong with a task that a framework wants to launch out of `left` on the slave, or undefined. */
export function taskFault(task: TaskInfo, slaveId: SlaveId, left: Resources): string | undefined {
  const id = idFault(task.taskId);
  if (id !== undefined) return `the task id ${id}`;
  const kinds = [task.command, task.function, task.simulated].filter((kind) => kind !== undefined).length;
  if (kinds !== 1) return `a task has exactly one of command, function and simulated; this one has ${kinds}`;
  if (task.slaveId !== slaveId) return `the task names slave ${task.slaveId}, the offer is of ${slaveId}`;
  if (isEmpty(task.resources)) return "the task uses no resources";
  const negative = Object.values(task.resources).some((quantity) => typeof quantity === "number" && !(quantity >= 0));
  if (negative) return "a resource of the task is negative or not a number";
  const missing = shortfall(left, task.resources);
  return missing === "" ? undefined : `the task needs more than the offer has: ${missing}`;
}
