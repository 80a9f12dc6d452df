import type { WireValue } from "../../actors/wire-value.ts";
import type { FrameworkRow, OfferRow, SlaveRow, TaskRow } from "../../protocol/cluster-events.ts";
import { defaultRole } from "../../protocol/role.ts";
import type { TaskState, TaskStatus } from "../../protocol/task.ts";
import { pid, timeInfo } from "../cluster-facts.ts";
import { attributeList } from "../mesos-resources.ts";
import { containerStatus } from "../reads/container-status.ts";
import { resourcesTo } from "../resource-list.ts";
import { mesosReason } from "../task-reason.ts";

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
      resources: resourcesTo(info.resources),
      attributes: attributeList(info.attributes),
    },
    active: state === "registered",
    deactivated: false,
    version,
    pid: pid("slave(1)", info.ip, info.port),
    registered_time: timeInfo(registeredMs),
    total_resources: resourcesTo(info.resources),
    allocated_resources: resourcesTo(used),
    offered_resources: resourcesTo(offered),
    capabilities: [],
  };
}

export function frameworkJson({ id, info, state, registeredMs, used, offered }: FrameworkRow) {
  return {
    framework_info: {
      id: { value: id },
      user: info.user,
      name: info.name,
      // A framework that cannot deal with several roles is shown the way it speaks.
      ...(info.capabilities.includes("MULTI_ROLE") ? { roles: info.roles } : { role: info.roles[0] ?? defaultRole }),
      failover_timeout: info.failoverTimeoutMs / 1000,
      checkpoint: info.checkpoint,
      capabilities: info.capabilities.map((type) => ({ type })),
      ...(info.principal === undefined ? {} : { principal: info.principal }),
      ...(info.hostname === undefined ? {} : { hostname: info.hostname }),
      ...(info.webuiUrl === undefined ? {} : { webui_url: info.webuiUrl }),
      ...(info.labels === undefined ? {} : { labels: { labels: info.labels } }),
    },
    active: state === "connected",
    connected: state === "connected",
    recovered: false,
    registered_time: timeInfo(registeredMs),
    allocated_resources: resourcesTo(used),
    offered_resources: resourcesTo(offered),
  };
}

/** `ip`: that of its slave, while the slave is known. */
export function taskJson({ frameworkId, task, status }: TaskRow, ip: string | undefined) {
  return {
    task_id: { value: task.taskId },
    name: task.name,
    framework_id: { value: frameworkId },
    agent_id: { value: task.slaveId },
    ...(task.group === undefined ? {} : { executor_id: { value: task.group.executor.executorId } }),
    state: taskState(status.state),
    resources: resourcesTo(task.resources),
    statuses: [statusJson(status, ip)],
    ...(task.labels === undefined ? {} : { labels: { labels: task.labels } }),
    ...(task.discovery === undefined ? {} : { discovery: plainJson(task.discovery) }),
  };
}

/** `framework` and `made_time` are our own. */
export function offerJson(
  { id, frameworkId, slaveId, role, resources, madeMs }: OfferRow,
  { hostname, framework }: { readonly hostname: string; readonly framework: string },
) {
  return {
    id: { value: id },
    framework_id: { value: frameworkId },
    framework,
    agent_id: { value: slaveId },
    hostname,
    allocation_info: { role },
    resources: resourcesTo(resources),
    made_time: timeInfo(madeMs),
  };
}

const sources = { master: "SOURCE_MASTER", slave: "SOURCE_AGENT", executor: "SOURCE_EXECUTOR" } as const;

/** Without `data`, as in Mesos: what a task returns is its framework's, and may be large. */
function statusJson(status: TaskStatus, ip: string | undefined) {
  const { taskId, state, source, reason, message, slaveId, timestampMs, executorId } = status;
  return {
    task_id: { value: taskId },
    state: taskState(state),
    source: sources[source],
    timestamp: timestampMs / 1000,
    ...(reason === undefined ? {} : { reason: mesosReason(reason) }),
    ...(message === undefined ? {} : { message }),
    ...(slaveId === undefined ? {} : { agent_id: { value: slaveId } }),
    // A task without a group has an executor of its own, named after it.
    ...(source === "master" && executorId === undefined ? {} : { executor_id: { value: executorId ?? taskId } }),
    ...containerStatus(status, ip),
  };
}

/** A value from a framework as JSON: bytes as base64, and integers of any size as numbers. */
export function plainJson(value: WireValue): unknown {
  const plain = (_key: string, each: unknown) => {
    if (typeof each === "bigint") return Number(each);
    return each instanceof Uint8Array ? Buffer.from(each).toString("base64") : each;
  };
  return JSON.parse(JSON.stringify(value, plain));
}
