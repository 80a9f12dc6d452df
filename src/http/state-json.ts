import type { FrameworkRow, OfferRow, SlaveRow, TaskRow } from "../protocol/cluster-events.ts";
import type { FrameworkId } from "../protocol/ids.ts";
import { add } from "../protocol/resources.ts";
import { defaultRole } from "../protocol/role.ts";
import { type ClusterFacts, pid, seconds, versionInfo } from "./cluster-facts.ts";
import type { ClusterRows } from "./cluster-rows.ts";
import { attributeSummary, resourceSummary } from "./mesos-resources.ts";
import { taskState } from "./operator-rows.ts";

/**
 * The answer of `GET /state`, with the keys of Mesos 1.11's. Lists that Mesos keeps for what does not exist here
 * (reservations, executors, recovered slaves) are there and empty, because clients walk them unasked.
 */
export function stateJson({ rows, master, at, version }: ClusterFacts) {
  const address = pid("master", at.ip, at.port);
  const slaves = [...rows.slaves.values()];
  const groups = new TaskGroups(rows);
  return {
    ...versionInfo(version),
    start_time: seconds(master.startedMs),
    elected_time: seconds(master.startedMs),
    id: master.id,
    pid: address,
    hostname: at.hostname,
    capabilities: [],
    activated_slaves: slaves.filter(({ state }) => state === "registered").length,
    deactivated_slaves: slaves.filter(({ state }) => state === "disconnected").length,
    unreachable_slaves: slaves.filter(({ state }) => state === "unreachable").length,
    leader: address,
    leader_info: { id: master.id, pid: address, port: at.port, hostname: at.hostname },
    flags: {},
    slaves: slaves.filter(({ state }) => state !== "unreachable").map((row) => slaveJson(row, version)),
    recovered_slaves: [],
    frameworks: [...rows.frameworks.values()].map((row) => frameworkJson(row, groups)),
    completed_frameworks: [...rows.completedFrameworks.values()].map((row) => frameworkJson(row, groups)),
    // Tasks that slaves reported before their scheduler came back to a new master.
    orphan_tasks: [...rows.tasks.values()]
      .filter(({ frameworkId }) => rows.framework(frameworkId) === undefined)
      .map(taskJson),
    unregistered_frameworks: [],
  };
}

/** Tasks and offers by framework, so that a cluster is walked once and not once for each framework. */
class TaskGroups {
  readonly rows: ClusterRows;
  readonly tasks: ReadonlyMap<FrameworkId, readonly TaskRow[]>;
  readonly offers: ReadonlyMap<FrameworkId, readonly OfferRow[]>;

  constructor(rows: ClusterRows) {
    this.rows = rows;
    this.tasks = Map.groupBy(rows.tasks.values(), ({ frameworkId }) => frameworkId);
    this.offers = Map.groupBy(rows.offers.values(), ({ frameworkId }) => frameworkId);
  }
}

function slaveJson({ id, info, state, registeredMs, used, offered }: SlaveRow, version: string) {
  return {
    id,
    hostname: info.hostname,
    port: info.port,
    attributes: attributeSummary(info.attributes),
    pid: pid("slave(1)", info.ip, info.port),
    registered_time: seconds(registeredMs),
    resources: resourceSummary(info.resources),
    used_resources: resourceSummary(used),
    offered_resources: resourceSummary(offered),
    reserved_resources: {},
    unreserved_resources: resourceSummary(info.resources),
    active: state === "registered",
    deactivated: false,
    version,
    capabilities: [],
  };
}

function frameworkJson(row: FrameworkRow, { rows, tasks, offers }: TaskGroups) {
  const { id, info, state, registeredMs, used, offered } = row;
  const live = tasks.get(id) ?? [];
  return {
    id,
    name: info.name,
    used_resources: resourceSummary(used),
    offered_resources: resourceSummary(offered),
    resources: resourceSummary(add(used, offered)),
    capabilities: [],
    hostname: "",
    webui_url: "",
    active: state === "connected",
    connected: state === "connected",
    recovered: false,
    user: info.user,
    failover_timeout: seconds(info.failoverTimeoutMs),
    checkpoint: info.checkpoint,
    registered_time: seconds(registeredMs),
    unregistered_time: 0,
    roles: info.roles,
    tasks: live.filter(({ status }) => status.state !== "unreachable").map((task) => taskJson(task)),
    unreachable_tasks: live.filter(({ status }) => status.state === "unreachable").map((task) => taskJson(task)),
    completed_tasks: [...(rows.histories.get(id)?.values() ?? [])].map((task) => taskJson(task)),
    offers: (offers.get(id) ?? []).map(offerJson),
    executors: [],
  };
}

function taskJson({ frameworkId, task, status }: TaskRow) {
  return {
    id: task.taskId,
    name: task.name,
    framework_id: frameworkId,
    executor_id: "",
    slave_id: task.slaveId,
    state: taskState(status.state),
    resources: resourceSummary(task.resources),
    role: task.role ?? defaultRole,
    statuses: [{ state: taskState(status.state), timestamp: seconds(status.timestampMs) }],
    ...(task.labels === undefined ? {} : { labels: task.labels }),
  };
}

function offerJson({ id, frameworkId, slaveId, resources }: OfferRow) {
  return { id, framework_id: frameworkId, slave_id: slaveId, resources: resourceSummary(resources) };
}
