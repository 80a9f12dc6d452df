import type { FrameworkRow, OfferRow, SlaveRow, TaskRow } from "../protocol/cluster-events.ts";
import type { TaskState, TaskStatus } from "../protocol/task.ts";
import { pid, timeInfo } from "./cluster-facts.ts";
import { attributeList, resourceList } from "./mesos-resources.ts";

/** How each row looks in the operator API: the fields of Mesos's v1 messages as JSON. */

export function taskState(state: TaskState): `TASK_${Uppercase<TaskState>}` {
  return `TASK_${state.toUpperCase() as Uppercase<TaskState>}`;
}

/** An unreachable slave is listed as well, as inactive: it may come back, and its tasks still count. */
export function agentJson({ id, info, state, registeredMs, used, offered }: SlaveRow, version: string) {
  return {
    agent_info: {
      id: { value: id },
      hostname: info.hostname,
      port: info.port,
      resources: resourceList(info.resources),
      attributes: attributeList(info.attributes),
    },
    active: state === "registered",
    deactivated: false,
    version,
    pid: pid("slave(1)", info.ip, info.port),
    registered_time: timeInfo(registeredMs),
    total_resources: resourceList(info.resources),
    allocated_resources: resourceList(used),
    offered_resources: resourceList(offered),
    capabilities: [],
  };
}

export function frameworkJson({ id, info, state, registeredMs, used, offered }: FrameworkRow) {
  return {
    framework_info: {
      id: { value: id },
      user: info.user,
      name: info.name,
      roles: info.roles,
      failover_timeout: info.failoverTimeoutMs / 1000,
      checkpoint: info.checkpoint,
    },
    active: state === "connected",
    connected: state === "connected",
    recovered: false,
    registered_time: timeInfo(registeredMs),
    allocated_resources: resourceList(used),
    offered_resources: resourceList(offered),
  };
}

export function taskJson({ frameworkId, task, status }: TaskRow) {
  return {
    task_id: { value: task.taskId },
    name: task.name,
    framework_id: { value: frameworkId },
    agent_id: { value: task.slaveId },
    state: taskState(status.state),
    resources: resourceList(task.resources),
    statuses: [statusJson(status)],
    ...(task.labels === undefined ? {} : { labels: { labels: task.labels } }),
  };
}

export function offerJson({ id, frameworkId, slaveId, resources }: OfferRow, hostname: string) {
  return {
    id: { value: id },
    framework_id: { value: frameworkId },
    agent_id: { value: slaveId },
    hostname,
    resources: resourceList(resources),
  };
}

const sources = { master: "SOURCE_MASTER", slave: "SOURCE_AGENT", executor: "SOURCE_EXECUTOR" } as const;

/** Without `data`, as in Mesos: what a task returns is its framework's, and may be large. */
function statusJson({ taskId, state, source, reason, message, slaveId, timestampMs, worker }: TaskStatus) {
  return {
    task_id: { value: taskId },
    state: taskState(state),
    source: sources[source],
    timestamp: timestampMs / 1000,
    ...(reason === undefined ? {} : { reason: `REASON_${reason}` }),
    ...(message === undefined ? {} : { message }),
    ...(slaveId === undefined ? {} : { agent_id: { value: slaveId } }),
    ...(worker !== undefined && /^\d+$/.test(worker) ? { container_status: { executor_pid: Number(worker) } } : {}),
  };
}
