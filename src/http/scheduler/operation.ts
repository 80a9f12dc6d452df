import type { Operation as OurOperation, UnfitTask } from "../../protocol/offer.ts";
import type { TaskInfo } from "../../protocol/task.ts";
import type { Operation } from "../v1/offer-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import { taskFrom, taskTo } from "./task.ts";

/** What Mesos's form asks for. Mesos lets operations with an id be followed, but not launches: theirs is refused. */
export function operationFrom(operation: ValueOf<typeof Operation>): OurOperation {
  const { type = "UNKNOWN", id, launch, launch_group: group } = operation;
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
  return { type: "unknown", name: type, ...(id === undefined ? {} : { operationId: id.value }) };
}

/** The SDK only launches. */
export function operationTo(operation: Extract<OurOperation, { readonly type: "launch" }>): InputOf<typeof Operation> {
  return { type: "LAUNCH", launch: { task_infos: operation.tasks.map(taskTo) } };
}

function idsOf({ taskId, slaveId }: UnfitTask | TaskInfo) {
  return { taskId, slaveId };
}
