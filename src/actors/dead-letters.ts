import type { Log } from "./world.ts";

export type DeadLetterReason =
  | "noproc"
  | "stopped"
  | "refused"
  | "expired"
  | "link-down"
  | "too-large"
  | "unknown-kind"
  | "malformed"
  | "unauthorised";

export type DeadLetter = {
  readonly at: number;
  readonly to: string;
  readonly kind: string;
  readonly reason: DeadLetterReason;
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
  readonly #kept: DeadLetter[] = [];
  readonly #counts = new Map<DeadLetterReason, number>();
  #total = 0;
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
    return this.#kept;
  }

  add(to: string, kind: string, reason: DeadLetterReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    if (this.#kept.length === keptMax) this.#kept.shift();
    const at = this.#now();
    this.#kept.push({ at, to, kind, reason });
    if (++this.#total > loggedMax) return this.#tellLater(at, reason);
    this.#log("debug", "dead-letters", `${kind} reached nobody`, { to, reason });
    this.#lineMs = at;
  }

  #tellLater(at: number, reason: DeadLetterReason): void {
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + 1);
    if (at - this.#lineMs < lineEveryMs) return;
    const count = [...this.#untold.values()].reduce((sum, some) => sum + some, 0);
    this.#log("info", "dead-letters", `${count} more messages reached nobody`, Object.fromEntries(this.#untold));
    this.#untold.clear();
    this.#lineMs = at;
  }
}
