import { protocolTable, type Tell } from "../actors/protocol.ts";
import type { FrameworkId, TaskId } from "./ids.ts";
import type { TaskInfo, TaskStatus } from "./task.ts";

/** What an executor hears from its slave; the shape of Mesos's v1 executor events LAUNCH, KILL and SHUTDOWN. */
export type ExecutorProtocol = {
  launch: Tell<{ readonly task: TaskInfo }>;
  /** `graceMs`: time between asking the task to end and ending it. */
  kill: Tell<{ readonly taskId: TaskId; readonly graceMs: number }>;
  /** Ends every task as `kill` does, then the executor. */
  shutdown: Tell<{ readonly graceMs: number }>;
};

/** What a slave hears from an executor; the shape of Mesos's v1 executor call UPDATE. */
export type ExecutorCalls = {
  update: Tell<{ readonly frameworkId: FrameworkId; readonly status: ExecutorStatus }>;
};

/** A status before the slave gave it a uuid. */
export type ExecutorStatus = Omit<TaskStatus, "uuid" | "slaveId" | "timestampMs" | "source">;

export const executorTable = protocolTable<ExecutorProtocol>("executor", {
  launch: { task: 0 },
  kill: { taskId: 0, graceMs: 1 },
  shutdown: { graceMs: 0 },
});

export const executorCallsTable = protocolTable<ExecutorCalls>("executorCalls", {
  update: { frameworkId: 0, status: 1 },
});
