import type { Clock, Timer } from "../../src/actors/world.ts";

type Entry = Timer & { readonly soon: boolean; readonly task: () => void };

/**
 * Time of this machine, to the fraction of a millisecond as in production, which can be moved on; but nothing that was armed
 * runs unless it is told to, so that nothing is timed that was not meant.
 */
export class HandClock implements Clock {
  #skippedMs = 0;
  readonly #armed = new Set<Timer>();

  now(): number {
    return performance.now() + this.#skippedMs;
  }

  wall(): number {
    return Date.now() + this.#skippedMs;
  }

  arm(delayMs: number, task: () => void): Timer {
    const entry: Entry = { dueMs: this.now() + Math.max(0, delayMs), soon: delayMs <= 0, task };
    this.#armed.add(entry);
    return entry;
  }

  disarm(timer: Timer): void {
    this.#armed.delete(timer);
  }

  /** Runs what was armed for at once, and answers whether there was anything. */
  ringSoon(): boolean {
    return this.#ring(({ soon }) => soon);
  }

  /** Moves time on and runs everything that is due then. */
  advance(ms: number): void {
    this.#skippedMs += ms;
    const nowMs = this.now();
    this.#ring(({ dueMs }) => dueMs <= nowMs);
  }

  #ring(isMeant: (entry: Entry) => boolean): boolean {
    const meant = ([...this.#armed] as Entry[]).filter(isMeant);
    for (const entry of meant) if (this.#armed.delete(entry)) entry.task();
    return meant.length > 0;
  }
}
