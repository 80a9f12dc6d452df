import { refused } from "../../base/result.ts";
import type { AuthorOperation, Operation as OurOperation, UnfitTask } from "../../protocol/offer.ts";
import type { TaskInfo } from "../../protocol/task.ts";
import { resourcesFrom, resourcesTo } from "../resource-list.ts";
import type { Operation } from "../v1/offer-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import { taskFrom, taskTo } from "./task.ts";

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
  if (type === "LAUNCH_GROUP") {
    const fault = identified ?? "task groups are not implemented";
    const tasks = (group?.task_group.tasks ?? []).map(taskFrom);
    return {
      type: "launchGroup",
      unfit: tasks.map((task) => ("unfit" in task ? task.unfit : { ...idsOf(task.fit), fault })),
    };
  }
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
  const { type, operationId, role } = operation;
  const form = { reservations: "stack", ...(role === undefined ? {} : { allocatedTo: role }) } as const;
  const resources = { resources: resourcesTo(operation.resources, form) };
  const id = operationId === undefined ? {} : { id: { value: operationId } };
  return type === "reserve"
    ? { type: "RESERVE", reserve: resources, ...id }
    : { type: "UNRESERVE", unreserve: resources, ...id };
}

function idsOf({ taskId, slaveId }: UnfitTask | TaskInfo) {
  return { taskId, slaveId };
}
