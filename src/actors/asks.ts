import { RingBuffer } from "../base/ring-buffer.ts";
import type { Cell } from "./cell.ts";
import type { AskFailure, AskOutcome } from "./context.ts";
import type { WireValue } from "./wire-value.ts";
import type { Clock } from "./world.ts";

/** The callee's end of an ask: takes the first answer or failure, ignores the rest. */
export type ReplySlot = {
  /** By the callee's clock; an ask found later than this is dropped unrun. */
  readonly deadline: number;
  answer(value: WireValue): void;
  fail(code: AskFailure, outcome: "unknown" | "not-run"): void;
};

type Settle = (outcome: AskOutcome<WireValue>) => void;
type Pending = { readonly settle: Settle; readonly place: string; readonly dueMs: number; readonly queue: Deadlines };

/** The asker's end: every question of one thread that waits for its answer, by correlation number. */
export class Asks {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  readonly #deadlines = new Map<number, Deadlines>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Registers a question to an actor at `place`; `settle` is called once, at `dueMs` at the latest. */
  open(place: string, timeoutMs: number, dueMs: number, settle: Settle): number {
    const correlation = ++this.#last;
    const queue = this.#deadlinesOf(timeoutMs);
    this.#pending.set(correlation, { settle, place, dueMs, queue });
    queue.add(correlation);
    return correlation;
  }

  answer(correlation: number, value: WireValue): void {
    this.#settle(correlation, { ok: true, value });
  }

  fail(correlation: number, code: AskFailure, outcome: "unknown" | "not-run"): void {
    this.#settle(correlation, { ok: false, code, outcome });
  }

  /** Everything asked of a place that is gone. */
  failPlace(place: string): void {
    for (const [correlation, pending] of this.#pending) {
      if (pending.place === place) this.fail(correlation, "down", "unknown");
    }
  }

  /** The slot that answers a question asked on this same thread. */
  localSlot(correlation: number, deadline: number, callee: Cell): ReplySlot {
    return new LocalSlot(this, correlation, deadline, callee);
  }

  #settle(correlation: number, outcome: AskOutcome<WireValue>): void {
    const pending = this.#pending.get(correlation);
    if (pending === undefined) return;
    this.#pending.delete(correlation);
    pending.queue.settled();
    pending.settle(outcome);
  }

  #deadlinesOf(timeoutMs: number): Deadlines {
    const known = this.#deadlines.get(timeoutMs);
    if (known !== undefined) return known;
    const deadlines = new Deadlines(this.#clock, timeoutMs, {
      dueMs: (correlation) => this.#pending.get(correlation)?.dueMs,
      passed: (correlation) => this.fail(correlation, "timeout", "unknown"),
      idle: () => this.#deadlines.delete(timeoutMs),
    });
    this.#deadlines.set(timeoutMs, deadlines);
    return deadlines;
  }
}

type DeadlineEvents = {
  /** When the question must be answered; undefined once it is. */
  dueMs(correlation: number): number | undefined;
  passed(correlation: number): void;
  /** No question is left, and no timer armed. */
  idle(): void;
};

/**
 * The deadlines of all questions with one timeout: they fall due in the order they were asked, so a queue and a single
 * timer serve them all.
 */
class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #events: DeadlineEvents;
  readonly #asked = new RingBuffer<number>();
  #armed = false;

  constructor(clock: Clock, timeoutMs: number, events: DeadlineEvents) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#events = events;
  }

  add(correlation: number): void {
    this.#asked.push(correlation);
    if (!this.#armed) this.#arm(this.#timeoutMs);
  }

  /** Forgets from the front what has been answered. */
  settled(): void {
    for (let next = this.#asked.peek(); next !== undefined; next = this.#asked.peek()) {
      if (this.#events.dueMs(next) !== undefined) return;
      this.#asked.shift();
    }
  }

  #arm(delayMs: number): void {
    this.#armed = true;
    this.#clock.arm(delayMs, () => {
      this.#armed = false;
      this.#ring();
    });
  }

  #ring(): void {
    for (let next = this.#asked.peek(); next !== undefined; next = this.#asked.peek()) {
      const dueMs = this.#events.dueMs(next);
      const remainingMs = dueMs === undefined ? 0 : dueMs - this.#clock.now();
      if (remainingMs > 0) return this.#arm(remainingMs);
      this.#asked.shift();
      if (dueMs !== undefined) this.#events.passed(next);
    }
    if (!this.#armed) this.#events.idle();
  }
}

class LocalSlot implements ReplySlot {
  readonly deadline: number;
  readonly #asks: Asks;
  readonly #correlation: number;
  readonly #callee: Cell;

  constructor(asks: Asks, correlation: number, deadline: number, callee: Cell) {
    this.#asks = asks;
    this.#correlation = correlation;
    this.deadline = deadline;
    this.#callee = callee;
  }

  answer(value: WireValue): void {
    this.#callee.openReplies.delete(this);
    this.#asks.answer(this.#correlation, value);
  }

  fail(code: AskFailure, outcome: "unknown" | "not-run"): void {
    this.#callee.openReplies.delete(this);
    this.#asks.fail(this.#correlation, code, outcome);
  }
}
