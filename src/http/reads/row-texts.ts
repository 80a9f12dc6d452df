import type { FrameworkRow, OfferRow, SlaveRow, TaskRow } from "../../protocol/cluster-events.ts";
import { reservedByRole, unreserved } from "../../protocol/reservation.ts";
import { add } from "../../protocol/resources.ts";
import { defaultRole } from "../../protocol/role.ts";
import { pid, seconds } from "../cluster-facts.ts";
import { attributeSummary, reservedSummaries, resourceSummary } from "../mesos-resources.ts";
import { plainJson, taskState } from "../operator/rows.ts";
import { resourcesTo } from "../resource-list.ts";
import { containerStatus } from "./container-status.ts";

/**
 * How each row looks in `/state` and its like, as JSON text. A row never changes, it is replaced; so its text is made
 * once and lives as long as the row.
 */
export class RowTexts {
  readonly #version: string;
  readonly #slaves = new WeakMap<SlaveRow, string>();
  readonly #fullSlaves = new WeakMap<SlaveRow, string>();
  readonly #frameworks = new WeakMap<FrameworkRow, string>();
  readonly #summaries = new WeakMap<FrameworkRow, string>();
  readonly #offers = new WeakMap<OfferRow, string>();
  readonly #tasks = new WeakMap<TaskRow, { readonly ip: string | undefined; readonly text: string }>();

  constructor(version: string) {
    this.#version = version;
  }

  slave(row: SlaveRow): string {
    return kept(this.#slaves, row, () => JSON.stringify(slaveJson(row, this.#version)));
  }

  /** As in `/slaves`, where the lists of resources are in full. */
  fullSlave(row: SlaveRow): string {
    return kept(this.#fullSlaves, row, () => JSON.stringify(fullSlaveJson(row, this.#version)));
  }

  /** Without what hangs on the framework, such as its tasks. */
  framework(row: FrameworkRow): string {
    return kept(this.#frameworks, row, () => JSON.stringify(frameworkJson(row)));
  }

  /** As in `/state-summary`. */
  summary(row: FrameworkRow): string {
    return kept(this.#summaries, row, () => JSON.stringify(frameworkSummary(row)));
  }

  offer(row: OfferRow): string {
    return kept(this.#offers, row, () => JSON.stringify(offerJson(row)));
  }

  /** `ip`: that of its slave, while the slave is known. */
  task(row: TaskRow, ip: string | undefined): string {
    const known = this.#tasks.get(row);
    if (known !== undefined && known.ip === ip) return known.text;
    const text = JSON.stringify(taskJson(row, ip));
    this.#tasks.set(row, { ip, text });
    return text;
  }
}

function kept<Row extends object>(texts: WeakMap<Row, string>, row: Row, make: () => string): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const text = make();
  texts.set(row, text);
  return text;
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
    reserved_resources: reservedSummaries(info.resources),
    unreserved_resources: resourceSummary(unreserved(info.resources)),
    active: state === "registered",
    deactivated: false,
    version,
    capabilities: [],
  };
}

function fullSlaveJson(row: SlaveRow, version: string) {
  return {
    ...slaveJson(row, version),
    reserved_resources_full: Object.fromEntries(
      [...reservedByRole(row.info.resources)].map(([role, held]) => [role, resourcesTo(held)]),
    ),
    unreserved_resources_full: resourcesTo(unreserved(row.info.resources)),
    used_resources_full: resourcesTo(row.used),
    offered_resources_full: resourcesTo(row.offered),
  };
}

function frameworkSummary({ id, info, state, used, offered }: FrameworkRow) {
  return {
    id,
    name: info.name,
    used_resources: resourceSummary(used),
    offered_resources: resourceSummary(offered),
    resources: resourceSummary(add(used, offered)),
    capabilities: info.capabilities,
    hostname: info.hostname ?? "",
    webui_url: info.webuiUrl ?? "",
    active: state === "connected",
    connected: state === "connected",
    recovered: false,
  };
}

function frameworkJson(row: FrameworkRow) {
  const { info, registeredMs } = row;
  return {
    ...frameworkSummary(row),
    user: info.user,
    failover_timeout: seconds(info.failoverTimeoutMs),
    checkpoint: info.checkpoint,
    registered_time: seconds(registeredMs),
    unregistered_time: 0,
    ...(info.principal === undefined ? {} : { principal: info.principal }),
    // A framework that cannot deal with several roles is shown the way it speaks.
    ...(info.capabilities.includes("MULTI_ROLE") ? { roles: info.roles } : { role: info.roles[0] ?? defaultRole }),
    ...(info.labels === undefined ? {} : { labels: info.labels }),
  };
}

/** A task without a group has no executor to name. */
function taskJson({ frameworkId, task, status }: TaskRow, ip: string | undefined) {
  return {
    id: task.taskId,
    name: task.name,
    framework_id: frameworkId,
    executor_id: task.group?.executor.executorId ?? "",
    slave_id: task.slaveId,
    state: taskState(status.state),
    resources: resourceSummary(task.resources),
    role: task.role ?? defaultRole,
    statuses: [
      { state: taskState(status.state), timestamp: seconds(status.timestampMs), ...containerStatus(status, ip) },
    ],
    ...(task.labels === undefined ? {} : { labels: task.labels }),
    ...(task.discovery === undefined ? {} : { discovery: plainJson(task.discovery) }),
  };
}

function offerJson({ id, frameworkId, slaveId, role, resources }: OfferRow) {
  return {
    id,
    framework_id: frameworkId,
    allocation_info: { role },
    slave_id: slaveId,
    resources: resourceSummary(resources),
  };
}
