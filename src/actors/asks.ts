import { RingBuffer } from "../base/ring-buffer.ts";
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

/** The asker's end: every question of one thread that waits for its answer. */
export class Asks {
  readonly #clock: Clock;
  readonly #deadlines = new Map<number, Deadlines>();
  /** Questions to other places, by the number under which their answers come back. */
  readonly #remote = new Map<number, { readonly question: Question; readonly place: string }>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A question whose `settle` is called once, at `deadline` at the latest. Its slot answers on this same thread. */
  open(timeoutMs: number, deadline: number, settle: Settle): ReplySlot {
    const deadlines = this.#deadlinesOf(timeoutMs);
    const question = new Question(deadlines, deadline, settle);
    deadlines.add(question);
    return question;
  }

  /** A question to another place; answers with its number on the link. */
  openRemote(place: string, timeoutMs: number, deadline: number, settle: Settle): number {
    const correlation = ++this.#last;
    const question = this.open(timeoutMs, deadline, (outcome) => {
      this.#remote.delete(correlation);
      settle(outcome);
    }) as Question;
    this.#remote.set(correlation, { question, place });
    return correlation;
  }

  answer(correlation: number, value: WireValue): void {
    this.#remote.get(correlation)?.question.answer(value);
  }

  fail(correlation: number, code: AskFailure, outcome: "unknown" | "not-run"): void {
    this.#remote.get(correlation)?.question.fail(code, outcome);
  }

  /** Everything asked of a place that is gone. */
  failPlace(place: string): void {
    for (const asked of [...this.#remote.values()]) if (asked.place === place) asked.question.fail("down", "unknown");
  }

  /** Questions that wait for their answer. */
  get size(): number {
    let size = 0;
    for (const deadlines of this.#deadlines.values()) size += deadlines.waiting;
    return size;
  }

  #deadlinesOf(timeoutMs: number): Deadlines {
    const known = this.#deadlines.get(timeoutMs);
    if (known !== undefined) return known;
    const deadlines = new Deadlines(this.#clock, timeoutMs, () => this.#deadlines.delete(timeoutMs));
    this.#deadlines.set(timeoutMs, deadlines);
    return deadlines;
  }
}

class Question implements ReplySlot {
  readonly deadline: number;
  readonly #deadlines: Deadlines;
  readonly #settle: Settle;
  settled = false;

  constructor(deadlines: Deadlines, deadline: number, settle: Settle) {
    this.#deadlines = deadlines;
    this.deadline = deadline;
    this.#settle = settle;
  }

  answer(value: WireValue): void {
    this.#end({ ok: true, value });
  }

  fail(code: AskFailure, outcome: "unknown" | "not-run"): void {
    this.#end({ ok: false, code, outcome });
  }

  #end(outcome: AskOutcome<WireValue>): void {
    if (this.settled) return;
    this.settled = true;
    this.#deadlines.settled();
    this.#settle(outcome);
  }
}

/** Settled questions that may wait in a queue, however few others do. */
const settledMax = 64;

/**
 * The deadlines of all questions with one timeout: they fall due in the order they were asked, so a queue and a single
 * timer serve them all. What is answered leaves the queue when it reaches the front, or when most of the queue is
 * answered: one slow answer must not keep all those behind it.
 */
class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #idle: () => void;
  readonly #asked = new RingBuffer<Question>();
  #settled = 0;
  #armed = false;

  constructor(clock: Clock, timeoutMs: number, idle: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#idle = idle;
  }

  get waiting(): number {
    return this.#asked.length - this.#settled;
  }

  add(question: Question): void {
    this.#asked.push(question);
    if (!this.#armed) this.#arm(this.#timeoutMs);
  }

  settled(): void {
    this.#settled++;
    if (this.#settled < settledMax || this.#settled < this.#asked.length / 2) return;
    this.#asked.retain((question) => !question.settled);
    this.#settled = 0;
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
      const remainingMs = next.settled ? 0 : next.deadline - this.#clock.now();
      if (remainingMs > 0) return this.#arm(remainingMs);
      next.fail("timeout", "unknown");
      // Failing it may have swept the queue, and it with it.
      if (this.#asked.peek() !== next) continue;
      this.#asked.shift();
      this.#settled--;
    }
    if (!this.#armed) this.#idle();
  }
}
