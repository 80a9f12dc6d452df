import { invariant } from "../base/invariant.ts";
import { type OfferId, type SlaveId, TaskId } from "../protocol/ids.ts";
import type { Offer } from "../protocol/offer.ts";
import type { Resources } from "../protocol/resources.ts";
import type { TaskInfo, TaskState, TaskStatus } from "../protocol/task.ts";
import { type PackOptions, pack } from "./pack.ts";
import { Tally } from "./tally.ts";

/** One thing to be done once, by as many tasks as that takes. */
export type Piece = {
  /** Unique in its workload. Its tasks are called `KEY.1`, `KEY.2`, … */
  readonly key: string;
  /** What it is counted under. */
  readonly kind: string;
  readonly name: string;
  readonly resources: Resources;
  readonly work: Pick<TaskInfo, "command" | "function" | "simulated">;
  /** How often it may fail by its own doing and be tried again. */
  readonly retriesMax: number;
};

/** One task for a piece. */
export type Attempt = {
  readonly piece: Piece;
  readonly taskId: TaskId;
  readonly slaveId: SlaveId;
  readonly hostname: string;
  /** Counts the tasks of the piece from 1. */
  readonly number: number;
  worker?: string;
};

/** What a status means for its piece. */
export type Verdict =
  /** Nothing new, or news of a task that no longer counts. */
  | { readonly kind: "noted" }
  /** A task that no longer counts is alive: it should be killed. */
  | { readonly kind: "stray" }
  /** The piece waits for another task. */
  | { readonly kind: "again"; readonly attempt: Attempt; readonly status: TaskStatus }
  /** The piece is over, well (`finished`) or not: its own failure, or as many lost tasks as are allowed. */
  | { readonly kind: "over"; readonly attempt: Attempt; readonly status: TaskStatus };

/** What goes to one slave. */
export type Launch = {
  readonly offerIds: readonly OfferId[];
  readonly slaveId: SlaveId;
  readonly tasks: readonly TaskInfo[];
};

export type WorkloadCounts = {
  readonly pending: number;
  readonly running: number;
  readonly finished: number;
  readonly failed: number;
  readonly rerun: number;
};

/** Tasks of one piece that may be lost through no fault of their own; with the next one it is given up. */
const lossesMax = 5;
/** Size of the tasks of one reply, in characters of JSON, so that it stays below what a link takes; the rest waits. */
const launchSizeMax = 131_072;

/** States in which a task did not get to say how it ended. An unreachable one may come back: then it is a stray. */
const lostStates: ReadonlySet<TaskState> = new Set(["lost", "dropped", "gone", "unreachable", "unknown"]);

/**
 * Pieces of work and the tasks that do them.
 *
 *     pending ──► running ──┬──► over      finished; failed or killed beyond `retriesMax`; lost too often; error
 *        ▲                  │
 *        └──────────────────┘ again        lost, or failed with a retry left: under a fresh task id
 */
export class Workload {
  readonly tally = new Tally();
  readonly #pending = new Map<string, Piece>();
  readonly #running = new Map<TaskId, Attempt>();
  readonly #tried = new Map<string, { attempts: number; losses: number; failures: number }>();
  #finished = 0;
  #failed = 0;
  #rerun = 0;

  add(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      invariant(!this.#tried.has(piece.key), () => `a second piece of work called ${piece.key}`);
      this.#tried.set(piece.key, { attempts: 0, losses: 0, failures: 0 });
      this.#pending.set(piece.key, piece);
    }
  }

  /** In the order in which they will be placed. */
  get pending(): Iterable<Piece> {
    return this.#pending.values();
  }

  get counts(): WorkloadCounts {
    return {
      pending: this.#pending.size,
      running: this.#running.size,
      finished: this.#finished,
      failed: this.#failed,
      rerun: this.#rerun,
    };
  }

  /** Makes tasks of pending pieces as far as the offers go. */
  launch(offers: readonly Offer[], options: PackOptions): readonly Launch[] {
    return pack(this.#pending.values(), offers, options).map(({ offerIds, slaveId, hostname, requests, taken }) => {
      const tasks: TaskInfo[] = [];
      let size = 0;
      for (const [index, piece] of requests.entries()) {
        const tried = this.#tried.get(piece.key);
        invariant(tried !== undefined, "a pending piece was added");
        const resources = taken[index] ?? piece.resources;
        const task = describe(piece, { number: tried.attempts + 1, slaveId, resources });
        size += JSON.stringify(task).length;
        if (size > launchSizeMax && tasks.length > 0) break;
        tried.attempts++;
        tasks.push(task);
        this.#pending.delete(piece.key);
        this.#running.set(task.taskId, { piece, taskId: task.taskId, slaveId, hostname, number: tried.attempts });
        this.tally.started(slaveId, hostname);
      }
      return { offerIds, slaveId, tasks };
    });
  }

  hear(status: TaskStatus): Verdict {
    const attempt = this.#running.get(status.taskId);
    const { state } = status;
    if (attempt === undefined) return { kind: isAlive(state) ? "stray" : "noted" };
    if (status.worker !== undefined) attempt.worker = status.worker;
    if (isAlive(state)) return { kind: "noted" };
    this.#running.delete(status.taskId);
    return this.#triesAgain(attempt, state) ? this.#again(attempt, status) : this.#over(attempt, status);
  }

  #triesAgain({ piece }: Attempt, state: TaskState): boolean {
    const tried = this.#tried.get(piece.key);
    invariant(tried !== undefined, "a running piece was added");
    if (lostStates.has(state)) return ++tried.losses <= lossesMax;
    if (state === "failed" || state === "killed") return ++tried.failures <= piece.retriesMax;
    return false;
  }

  #again(attempt: Attempt, status: TaskStatus): Verdict {
    this.#rerun++;
    this.tally.rerun(attempt.slaveId);
    this.#pending.set(attempt.piece.key, attempt.piece);
    return { kind: "again", attempt, status };
  }

  #over(attempt: Attempt, status: TaskStatus): Verdict {
    if (status.state === "finished") {
      this.#finished++;
      this.tally.finished(attempt.slaveId, attempt.worker, attempt.piece.kind);
    } else {
      this.#failed++;
      this.tally.failed(attempt.slaveId);
    }
    return { kind: "over", attempt, status };
  }
}

function isAlive(state: TaskState): boolean {
  return state === "staging" || state === "starting" || state === "running" || state === "killing";
}

function describe(
  { key, name, work }: Piece,
  { number, slaveId, resources }: { readonly number: number; readonly slaveId: SlaveId; readonly resources: Resources },
): TaskInfo {
  return { taskId: TaskId(`${key}.${number}`), name, slaveId, resources, ...work };
}
