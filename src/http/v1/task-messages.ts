import { CheckInfo, CheckType, CommandInfo, HealthCheck, KillPolicy } from "./command-messages.ts";
import { ContainerInfo, ContainerStatus } from "./container-messages.ts";
import { AgentID, DurationInfo, ExecutorID, FrameworkID, TaskID, TimeInfo } from "./id-messages.ts";
import { Labels } from "./label-messages.ts";
import { Resource, Scalar } from "./resource-messages.ts";
import { enumeration, map, message, optional, repeated, required } from "./schema.ts";

/** Tasks, their executors, and what is told about them. */

const Visibility = enumeration("DiscoveryInfo.Visibility", { FRAMEWORK: 0, CLUSTER: 1, EXTERNAL: 2 });

const Port = message("Port", {
  number: required("uint32", 1),
  name: optional("string", 2),
  protocol: optional("string", 3),
  visibility: optional(Visibility, 4),
  labels: optional(Labels, 5),
});

const DiscoveryInfo = message("DiscoveryInfo", {
  visibility: required(Visibility, 1),
  name: optional("string", 2),
  environment: optional("string", 3),
  location: optional("string", 4),
  version: optional("string", 5),
  ports: optional(message("Ports", { ports: repeated(Port, 1) }), 6),
  labels: optional(Labels, 7),
});

export const ExecutorInfo = message("ExecutorInfo", {
  executor_id: required(ExecutorID, 1),
  data: optional("bytes", 4),
  resources: repeated(Resource, 5),
  command: optional(CommandInfo, 7),
  framework_id: optional(FrameworkID, 8),
  name: optional("string", 9),
  source: optional("string", 10),
  container: optional(ContainerInfo, 11),
  discovery: optional(DiscoveryInfo, 12),
  shutdown_grace_period: optional(DurationInfo, 13),
  labels: optional(Labels, 14),
  type: optional(enumeration("ExecutorInfo.Type", { UNKNOWN: 0, DEFAULT: 1, CUSTOM: 2 }), 15),
});

/** An exported function of a module, and the JSON text of what it is called with. */
const MesoliteFunction = message("mesolite.Function", {
  module: required("string", 1),
  export: required("string", 2),
  args: optional("bytes", 3),
});

/** A task that only takes time. */
const MesoliteSimulated = message("mesolite.Simulated", {
  duration_ms: required("double", 1),
  outcome: required("string", 2),
});

/** Fields from 1000 are mesolite's own and nobody else's: other schedulers never set them. */
export const TaskInfo = message("TaskInfo", {
  name: required("string", 1),
  task_id: required(TaskID, 2),
  agent_id: required(AgentID, 3),
  resources: repeated(Resource, 4),
  executor: optional(ExecutorInfo, 5),
  data: optional("bytes", 6),
  command: optional(CommandInfo, 7),
  health_check: optional(HealthCheck, 8),
  container: optional(ContainerInfo, 9),
  labels: optional(Labels, 10),
  discovery: optional(DiscoveryInfo, 11),
  kill_policy: optional(KillPolicy, 12),
  check: optional(CheckInfo, 13),
  max_completion_time: optional(DurationInfo, 14),
  limits: map(Scalar, 15),
  mesolite_function: optional(MesoliteFunction, 1000),
  mesolite_simulated: optional(MesoliteSimulated, 1001),
});

export const TaskGroupInfo = message("TaskGroupInfo", { tasks: repeated(TaskInfo, 1) });

const TaskState = enumeration("TaskState", {
  TASK_STARTING: 0,
  TASK_RUNNING: 1,
  TASK_FINISHED: 2,
  TASK_FAILED: 3,
  TASK_KILLED: 4,
  TASK_LOST: 5,
  TASK_STAGING: 6,
  TASK_ERROR: 7,
  TASK_KILLING: 8,
  TASK_DROPPED: 9,
  TASK_UNREACHABLE: 10,
  TASK_GONE: 11,
  TASK_GONE_BY_OPERATOR: 12,
  TASK_UNKNOWN: 13,
});

const TaskStatusSource = enumeration("TaskStatus.Source", { SOURCE_MASTER: 0, SOURCE_AGENT: 1, SOURCE_EXECUTOR: 2 });

