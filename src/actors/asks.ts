import type { Cell } from "./cell.ts";
import type { AskFailure, AskOutcome } from "./context.ts";
import type { WireValue } from "./wire-value.ts";
import type { Clock, Timer } from "./world.ts";

/** The callee's end of an ask: takes the first answer or failure, ignores the rest. */
export type ReplySlot = {
  /** By the callee's clock; an ask found later than this is dropped unrun. */
  readonly deadline: number;
  answer(value: WireValue): void;
  fail(code: AskFailure, outcome: "unknown" | "not-run"): void;
};

type Pending = {
  readonly settle: (outcome: AskOutcome<WireValue>) => void;
  readonly timer: Timer;
  readonly place: string;
};

/** The asker's end: every question of one thread that waits for its answer, by correlation number. */
export class Asks {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Registers a question to an actor at `place`; `settle` is called once, at the deadline at the latest. */
  open(place: string, timeoutMs: number, settle: (outcome: AskOutcome<WireValue>) => void): number {
    const correlation = ++this.#last;
    const timer = this.#clock.arm(timeoutMs, () => this.fail(correlation, "timeout", "unknown"));
    this.#pending.set(correlation, { settle, timer, place });
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
    const slot: ReplySlot = {
      deadline,
      answer: (value) => {
        callee.openReplies.delete(slot);
        this.answer(correlation, value);
      },
      fail: (code, outcome) => {
        callee.openReplies.delete(slot);
        this.fail(correlation, code, outcome);
      },
    };
    return slot;
  }

  #settle(correlation: number, outcome: AskOutcome<WireValue>): void {
    const pending = this.#pending.get(correlation);
    if (pending === undefined) return;
    this.#pending.delete(correlation);
    this.#clock.disarm(pending.timer);
    pending.settle(outcome);
  }
}
