import {
  type ClusterChange,
  type ClusterSettings,
  type Counts,
  type FrameworkRow,
  type MaintenanceFacts,
  type OfferRow,
  type PauseProgress,
  type SlaveRow,
  type TaskRow,
  taskKey,
} from "../../protocol/cluster-events.ts";
import type { FrameworkId, OfferId, SlaveId } from "../../protocol/ids.ts";
import { isTerminal, type TaskStatus } from "../../protocol/task.ts";

/** Ended tasks kept for each framework (Mesos's `--max_completed_tasks_per_framework`). The oldest makes room. */
export const completedTasksMax = 1_000;
/** Completed frameworks kept (Mesos's `--max_completed_frameworks`). The oldest makes room and takes its tasks along. */
export const completedFrameworksMax = 50;
/**
 * Frameworks that are known only from ended tasks, as after a failover of the master. The oldest is forgotten with its
 * ended tasks.
 */
export const namelessFrameworksMax = 50;

/**
 * The rows of a cluster and a bounded past. What lives is as many rows as the master has; a task that ends moves to the
 * history of its framework, and a framework that completes to the list of completed ones.
 */
export class ClusterRows {
  readonly #slaves = new Map<SlaveId, SlaveRow>();
  readonly #frameworks = new Map<FrameworkId, FrameworkRow>();
  readonly #completedFrameworks = new Map<FrameworkId, FrameworkRow>();
  readonly #tasks = new Map<string, TaskRow>();
  readonly #histories = new Map<FrameworkId, Map<string, TaskRow>>();
  /** Invariant: the histories whose framework is in neither map, the oldest first. */
  readonly #nameless = new Set<FrameworkId>();
  readonly #offers = new Map<OfferId, OfferRow>();
  #counts: Counts = {};
  #settings: ClusterSettings = { weights: {}, quotas: {} };
  #maintenance: MaintenanceFacts = { windows: [], answers: [] };
  #pause: PauseProgress | undefined;

  get slaves(): ReadonlyMap<SlaveId, SlaveRow> {
    return this.#slaves;
  }

  /** Connected and disconnected ones. */
  get frameworks(): ReadonlyMap<FrameworkId, FrameworkRow> {
    return this.#frameworks;
  }

  get completedFrameworks(): ReadonlyMap<FrameworkId, FrameworkRow> {
    return this.#completedFrameworks;
  }

  /** Tasks that have not ended, by `taskKey`. */
  get tasks(): ReadonlyMap<string, TaskRow> {
    return this.#tasks;
  }

  get offers(): ReadonlyMap<OfferId, OfferRow> {
    return this.#offers;
  }

  /** What the master has counted, as it told it last. */
  get counts(): Counts {
    return this.#counts;
  }

  get settings(): ClusterSettings {
    return this.#settings;
  }

  get maintenance(): MaintenanceFacts {
    return this.#maintenance;
  }

  /** How far the pause of offers after a restart of the master is; undefined when offers are made. */
  get pause(): PauseProgress | undefined {
    return this.#pause;
  }

  /** The ended tasks of each framework, the oldest first. */
  get histories(): ReadonlyMap<FrameworkId, ReadonlyMap<string, TaskRow>> {
    return this.#histories;
  }

  framework(id: FrameworkId): FrameworkRow | undefined {
    return this.#frameworks.get(id) ?? this.#completedFrameworks.get(id);
  }

  apply(changes: readonly ClusterChange[]): void {
    for (const change of changes) this.#apply(change);
  }

  #apply(change: ClusterChange): void {
    switch (change.type) {
      case "slave":
        this.#slaves.set(change.row.id, change.row);
        return;
      case "slaveGone":
        this.#slaves.delete(change.id);
        return;
      case "framework":
        this.#putFramework(change.row);
        return;
      case "task":
        this.#putTask(change.row);
        return;
      case "taskStatus":
        this.#putStatus(change.frameworkId, change.status);
        return;
      case "offer":
        this.#offers.set(change.row.id, change.row);
        return;
      case "offerGone":
        this.#offers.delete(change.id);
        return;
      case "counters":
        this.#counts = change.counts;
        return;
      case "settings":
        this.#settings = change.settings;
        return;
      case "maintenance":
        this.#maintenance = change.maintenance;
        return;
      case "offerPause":
        this.#pause = change.progress;
        return;
    }
  }

  #putFramework(row: FrameworkRow): void {
    this.#nameless.delete(row.id);
    if (row.state !== "completed") {
      this.#completedFrameworks.delete(row.id);
      this.#frameworks.set(row.id, row);
      return;
    }
    this.#frameworks.delete(row.id);
    this.#completedFrameworks.set(row.id, row);
    const oldest = oldestBeyond(
      this.#completedFrameworks.keys(),
      this.#completedFrameworks.size,
      completedFrameworksMax,
    );
    if (oldest === undefined) return;
    this.#completedFrameworks.delete(oldest);
    this.#histories.delete(oldest);
  }

  #putTask(row: TaskRow): void {
    const { frameworkId, task, status } = row;
    const key = taskKey(frameworkId, task.taskId);
    if (isTerminal(status.state)) {
      this.#tasks.delete(key);
      this.#historyOf(frameworkId).set(key, row);
      this.#trim(frameworkId);
    } else {
      this.#histories.get(frameworkId)?.delete(key);
      this.#tasks.set(key, row);
    }
  }

  /** News of a task whose body never came, or is forgotten, says nothing that could be shown. */
  #putStatus(frameworkId: FrameworkId, status: TaskStatus): void {
    const key = taskKey(frameworkId, status.taskId);
    const known = this.#tasks.get(key) ?? this.#histories.get(frameworkId)?.get(key);
    if (known !== undefined) this.#putTask({ ...known, status });
  }

  #historyOf(id: FrameworkId): Map<string, TaskRow> {
    const known = this.#histories.get(id);
    if (known !== undefined) return known;
    const history = new Map<string, TaskRow>();
    this.#histories.set(id, history);
    if (this.framework(id) === undefined) this.#nameless.add(id);
    return history;
  }

  #trim(id: FrameworkId): void {
    const history = this.#historyOf(id);
    const task = oldestBeyond(history.keys(), history.size, completedTasksMax);
    if (task !== undefined) history.delete(task);
    const framework = oldestBeyond(this.#nameless.keys(), this.#nameless.size, namelessFrameworksMax);
    if (framework === undefined) return;
    this.#nameless.delete(framework);
    this.#histories.delete(framework);
  }
}

/** The key that came first, when there are more than may stay. */
function oldestBeyond<K>(keys: Iterator<K>, size: number, max: number): K | undefined {
  return size > max ? keys.next().value : undefined;
}
