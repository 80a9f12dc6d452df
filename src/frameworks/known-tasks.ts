import type { SlaveId, TaskId } from "../protocol/ids.ts";
import { isTerminal, type TaskInfo, type TaskState, type TaskStatus } from "../protocol/task.ts";

export type KnownState = { readonly state: TaskState; readonly slaveId?: SlaveId };

/** Ended tasks kept for inspection; beyond it the one that ended first is forgotten. */
const endedMax = 1_000;
/**
 * Identifiers of acknowledged updates; beyond it the oldest is forgotten. A slave repeats only the head of a task's
 * stream, so a repetition is rarely more than a few updates old.
 */
const acknowledgedMax = 10_000;

/** The tasks a scheduler believes in, and which of their updates it has dealt with. */
export class KnownTasks {
  readonly #alive = new Map<TaskId, KnownState>();
  readonly #ended = new Map<TaskId, KnownState>();
  readonly #acknowledged = new Set<string>();
  /** Tasks to be killed that have not ended, and the time they are given. */
  readonly #kills = new Map<TaskId, number | undefined>();

  get all(): ReadonlyMap<TaskId, KnownState> {
    return new Map([...this.#ended, ...this.#alive]);
  }

  /** The kept identifiers of acknowledged updates, oldest first. */
  get acknowledged(): ReadonlySet<string> {
    return this.#acknowledged;
  }

  get kills(): ReadonlyMap<TaskId, number | undefined> {
    return this.#kills;
  }

  /** Tasks that have not ended as far as is known, in the form `reconcile` takes. */
  get alive(): readonly { readonly taskId: TaskId; readonly slaveId?: SlaveId }[] {
    return [...this.#alive].map(([taskId, { slaveId }]) => ({ taskId, ...(slaveId !== undefined && { slaveId }) }));
  }

  /** An update that is of no task has been dealt with. */
  dealtWith(uuid: string): void {
    remember(this.#acknowledged, uuid);
  }

  launched(tasks: readonly TaskInfo[]): void {
    for (const { taskId, slaveId } of tasks) this.#alive.set(taskId, { state: "staging", slaveId });
  }

  /** The scheduler has dealt with this status. A task the master knows nothing of has ended until it shows up again. */
  heard({ taskId, state, slaveId, uuid }: TaskStatus): void {
    if (uuid !== undefined) remember(this.#acknowledged, uuid);
    const where = slaveId ?? this.#alive.get(taskId)?.slaveId;
    const known = { state, ...(where !== undefined && { slaveId: where }) };
    const ended = this.#ended.get(taskId);
    if (ended !== undefined && isTerminal(ended.state)) return;
    this.#ended.delete(taskId);
    if (!isTerminal(state) && state !== "unknown") {
      this.#alive.set(taskId, known);
      return;
    }
    this.#alive.delete(taskId);
    if (isTerminal(state)) this.#kills.delete(taskId);
    this.#ended.set(taskId, known);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= endedMax) break;
      this.#ended.delete(oldest);
    }
  }

  kill(taskId: TaskId, graceMs: number | undefined): void {
    if (!this.#ended.has(taskId)) this.#kills.set(taskId, graceMs);
  }
}

function remember(uuids: Set<string>, uuid: string): void {
  uuids.add(uuid);
  for (const oldest of uuids) {
    if (uuids.size <= acknowledgedMax) break;
    uuids.delete(oldest);
  }
}
