import type { Log } from "./world.ts";

export type DeadLetterReason =
  | "noproc"
  | "stopped"
  | "refused"
  | "expired"
  | "link-down"
  | "unsendable"
  | "unknown-kind"
  | "malformed"
  | "unauthorised";

export type DeadLetter = {
  readonly at: number;
  readonly to: string;
  readonly kind: string;
  readonly reason: DeadLetterReason;
  /** How many of them came one after the other. */
  readonly count: number;
};

const keptMax = 1_024;
const loggedMax = 10;
/** Beyond those, time between two lines, in milliseconds. */
const lineEveryMs = 60_000;

/**
 * Every message that reached nobody, counted by reason; the last 1 024 are kept. The first 10 are logged one by one, all
 * others in a line a minute, written when the next one comes: what nothing follows shows in the counts alone.
 */
export class DeadLetters {
  readonly #log: Log;
  readonly #now: () => number;
  /** Up to twice as many as are wanted, so that the older half goes at once. */
  #kept: DeadLetter[] = [];
  readonly #counts = new Map<DeadLetterReason, number>();
  #told = 0;
  /** Those that no line has told of yet. */
  readonly #untold = new Map<DeadLetterReason, number>();
  #lineMs = 0;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  get counts(): ReadonlyMap<DeadLetterReason, number> {
    return this.#counts;
  }

  get recent(): readonly DeadLetter[] {
    return this.#kept.slice(-keptMax);
  }

  /** `count`: of messages of one kind to one receiver. */
  add(to: string, kind: string, reason: DeadLetterReason, count = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
    if (this.#kept.length === 2 * keptMax) this.#kept = this.#kept.slice(keptMax);
    const at = this.#now();
    this.#kept.push({ at, to, kind, reason, count });
    if (++this.#told > loggedMax) return this.#tellLater(at, reason, count);
    const facts = count === 1 ? { to, reason } : { to, reason, count };
    this.#log("debug", "dead-letters", `${kind} reached nobody`, facts);
    this.#lineMs = at;
  }

  #tellLater(at: number, reason: DeadLetterReason, count: number): void {
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + count);
    if (at - this.#lineMs < lineEveryMs) return;
    const more = [...this.#untold.values()].reduce((sum, some) => sum + some, 0);
    this.#log("info", "dead-letters", `${more} more messages reached nobody`, Object.fromEntries(this.#untold));
    this.#untold.clear();
    this.#lineMs = at;
  }
}
