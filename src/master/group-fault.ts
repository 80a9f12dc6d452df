import type { GroupExecutor } from "../protocol/group-executor.ts";
import { type FrameworkId, idFault, type SlaveId, type TaskId } from "../protocol/ids.ts";
import { amountsOf } from "../protocol/quantities.ts";
import { formatQuantity } from "../protocol/quantity.ts";
import {
  fractionFault,
  malformation,
  noResources,
  type Resources,
  shortfall,
  subtract,
} from "../protocol/resources.ts";
import type { TaskInfo } from "../protocol/task.ts";
import { groupTasksMax, type TaskGroup } from "../protocol/task-group.ts";
import { taskFault } from "./task-fault.ts";
import type { Tasks } from "./tasks.ts";

/** Where a group is to run: out of what is left of the offers of a slave, or of a part of it, which are for a role. */
type Place = {
  readonly frameworkId: FrameworkId;
  readonly slaveId: SlaveId;
  readonly role: string;
  readonly short: boolean;
  readonly left: Resources;
};

/** What a default executor has at least, in thousandths (Mesos's `MIN_CPUS`, `MIN_MEM`, and any disk at all). */
const executorMin = { cpus: 10, mem: 32_000, disk: 1 };

/** What is wrong with a group that a framework wants to launch: the first task or executor that will not do, and why. */
export function groupFault({ executor, tasks }: TaskGroup, place: Place, book: Tasks): string | undefined {
  if (tasks.length > groupTasksMax) return `the group has ${tasks.length} tasks, and the limit is ${groupTasksMax}`;
  const [first] = tasks;
  if (first === undefined) return undefined;
  const { slaveId, frameworkId, role, short, left } = place;
  const { short: _claimed, ...own } = first;
  const member = { ...own, slaveId, role, ...(short ? { short } : {}), group: { groupId: "", executor } };
  const astray =
    executor.role === undefined || executor.role === role
      ? undefined
      : `its resources are allocated to role ${executor.role}, the offer's to ${role}`;
  const fault = executorFault(executor) ?? astray ?? book.executors.fault(slaveId, frameworkId, member);
  if (fault !== undefined) return `the executor of the group: ${fault}`;
  const needed = book.executors.isRunning(slaveId, frameworkId, executor.executorId) ? noResources : executor.resources;
  const missing = shortfall(left, needed);
  if (missing !== "") return `the executor of the group needs more than the offer has: ${missing}`;
  return tasksFault(tasks, { ...place, left: subtract(left, needed) }, book);
}

function executorFault({ executorId, resources }: GroupExecutor): string | undefined {
  const id = idFault(executorId);
  if (id !== undefined) return `its id ${id}`;
  const malformed = malformation(resources) ?? fractionFault(resources);
  if (malformed !== undefined) return `a resource: ${malformed}`;
  const amounts = amountsOf(resources);
  for (const [name, min] of Object.entries(executorMin)) {
    const amount = Object.hasOwn(amounts, name) ? (amounts[name] ?? 0) : 0;
    if (amount < min) return `it has ${formatQuantity(amount)} ${name}, and needs at least ${formatQuantity(min)}`;
  }
  return undefined;
}

function tasksFault(tasks: readonly TaskInfo[], place: Place, book: Tasks): string | undefined {
  const seen = new Set<TaskId>();
  let { left } = place;
  for (const task of tasks) {
    const isUsed = seen.has(task.taskId) || book.get(place.frameworkId, task.taskId) !== undefined;
    const fault = isUsed ? "its id is in use" : taskFault(task, { ...place, left });
    if (fault !== undefined) return `task ${task.taskId} of the group: ${fault}`;
    seen.add(task.taskId);
    left = subtract(left, task.resources);
  }
  return undefined;
}
