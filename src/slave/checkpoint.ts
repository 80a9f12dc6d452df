import type { Context } from "../actors/context.ts";
import { taskKey } from "../protocol/cluster-events.ts";
import type { FrameworkInfo } from "../protocol/framework-info.ts";
import type { FrameworkId, SlaveId, TaskId } from "../protocol/ids.ts";
import type { Lead } from "../protocol/lead.ts";
import { isTerminal, type TaskInfo, type TaskStatus } from "../protocol/task.ts";

/** A fact that the slave must not forget when it dies. */
export type CheckpointRecord =
  | { readonly type: "registered"; readonly slaveId: SlaveId; readonly lead: Lead }
  | {
      readonly type: "launched";
      readonly frameworkId: FrameworkId;
      readonly framework: FrameworkInfo;
      readonly task: TaskInfo;
    }
  | { readonly type: "updated"; readonly frameworkId: FrameworkId; readonly status: TaskStatus }
  | { readonly type: "acknowledged"; readonly frameworkId: FrameworkId; readonly taskId: TaskId; readonly uuid: string }
  | { readonly type: "forgotten"; readonly frameworkId: FrameworkId; readonly taskId: TaskId };

export type RecoveredTask = {
  readonly frameworkId: FrameworkId;
  readonly framework: FrameworkInfo;
  readonly task: TaskInfo;
  /** The last one recorded; absent when the task had not said anything yet. */
  status: TaskStatus | undefined;
  /** What its scheduler has not acknowledged, in order. */
  readonly pending: TaskStatus[];
};

/** What a slave knew when it died. */
export type Recovered = {
  readonly slaveId: SlaveId | undefined;
  readonly lead: Lead | undefined;
  readonly tasks: readonly RecoveredTask[];
};

/**
 * The slave's memory across its own death: each record is on disk before what it promises is done. A slave without a
 * journal remembers nothing, and its master gives it up with all its tasks when it ends.
 */
export class Checkpoint {
  readonly #ctx: Context<unknown>;
  readonly #enabled: boolean;

  constructor(ctx: Context<unknown>, enabled: boolean) {
    this.#ctx = ctx;
    this.#enabled = enabled;
  }

  /** Reads what there is, and rewrites it as short as it can be. */
  recover(then: (recovered: Recovered) => void): void {
    if (!this.#enabled) return then(recoveredFrom([]));
    this.#ctx.recoverJournal((records) => {
      const recovered = recoveredFrom(records as readonly CheckpointRecord[]);
      this.#ctx.replaceJournal(recordsOf(recovered), () => then(recovered));
    });
  }

  /** Runs `then` once the record is on disk; at once when nothing is kept. */
  write(record: CheckpointRecord, then: () => void): void {
    if (this.#enabled) this.#ctx.afterDurable(record, then);
    else then();
  }
}

/** The state that a sequence of records describes. Records of tasks that were forgotten leave nothing. */
export function recoveredFrom(records: readonly CheckpointRecord[]): Recovered {
  let identity: { slaveId: SlaveId; lead: Lead } | undefined;
  const tasks = new Map<string, RecoveredTask>();
  for (const record of records) {
    switch (record.type) {
      case "registered":
        identity = { slaveId: record.slaveId, lead: record.lead };
        break;
      case "launched": {
        const { frameworkId, framework, task } = record;
        tasks.set(taskKey(frameworkId, task.taskId), { frameworkId, framework, task, status: undefined, pending: [] });
        break;
      }
      case "updated": {
        const task = tasks.get(taskKey(record.frameworkId, record.status.taskId));
        if (task === undefined) break;
        task.status = record.status;
        task.pending.push(record.status);
        break;
      }
      case "acknowledged": {
        const key = taskKey(record.frameworkId, record.taskId);
        const task = tasks.get(key);
        if (task?.pending[0]?.uuid === record.uuid) task.pending.shift();
        // The last word has been heard: a crash between this record and the next must not keep the task for ever.
        if (task?.status !== undefined && isTerminal(task.status.state) && task.pending.length === 0) tasks.delete(key);
        break;
      }
      case "forgotten":
        tasks.delete(taskKey(record.frameworkId, record.taskId));
    }
  }
  return { slaveId: identity?.slaveId, lead: identity?.lead, tasks: [...tasks.values()] };
}

/** The shortest sequence of records that describes the same state. */
export function recordsOf({ slaveId, lead, tasks }: Recovered): readonly CheckpointRecord[] {
  const identity = slaveId === undefined || lead === undefined ? [] : [{ type: "registered", slaveId, lead } as const];
  return [
    ...identity,
    ...tasks.flatMap(({ frameworkId, framework, task, status, pending }): readonly CheckpointRecord[] => {
      const told = status !== undefined && !pending.includes(status) ? [status] : [];
      return [
        { type: "launched", frameworkId, framework, task },
        ...told.flatMap((last): readonly CheckpointRecord[] => [
          { type: "updated", frameworkId, status: last },
          { type: "acknowledged", frameworkId, taskId: task.taskId, uuid: last.uuid ?? "" },
        ]),
        ...pending.map((waiting) => ({ type: "updated", frameworkId, status: waiting }) as const),
      ];
    }),
  ];
}
