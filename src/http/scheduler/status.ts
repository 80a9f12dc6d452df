import { isIPv6 } from "node:net";
import type { WireValue } from "../../actors/wire-value.ts";
import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import { SlaveId, TaskId } from "../../protocol/ids.ts";
import type { TaskStatus as OurStatus, TaskState } from "../../protocol/task.ts";
import { milliseconds } from "../cluster-facts.ts";
import { mesosReason, reasonFrom } from "../task-reason.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import type { TaskStatus } from "../v1/task-messages.ts";
import { has } from "./framework.ts";
import { uuidBytes, uuidText } from "./update-uuid.ts";

type V1Status = InputOf<typeof TaskStatus>;
type V1State = V1Status["state"];

/** States that came to Mesos with PARTITION_AWARE. Who does not know them hears that the task is lost. */
const sinceUnreachable: ReadonlySet<TaskState> = new Set([
  "dropped",
  "unreachable",
  "gone",
  "gone_by_operator",
  "unknown",
]);

const sources = { master: "SOURCE_MASTER", slave: "SOURCE_AGENT", executor: "SOURCE_EXECUTOR" } as const;
const sourceOf = { SOURCE_MASTER: "master", SOURCE_AGENT: "slave", SOURCE_EXECUTOR: "executor" } as const;

/** The label under which a worker is told that is no process of its own, such as a thread of a pool. */
const workerLabel = "mesolite.worker";
/** The label under which is told how a process ended: its exit status, or the name of a signal. */
const exitLabel = "mesolite.exit";

/** A status as its framework wants to hear it. `ip`: where the task can be reached; tasks share the network of their host. */
export function statusTo(framework: FrameworkInfo, status: OurStatus, ip: string | undefined): V1Status {
  const { taskId, slaveId, reason, message, uuid, data, worker, unreachableMs, source, executorId } = status;
  const lost = sinceUnreachable.has(status.state) && !has(framework, "PARTITION_AWARE");
  const isPid = worker !== undefined && /^\d{1,9}$/.test(worker);
  return {
    task_id: { value: taskId },
    state: stateTo(lost ? "lost" : status.state),
    source: sources[source],
    timestamp: status.timestampMs / 1000,
    ...(reason === undefined ? {} : { reason: mesosReason(reason) }),
    ...(message === undefined ? {} : { message }),
    ...(slaveId === undefined ? {} : { agent_id: { value: slaveId } }),
    // A task without a group has an executor of its own, named after it.
    ...(source === "master" && executorId === undefined ? {} : { executor_id: { value: executorId ?? taskId } }),
    ...(uuid === undefined ? {} : { uuid: uuidBytes(uuid) }),
    ...(data === undefined ? {} : { data: Buffer.from(JSON.stringify(data)) }),
    ...containerTo(status, isPid ? Number(worker) : undefined, ip),
    ...labelsTo(worker === undefined || isPid ? undefined : worker, status.exit),
    ...(lost || unreachableMs === undefined ? {} : { unreachable_time: { nanoseconds: unreachableMs * 1e6 } }),
  };
}

/** A status in Mesos's form, as the SDK knows it. */
export function statusFrom(status: ValueOf<typeof TaskStatus>): OurStatus {
  const { task_id, agent_id, message, uuid, data, container_status: container, unreachable_time: unreachable } = status;
  const { executor_id: executor } = status;
  const labelled = (label: string) => status.labels?.labels.find(({ key }) => key === label)?.value;
  const worker = labelled(workerLabel) ?? container?.executor_pid?.toString();
  const exit = exitFrom(labelled(exitLabel));
  const id = uuid === undefined ? undefined : uuidText(uuid);
  return {
    taskId: TaskId(task_id.value),
    state: status.state.slice("TASK_".length).toLowerCase() as TaskState,
    source: sourceOf[status.source ?? "SOURCE_MASTER"],
    timestampMs: milliseconds(status.timestamp ?? 0),
    ...(status.reason === undefined ? {} : { reason: reasonFrom(status.reason) }),
    ...(message === undefined ? {} : { message }),
    ...(agent_id === undefined ? {} : { slaveId: SlaveId(agent_id.value) }),
    ...(id === undefined ? {} : { uuid: id }),
    ...(data === undefined ? {} : { data: jsonIn(data) }),
    ...(worker === undefined ? {} : { worker }),
    ...(exit === undefined ? {} : { exit }),
    ...(container?.container_id === undefined ? {} : { containerId: container.container_id.value }),
    ...(executor === undefined || executor.value === task_id.value ? {} : { executorId: executor.value }),
    ...(unreachable === undefined ? {} : { unreachableMs: unreachable.nanoseconds / 1e6 }),
  };
}

function stateTo(state: TaskState): V1State {
  return `TASK_${state.toUpperCase() as Uppercase<TaskState>}`;
}

function labelsTo(worker: string | undefined, exit: OurStatus["exit"]) {
  const labels = [
    ...(worker === undefined ? [] : [{ key: workerLabel, value: worker }]),
    ...(exit === undefined ? [] : [{ key: exitLabel, value: "status" in exit ? String(exit.status) : exit.signal }]),
  ];
  return labels.length === 0 ? {} : { labels: { labels } };
}

function exitFrom(text: string | undefined): OurStatus["exit"] {
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? { status: Number(text) } : { signal: text };
}

function containerTo({ containerId, state }: OurStatus, pid: number | undefined, ip: string | undefined) {
  if (containerId === undefined || state === "staging") return {};
  const protocol = ip !== undefined && isIPv6(ip) ? "IPv6" : "IPv4";
  return {
    container_status: {
      container_id: { value: containerId },
      network_infos: ip === undefined ? [] : [{ ip_addresses: [{ protocol, ip_address: ip }] } as const],
      ...(pid === undefined ? {} : { executor_pid: pid }),
    },
  };
}

/** Data of a task of somebody else's is whatever bytes it likes, and none of ours. */
function jsonIn(bytes: Uint8Array): WireValue {
  const text = Buffer.from(bytes).toString("utf8");
  try {
    return JSON.parse(text) as WireValue;
  } catch {
    return text;
  }
}
