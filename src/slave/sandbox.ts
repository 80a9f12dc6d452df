import type { FrameworkId, SlaveId, TaskId } from "../protocol/ids.ts";

/**
 * Where a task's files are, as Mesos lays them out:
 *
 *   <work dir>/slaves/<slave>/frameworks/<framework>/executors/<executor>/runs/<container>/{stdout,stderr,…}
 *
 * A task has a directory of its own, named after it, also when it shares its executor with a group. Ids were checked to be fit for directory names.
 */
export function sandboxDirectory(
  workDir: string,
  ids: { readonly slaveId: SlaveId; readonly frameworkId: FrameworkId; readonly taskId: TaskId; readonly run: string },
): string {
  const { slaveId, frameworkId, taskId, run } = ids;
  return `${workDir}/slaves/${slaveId}/frameworks/${frameworkId}/executors/${taskId}/runs/${run}`;
}

/** What every executor finds in its environment. */
export function sandboxEnvironment(ids: {
  readonly slaveId: SlaveId;
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
  readonly executorId: string;
  readonly directory: string;
}): Record<string, string> {
  return {
    MESOS_FRAMEWORK_ID: ids.frameworkId,
    MESOS_EXECUTOR_ID: ids.executorId,
    MESOS_TASK_ID: ids.taskId,
    MESOS_SLAVE_ID: ids.slaveId,
    MESOS_DIRECTORY: ids.directory,
    MESOS_SANDBOX: ids.directory,
  };
}
