import type { Context } from "../actors/context.ts";
import type { SlaveId, TaskId } from "../protocol/ids.ts";

export type AskedTask = { readonly taskId: TaskId; readonly slaveId?: SlaveId };

/** Between two questions about the same tasks, in milliseconds: doubling from the first to the second. */
const pauseMinMs = 1_000;
const pauseMaxMs = 60_000;

/**
 * Asks a master that does not know us yet for the truth about our tasks, and asks again, with growing pauses, about
 * those it has said nothing of: it is silent while a slave may still come back with them.
 */
export class Reconciliation {
  readonly #ctx: Context<unknown>;
  readonly #ask: (tasks: readonly AskedTask[]) => void;
  readonly #unanswered = new Map<TaskId, AskedTask>();
  #pauseMs = pauseMinMs;

  constructor(ctx: Context<unknown>, ask: (tasks: readonly AskedTask[]) => void) {
    this.#ctx = ctx;
    this.#ask = ask;
  }

  /** No tasks: the master is asked for all that it knows of. */
  begin(tasks: readonly AskedTask[]): void {
    this.#unanswered.clear();
    for (const task of tasks) this.#unanswered.set(task.taskId, task);
    this.#pauseMs = pauseMinMs;
    this.#ask(tasks);
    this.#arm();
  }

  /** The master has said something about the task. */
  heard(taskId: TaskId): void {
    this.#unanswered.delete(taskId);
  }

  /** The master is gone: what it would have said will have to come from another. */
  stop(): void {
    this.#unanswered.clear();
    this.#ctx.cancel("reconcile.again");
  }

  #arm(): void {
    if (this.#unanswered.size === 0) return;
    this.#ctx.after("reconcile.again", this.#pauseMs, () => {
      if (this.#unanswered.size === 0) return;
      this.#pauseMs = Math.min(2 * this.#pauseMs, pauseMaxMs);
      this.#ask([...this.#unanswered.values()]);
      this.#arm();
    });
  }
}
