import { idFault, type SlaveId } from "../protocol/ids.ts";
import { fractionFault, isEmpty, malformation, type Resources, shortfall } from "../protocol/resources.ts";
import type { TaskInfo } from "../protocol/task.ts";

/** Where a task is to run: out of what is left of the offers of a slave, which are for a role. */
type Place = { readonly slaveId: SlaveId; readonly role: string; readonly left: Resources };

/** What is wrong with a task that a framework wants to launch, or undefined. */
export function taskFault(task: TaskInfo, { slaveId, role, left }: Place): string | undefined {
  const id = idFault(task.taskId);
  if (id !== undefined) return `the task id ${id}`;
  const kinds = [task.command, task.function, task.simulated].filter((kind) => kind !== undefined).length;
  if (kinds !== 1) return `a task has exactly one of command, function and simulated; this one has ${kinds}`;
  if (task.slaveId !== slaveId) return `the task names slave ${task.slaveId}, the offer is of ${slaveId}`;
  if (task.role !== undefined && task.role !== role) {
    return `the task's resources are allocated to role ${task.role}, the offer's to ${role}`;
  }
  if (task.group !== undefined) return "a task's group is the master's to say";
  const malformed = malformation(task.resources) ?? fractionFault(task.resources);
  if (malformed !== undefined) return `a resource of the task: ${malformed}`;
  if (isEmpty(task.resources)) return "the task uses no resources";
  const missing = shortfall(left, task.resources);
  return missing === "" ? undefined : `the task needs more than the offer has: ${missing}`;
}
