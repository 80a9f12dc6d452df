import type { Log } from "./world.ts";

export type DeadLetterReason =
  | "noproc"
  | "stopped"
  | "refused"
  | "expired"
  | "link-down"
  | "too-large"
  | "unknown-kind"
  | "unauthorised";

export type DeadLetter = {
  readonly at: number;
  readonly to: string;
  readonly kind: string;
  readonly reason: DeadLetterReason;
};

const keptMax = 1_024;
const loggedMax = 10;

/** Every message that reached nobody, counted by reason; the last 1 024 are kept, the first 10 are logged. */
export class DeadLetters {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #kept: DeadLetter[] = [];
  readonly #counts = new Map<DeadLetterReason, number>();
  #total = 0;

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
    this.#kept.push({ at: this.#now(), to, kind, reason });
    if (++this.#total <= loggedMax) this.#log("debug", "dead-letters", `${kind} reached nobody`, { to, reason });
  }
}
