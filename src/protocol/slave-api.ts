import { protocolTable, type Tell } from "../actors/protocol.ts";
import { type FrameworkInfo, frameworkInfoShape } from "./framework-info.ts";
import type { FrameworkId, SlaveId, TaskId } from "./ids.ts";
import { type Lead, leadShape } from "./lead.ts";
import { type BodyShapes, bodyFault, count, durationMs, id, list, object, optional, text, word } from "./shape.ts";
import { type TaskInfo, taskInfoShape } from "./task.ts";

/** What a slave hears from its master. Every order carries the leadership it comes from. */
export type SlaveProtocol = {
  /** `missesMs`: a slave that hears no ping for so long registers again. `lost`: tasks the master has given up. */
  slaveRegistered: Tell<{
    readonly lead: Lead;
    readonly slaveId: SlaveId;
    readonly missesMs: number;
    readonly lost: readonly LostTask[];
  }>;
  /** Registering again is pointless. */
  slaveRefused: Tell<{ readonly lead: Lead; readonly reason: string }>;
  runTask: Tell<{
    readonly lead: Lead;
    readonly frameworkId: FrameworkId;
    readonly framework: FrameworkInfo;
    readonly task: TaskInfo;
    /** The hello that the master knows the slave by. After a later one the order is void: the master will hear so. */
    readonly hello: number;
  }>;
  /** Tasks of one group, which begin together or not at all. */
  runGroup: Tell<{
    readonly lead: Lead;
    readonly frameworkId: FrameworkId;
    readonly framework: FrameworkInfo;
    readonly tasks: readonly TaskInfo[];
    readonly hello: number;
  }>;
  killOnSlave: Tell<{
    readonly lead: Lead;
    readonly frameworkId: FrameworkId;
    readonly taskId: TaskId;
    readonly graceMs?: number;
    /** Why, if it is not its framework that wants it. */
    readonly reason?: "REVOKED";
  }>;
  /** Ends an executor with its tasks; they have failed. */
  endExecutor: Tell<{ readonly lead: Lead; readonly frameworkId: FrameworkId; readonly executorId: string }>;
  shutdownFramework: Tell<{ readonly lead: Lead; readonly frameworkId: FrameworkId }>;
  updateAcknowledged: Tell<{
    readonly lead: Lead;
    readonly frameworkId: FrameworkId;
    readonly taskId: TaskId;
    readonly uuid: string;
  }>;
  ping: Tell<{ readonly lead: Lead }>;
};

export type LostTask = { readonly frameworkId: FrameworkId; readonly taskId: TaskId };

const lostTaskShape = object<LostTask>({ frameworkId: id(), taskId: id() });

const shapes: BodyShapes<SlaveProtocol> = {
  slaveRegistered: { lead: leadShape, slaveId: id(), missesMs: durationMs, lost: list(lostTaskShape) },
  slaveRefused: { lead: leadShape, reason: text },
  runTask: {
    lead: leadShape,
    frameworkId: id(),
    framework: frameworkInfoShape,
    task: taskInfoShape,
    hello: count,
  },
  runGroup: {
    lead: leadShape,
    frameworkId: id(),
    framework: frameworkInfoShape,
    tasks: list(taskInfoShape),
    hello: count,
  },
  killOnSlave: {
    lead: leadShape,
    frameworkId: id(),
    taskId: id(),
    graceMs: optional(durationMs),
    reason: optional(word({ REVOKED: true })),
  },
  endExecutor: { lead: leadShape, frameworkId: id(), executorId: text },
  shutdownFramework: { lead: leadShape, frameworkId: id() },
  updateAcknowledged: { lead: leadShape, frameworkId: id(), taskId: id(), uuid: text },
  ping: { lead: leadShape },
};

export const slaveTable = protocolTable<SlaveProtocol>(
  "slave",
  {
    slaveRegistered: { lead: 0, slaveId: 1, missesMs: 2, lost: 3 },
    slaveRefused: { lead: 0, reason: 1 },
    runTask: { lead: 0, frameworkId: 1, framework: 2, task: 3, hello: 4 },
    runGroup: { lead: 0, frameworkId: 1, framework: 2, tasks: 3, hello: 4 },
    killOnSlave: { lead: 0, frameworkId: 1, taskId: 2, graceMs: 3, reason: 4 },
    endExecutor: { lead: 0, frameworkId: 1, executorId: 2 },
    shutdownFramework: { lead: 0, frameworkId: 1 },
    updateAcknowledged: { lead: 0, frameworkId: 1, taskId: 2, uuid: 3 },
    ping: { lead: 0 },
  },
  bodyFault(shapes),
);