const TaskStatusReason = enumeration("TaskStatus.Reason", {
  REASON_COMMAND_EXECUTOR_FAILED: 0,
  REASON_EXECUTOR_TERMINATED: 1,
  REASON_EXECUTOR_UNREGISTERED: 2,
  REASON_FRAMEWORK_REMOVED: 3,
  REASON_GC_ERROR: 4,
  REASON_INVALID_FRAMEWORKID: 5,
  REASON_INVALID_OFFERS: 6,
  REASON_MASTER_DISCONNECTED: 7,
  REASON_CONTAINER_LIMITATION_MEMORY: 8,
  REASON_RECONCILIATION: 9,
  REASON_AGENT_DISCONNECTED: 10,
  REASON_AGENT_REMOVED: 11,
  REASON_AGENT_RESTARTED: 12,
  REASON_AGENT_UNKNOWN: 13,
  REASON_TASK_INVALID: 14,
  REASON_TASK_UNAUTHORIZED: 15,
  REASON_TASK_UNKNOWN: 16,
  REASON_CONTAINER_PREEMPTED: 17,
  REASON_RESOURCES_UNKNOWN: 18,
  REASON_CONTAINER_LIMITATION: 19,
  REASON_CONTAINER_LIMITATION_DISK: 20,
  REASON_CONTAINER_LAUNCH_FAILED: 21,
  REASON_CONTAINER_UPDATE_FAILED: 22,
  REASON_EXECUTOR_REGISTRATION_TIMEOUT: 23,
  REASON_EXECUTOR_REREGISTRATION_TIMEOUT: 24,
  REASON_TASK_GROUP_INVALID: 25,
  REASON_TASK_GROUP_UNAUTHORIZED: 26,
  REASON_IO_SWITCHBOARD_EXITED: 27,
  REASON_TASK_CHECK_STATUS_UPDATED: 28,
  REASON_TASK_HEALTH_CHECK_STATUS_UPDATED: 29,
  REASON_TASK_KILLED_DURING_LAUNCH: 30,
  REASON_AGENT_REMOVED_BY_OPERATOR: 31,
  REASON_AGENT_REREGISTERED: 32,
  REASON_MAX_COMPLETION_TIME_REACHED: 33,
  REASON_AGENT_DRAINING: 34,
});

const CheckStatusInfo = message("CheckStatusInfo", {
  type: optional(CheckType, 1),
  command: optional(message("CheckStatusInfo.Command", { exit_code: optional("int32", 1) }), 2),
  http: optional(message("CheckStatusInfo.Http", { status_code: optional("uint32", 1) }), 3),
  tcp: optional(message("CheckStatusInfo.Tcp", { succeeded: optional("bool", 1) }), 4),
});

const TaskResourceLimitation = message("TaskResourceLimitation", { resources: repeated(Resource, 1) });

export const TaskStatus = message("TaskStatus", {
  task_id: required(TaskID, 1),
  state: required(TaskState, 2),
  data: optional("bytes", 3),
  message: optional("string", 4),
  agent_id: optional(AgentID, 5),
  /** Seconds since the epoch. */
  timestamp: optional("double", 6),
  executor_id: optional(ExecutorID, 7),
  healthy: optional("bool", 8),
  source: optional(TaskStatusSource, 9),
  reason: optional(TaskStatusReason, 10),
  /** 16 bytes where an acknowledgement is wanted. */
  uuid: optional("bytes", 11),
  labels: optional(Labels, 12),
  container_status: optional(ContainerStatus, 13),
  unreachable_time: optional(TimeInfo, 14),
  check_status: optional(CheckStatusInfo, 15),
  limitation: optional(TaskResourceLimitation, 16),
});

export const Task = message("Task", {
  name: required("string", 1),
  task_id: required(TaskID, 2),
  framework_id: required(FrameworkID, 3),
  executor_id: optional(ExecutorID, 4),
  agent_id: required(AgentID, 5),
  state: required(TaskState, 6),
  resources: repeated(Resource, 7),
  statuses: repeated(TaskStatus, 8),
  status_update_state: optional(TaskState, 9),
  status_update_uuid: optional("bytes", 10),
  labels: optional(Labels, 11),
  discovery: optional(DiscoveryInfo, 12),
  container: optional(ContainerInfo, 13),
  user: optional("string", 14),
  health_check: optional(HealthCheck, 15),
  kill_policy: optional(KillPolicy, 16),
  limits: map(Scalar, 17),
});
