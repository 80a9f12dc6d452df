import type { Clock, Timer } from "../actors/world.ts";
import { Heap } from "../base/heap.ts";

type Entry = { dueMs: number; readonly order: number; readonly task: () => void; live: boolean };

/** Unix time at which every simulation begins: 2011-03-30, the day the Mesos paper was presented. */
const epochMs = 1_301_443_200_000;

/** Virtual time: it stands still until somebody moves it, and everything that waits for it runs in due order. */
export class SimClock implements Clock {
  #nowMs = 0;
  #armed = 0;
  readonly #timers = new Heap<Entry>((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order));

  now(): number {
    return this.#nowMs;
  }

  wall(): number {
    return epochMs + this.#nowMs;
  }

  arm(delayMs: number, task: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#armed++, task, live: true };
    this.#timers.push(entry);
    return entry;
  }

  disarm(timer: Timer): void {
    (timer as Entry).live = false;
  }

  /** When the next timer is due, or undefined when none is armed. */
  get nextDueMs(): number | undefined {
    for (;;) {
      const next = this.#timers.peek();
      if (next === undefined || next.live) return next?.dueMs;
      this.#timers.pop();
    }
  }

  /** Moves time to the next timer and runs it. */
  fireNext(): void {
    if (this.nextDueMs === undefined) return;
    const entry = this.#timers.pop();
    if (entry === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, entry.dueMs);
    entry.live = false;
    entry.task();
  }

  /** Moves time without running anything; nothing may be due before. */
  advanceTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }
}
