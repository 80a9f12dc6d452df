import { refused } from "../../base/result.ts";
import { SlaveId, TaskId } from "../../protocol/ids.ts";
import type { AuthorOperation, Operation as OurOperation } from "../../protocol/offer.ts";
import { resourcesFrom, resourcesTo } from "../resource-list.ts";
import type { LaunchGroup, Operation } from "../v1/offer-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import { executorFrom, executorTo } from "./group-executor.ts";
import { memberFrom, taskFrom, taskTo } from "./task.ts";

/** What Mesos's form asks for. Mesos lets operations with an id be followed, but not launches: theirs is refused. */
export function operationFrom(operation: ValueOf<typeof Operation>): OurOperation {
  const { type = "UNKNOWN", id, launch, launch_group: group, reserve, unreserve } = operation;
  const identified = id === undefined ? undefined : "a launch cannot have an operation id";
  if (type === "LAUNCH") {
    const tasks = (launch?.task_infos ?? []).map(taskFrom);
    const fit = tasks.flatMap((task) => ("fit" in task ? [task.fit] : []));
    const unfit = tasks.flatMap((task) => ("unfit" in task ? [task.unfit] : []));
    if (identified === undefined) return { type: "launch", tasks: fit, unfit };
    const refused = fit.map(({ taskId, slaveId }) => ({ taskId, slaveId, fault: identified }));
    return { type: "launch", tasks: [], unfit: [...refused, ...unfit] };
  }
  if (type === "LAUNCH_GROUP" && group !== undefined) return groupFrom(group, identified);
  const followed = id === undefined ? {} : { operationId: id.value };
  if (type === "RESERVE" || type === "UNRESERVE") {
    const { resources } = (type === "RESERVE" ? reserve : unreserve) ?? { resources: [] };
    const sourced = type === "RESERVE" && (reserve?.source ?? []).length > 0;
    const named = sourced ? refused(noSource) : resourcesFrom(resources);
    if (!named.ok) return { type: "unknown", name: type, fault: named.error, ...followed };
    return { type: type === "RESERVE" ? "reserve" : "unreserve", ...named.value, ...followed };
  }
  return { type: "unknown", name: type, ...followed };
}

const noSource = "a framework cannot reserve what is reserved otherwise: source must be empty";

/** What the SDK may ask for. Reservations are told as a stack: the SDK has RESERVATION_REFINEMENT. */
export function operationTo(operation: AuthorOperation): InputOf<typeof Operation> {
  if (operation.type === "launch") return { type: "LAUNCH", launch: { task_infos: operation.tasks.map(taskTo) } };
  if (operation.type === "launchGroup") {
    const group = { executor: executorTo(operation.executor), task_group: { tasks: operation.tasks.map(taskTo) } };
    return { type: "LAUNCH_GROUP", launch_group: group };
  }
  const { type, operationId, role } = operation;
  const form = { reservations: "stack", ...(role === undefined ? {} : { allocatedTo: role }) } as const;
  const resources = { resources: resourcesTo(operation.resources, form) };
  const id = operationId === undefined ? {} : { id: { value: operationId } };
  return type === "reserve"
    ? { type: "RESERVE", reserve: resources, ...id }
    : { type: "UNRESERVE", unreserve: resources, ...id };
}

/** A group of which one task or the executor will not do is refused as a whole: each task is told what is wrong. */
function groupFrom(
  { executor, task_group: group }: ValueOf<typeof LaunchGroup>,
  identified: string | undefined,
): OurOperation {
  const shared = executorFrom(executor);
  const tasks = group.tasks.map(memberFrom);
  const [bad] = tasks.flatMap((task) => ("unfit" in task ? [task.unfit] : []));
  const fault =
    identified ??
    (shared.ok ? undefined : `the executor of the group: ${shared.error}`) ??
    (bad && `task ${bad.taskId} of the group: ${bad.fault}`);
  const fit = tasks.flatMap((task) => ("fit" in task ? [task.fit] : []));
  if (fault === undefined && shared.ok) return { type: "launchGroup", executor: shared.value, tasks: fit };
  const unfit = group.tasks.map(({ task_id, agent_id }) => ({
    taskId: TaskId(task_id.value),
    slaveId: SlaveId(agent_id.value),
    fault: fault ?? "",
  }));
  return { type: "unfitGroup", unfit };
}
