import { invariant } from "../base/invariant.ts";
import type { FrameworkId, SlaveId } from "../protocol/ids.ts";
import { add, equal, joined, noResources, type Resources } from "../protocol/resources.ts";
import { defaultRole } from "../protocol/role.ts";
import type { TaskInfo } from "../protocol/task.ts";

/** `first`: a task that it was launched for; its others run under the same terms. */
type Running = { readonly first: TaskInfo; tasks: number };

/** The executors of task groups that have a task that lives: what each takes of its slave is taken, and given back, once. */
export class Executors {
  readonly #running = new Map<string, Running>();

  isRunning(slaveId: SlaveId, frameworkId: FrameworkId, executorId: string): boolean {
    return this.#running.has(keyOf(slaveId, frameworkId, executorId));
  }

  /** How many tasks that live it runs. */
  tasksUnder(slaveId: SlaveId, frameworkId: FrameworkId, executorId: string): number {
    return this.#running.get(keyOf(slaveId, frameworkId, executorId))?.tasks ?? 0;
  }

  /** What a task would take: its own, and its executor's if that does not run yet. */
  needed(slaveId: SlaveId, frameworkId: FrameworkId, task: TaskInfo): Resources {
    const { group, resources } = task;
    if (group === undefined || this.isRunning(slaveId, frameworkId, group.executor.executorId)) return resources;
    return add(resources, group.executor.resources);
  }

  /** Why a task cannot run under the executor that it names, or undefined: Mesos wants one that runs to be described alike. */
  fault(slaveId: SlaveId, frameworkId: FrameworkId, task: TaskInfo): string | undefined {
    if (task.group === undefined) return undefined;
    if (task.slaveId !== slaveId) return `the task is one of slave ${task.slaveId}`;
    const { executorId, resources } = task.group.executor;
    const together = joined(task.resources, resources);
    if (!together.ok) return `of a task and its executor, ${together.error}`;
    const first = this.#running.get(keyOf(slaveId, frameworkId, executorId))?.first;
    if (first === undefined) return undefined;
    const what = `${executorId} runs on this slave already`;
    if (!equal(first.group?.executor.resources ?? noResources, resources)) return `${what}, with other resources`;
    const role = first.role ?? defaultRole;
    if (role !== (task.role ?? defaultRole)) return `${what}, for role ${role}`;
    return first.short === task.short ? undefined : `${what}, on another part of it`;
  }

  /** A task begins to live; answers what it takes. */
  enter(slaveId: SlaveId, frameworkId: FrameworkId, task: TaskInfo): Resources {
    const taken = this.needed(slaveId, frameworkId, task);
    if (task.group === undefined) return taken;
    const key = keyOf(slaveId, frameworkId, task.group.executor.executorId);
    const running = this.#running.get(key);
    if (running === undefined) this.#running.set(key, { first: task, tasks: 1 });
    else running.tasks++;
    return taken;
  }

  /** A task that entered has ended; answers what comes free. */
  leave(slaveId: SlaveId, frameworkId: FrameworkId, task: TaskInfo): Resources {
    if (task.group === undefined) return task.resources;
    const key = keyOf(slaveId, frameworkId, task.group.executor.executorId);
    const running = this.#running.get(key);
    invariant(running !== undefined, () => `${task.taskId} ends under an executor that does not run`);
    running.tasks--;
    if (running.tasks > 0) return task.resources;
    this.#running.delete(key);
    return add(task.resources, running.first.group?.executor.resources ?? noResources);
  }
}

function keyOf(slaveId: SlaveId, frameworkId: FrameworkId, executorId: string): string {
  return `${slaveId}/${frameworkId}/${executorId}`;
}
