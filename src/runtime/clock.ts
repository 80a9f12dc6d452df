import type { Clock, Timer } from "../actors/world.ts";
import { Heap } from "../base/heap.ts";

/** Node fires a longer timeout at once; a longer wait is cut into pieces of at most this. */
const timeoutMsMax = 2 ** 31 - 1;
/** Below this many disarmed entries the heap is never rebuilt. */
const disarmedKeptMin = 1_024;

export type RealClockOptions = {
  /**
   * Whether a process that waits for nothing but this clock stays alive. Default false: a thread lives by its ports
   * and sockets, and ends when they are closed however far off its next timeout is.
   */
  readonly keepAlive?: boolean;
};

class Entry implements Timer {
  readonly dueMs: number;
  readonly order: number;
  task: (() => void) | undefined;

  constructor(dueMs: number, order: number, task: () => void) {
    this.dueMs = dueMs;
    this.order = order;
    this.task = task;
  }
}

/**
 * Time of this machine. However many timers are armed, Node holds one: that of the earliest. A disarmed entry stays
 * in the heap until it is due, or until such entries are the greater part of it: an ask arms a timeout of seconds and
 * gives it up a millisecond later.
 */
export class RealClock implements Clock {
  readonly #keepAlive: boolean;
  #entries = emptyHeap();
  #disarmed = 0;
  #armed = 0;
  #waiting: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #waitingDueMs = Number.POSITIVE_INFINITY;

  constructor(options: RealClockOptions = {}) {
    this.#keepAlive = options.keepAlive ?? false;
  }

  /** Timers that may still run. */
  get size(): number {
    return this.#entries.size - this.#disarmed;
  }

  /** Entries in the heap, also those that were given up. */
  get held(): number {
    return this.#entries.size;
  }

  now(): number {
    return performance.now();
  }

  wall(): number {
    return Date.now();
  }

  arm(delayMs: number, task: () => void): Timer {
    const entry = new Entry(this.now() + Math.max(0, delayMs), this.#armed++, task);
    this.#entries.push(entry);
    if (entry.dueMs < this.#waitingDueMs) this.#wait(entry.dueMs);
    return entry;
  }

  disarm(timer: Timer): void {
    if (!(timer instanceof Entry) || timer.task === undefined) return;
    timer.task = undefined;
    this.#disarmed++;
    if (this.#disarmed > disarmedKeptMin && this.#disarmed > this.#entries.size / 2) this.#rebuild();
  }

  /** Runs what was due on entry, so that a task which arms another for now cannot hold the thread. */
  #ring(): void {
    // What tasks arm meanwhile is waited for once, at the end.
    this.#waitingDueMs = Number.NEGATIVE_INFINITY;
    const now = this.now();
    const armed = this.#armed;
    try {
      for (;;) {
        const next = this.#entries.peek();
        if (next === undefined || next.dueMs > now || next.order >= armed) break;
        this.#entries.pop();
        const { task } = next;
        next.task = undefined;
        if (task === undefined) this.#disarmed--;
        else task();
      }
    } finally {
      this.#waitForNext();
    }
  }

  #waitForNext(): void {
    for (let next = this.#entries.peek(); next !== undefined; next = this.#entries.peek()) {
      if (next.task !== undefined) {
        this.#wait(next.dueMs);
        return;
      }
      this.#entries.pop();
      this.#disarmed--;
    }
    this.#stopWaiting();
    this.#waitingDueMs = Number.POSITIVE_INFINITY;
  }

  /**
   * Rounded up: Node rounds down, and would ring for nothing a fraction of a millisecond too early. What is due now runs as
   * soon as everything that has come has been looked at: the shortest timeout of Node is a whole millisecond.
   */
  #wait(dueMs: number): void {
    this.#stopWaiting();
    const delayMs = Math.min(Math.max(0, Math.ceil(dueMs - this.now())), timeoutMsMax);
    this.#waitingDueMs = dueMs;
    const ring = () => this.#ring();
    if (delayMs === 0) {
      // Never unreferenced: a loop that has nothing else to do would sleep over it.
      this.#waiting = setImmediate(ring);
      return;
    }
    this.#waiting = setTimeout(ring, delayMs);
    if (!this.#keepAlive) this.#waiting.unref();
  }

  #stopWaiting(): void {
    clearTimeout(this.#waiting as NodeJS.Timeout | undefined);
    clearImmediate(this.#waiting as NodeJS.Immediate | undefined);
  }

  #rebuild(): void {
    const kept = emptyHeap();
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      if (entry.task !== undefined) kept.push(entry);
    }
    this.#entries = kept;
    this.#disarmed = 0;
    this.#waitForNext();
  }
}

function emptyHeap(): Heap<Entry> {
  return new Heap((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order));
}
