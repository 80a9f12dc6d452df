import { ok, type Result, refused } from "../../base/result.ts";
import type { GroupExecutor } from "../../protocol/group-executor.ts";
import { resourcesFrom, resourcesTo } from "../resource-list.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import type { ExecutorInfo } from "../v1/task-messages.ts";
import { containerFault } from "./task.ts";

/** The executor of a group that Mesos's form describes, or why there can be none. */
export function executorFrom(executor: ValueOf<typeof ExecutorInfo>): Result<GroupExecutor> {
  const { type, command, container, shutdown_grace_period: grace } = executor;
  if (type === undefined || type === "UNKNOWN") return refused("it has no type");
  if (type === "CUSTOM") return refused("executors of frameworks are not implemented; its type must be DEFAULT");
  if (command !== undefined) return refused("a DEFAULT executor has no command");
  if (container !== undefined && container.type !== "MESOS") return refused("its container is not of type MESOS");
  const confined = containerFault(container);
  if (confined !== undefined) return refused(confined);
  if (grace !== undefined && grace.nanoseconds < 0) return refused("its shutdown_grace_period is below zero");
  const allocated = resourcesFrom(executor.resources);
  if (!allocated.ok) return allocated;
  return ok({ executorId: executor.executor_id.value, ...allocated.value });
}

export function executorTo({ executorId, resources, role }: GroupExecutor): InputOf<typeof ExecutorInfo> {
  return {
    type: "DEFAULT",
    executor_id: { value: executorId },
    resources: resourcesTo(resources, { reservations: "stack", ...(role === undefined ? {} : { allocatedTo: role }) }),
  };
}
