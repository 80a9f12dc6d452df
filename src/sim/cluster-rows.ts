import type { FrameworkId, OfferId, SlaveId, TaskId } from "../protocol/ids.ts";
import type { Resources } from "../protocol/resources.ts";
import type { TaskState } from "../protocol/task.ts";
import type { SimCluster } from "./cluster.ts";

export type SlaveRow = {
  /** The name of its node. */
  readonly name: string;
  readonly id: SlaveId;
  readonly state: "registered" | "disconnected";
  readonly resources: Resources;
  readonly used: Resources;
  readonly offered: Resources;
};

export type TaskRow = {
  readonly taskId: TaskId;
  readonly frameworkId: FrameworkId;
  readonly state: TaskState;
  /** The name of its slave's node; undefined when the master has forgotten that slave. */
  readonly slave: string | undefined;
  readonly resources: Resources;
};

export type OfferRow = {
  readonly id: OfferId;
  readonly frameworkId: FrameworkId;
  readonly slave: string | undefined;
  readonly resources: Resources;
};

/** The slaves that the master knows; none while there is no master. */
export function slaveRows({ master }: SimCluster): readonly SlaveRow[] {
  return [...(master?.slaves.all() ?? [])].map(({ id, info, state, used, offered }) => ({
    name: info.hostname,
    id,
    state,
    resources: info.resources,
    used,
    offered,
  }));
}

/** The tasks that the master knows: those that run, and those whose end has not been acknowledged. */
export function taskRows({ master }: SimCluster): readonly TaskRow[] {
  return [...(master?.tasks.all() ?? [])].map(({ frameworkId, slaveId, info, status }) => ({
    taskId: info.taskId,
    frameworkId,
    state: status.state,
    slave: master?.slaves.get(slaveId)?.info.hostname,
    resources: info.resources,
  }));
}

/** The offers that nobody has answered yet. */
export function offerRows({ master }: SimCluster): readonly OfferRow[] {
  return [...(master?.offers.all() ?? [])].map(({ id, frameworkId, slaveId, resources }) => ({
    id,
    frameworkId,
    slave: master?.slaves.get(slaveId)?.info.hostname,
    resources,
  }));
}
