import type { Prng } from "../base/prng.ts";
import { cover } from "../frameworks/cover.ts";
import { TaskId } from "../protocol/ids.ts";
import type { Offer } from "../protocol/offer.ts";
import { type Resources, subtract } from "../protocol/resources.ts";
import type { TaskInfo, TaskStatus } from "../protocol/task.ts";
import type { TaskGroup } from "../protocol/task-group.ts";
import type { WorkRecord } from "./workload.ts";

/** Most tasks of a group. */
const groupMax = 3;
/** What a group's executor takes. */
const executorResources: Resources = { cpus: 10, mem: 32_000, disk: 1_000 };
/** Longest task, in milliseconds. */
const durationMaxMs = 15_000;

/** The items that one life of a framework has before it, and those that run. */
export class Backlog {
  readonly #record: WorkRecord;
  readonly #random: Prng;
  readonly #running = new Map<string, number>();
  /** The lowest first. */
  #pending: number[];

  constructor(record: WorkRecord, random: Prng) {
    this.#record = record;
    this.#random = random;
    this.#pending = Array.from({ length: record.items }, (_, item) => item).filter((item) => !record.done.has(item));
  }

  /** Whether nothing is left to launch. */
  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  isRunning(taskId: TaskId): boolean {
    return this.#running.has(taskId);
  }

  /** Tasks for the next items, as many as the room allows. */
  tasksFor({ slaveId }: Offer, room: Resources, max = Number.POSITIVE_INFINITY): readonly TaskInfo[] {
    const { name, resources: wanted } = this.#record;
    let left = room;
    const tasks: TaskInfo[] = [];
    for (const item of this.#pending.slice(0, max)) {
      const resources = cover(left, wanted);
      if (resources === undefined) break;
      left = subtract(left, resources);
      const taskId = TaskId(`${name}-${item}.${++this.#record.attempts}`);
      this.#running.set(taskId, item);
      tasks.push({ taskId, name: `item ${item}`, slaveId, resources, killGraceMs: 500, ...work(this.#random) });
    }
    this.#pending = this.#pending.slice(tasks.length);
    return tasks;
  }

  /** A group of the next items, now and then for an executor that runs already. */
  groupFor(offer: Offer, room: Resources): TaskGroup | undefined {
    const resources = cover(room, executorResources);
    const tasks = resources === undefined ? [] : this.tasksFor(offer, subtract(room, resources), groupMax);
    if (resources === undefined || tasks.length === 0) return undefined;
    return { executor: { executorId: `${this.#record.name}-e${this.#random.int(2)}`, resources }, tasks };
  }

  /** A task has come to its end: its item is done, or to be done again. */
  end({ taskId, state }: TaskStatus): void {
    const item = this.#running.get(taskId);
    if (item === undefined) return;
    const { counts, done } = this.#record;
    this.#running.delete(taskId);
    if (state === "finished") {
      counts.finished++;
      done.add(item);
    } else {
      counts.reruns++;
      this.#pending = [...this.#pending, item].sort((a, b) => a - b);
    }
  }
}

function work(random: Prng) {
  const kind = random.int(4);
  if (kind === 0) return { command: { shell: true, value: "sleep" } };
  if (kind === 1) return { function: { module: "sim", export: "sim", args: null } };
  const outcome = random.chance(0.9) ? ("finished" as const) : ("failed" as const);
  return { simulated: { durationMs: 100 + random.int(durationMaxMs), outcome } };
}
