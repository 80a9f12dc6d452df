import type { IngressBudget } from "./ingress-budget.ts";
import type { LinkLimits } from "./limits.ts";

/**
 * How much a peer may send before it hears from us: the receiving half of a link's credit, in bytes.
 *
 *     window = left (the peer may still send it) + owed (we have taken it, and the next batch gives it back)
 *
 * Between threads the window is whole from the start. A peer on another host starts with little, and its window doubles
 * whenever it has nearly used it up by the time we give it back: one that sends slowly needs no more than it has.
 */
export class Window {
  readonly #limits: LinkLimits;
  #budget: IngressBudget | undefined;
  #bytes: number;
  #left: number;
  #owed = 0;

  /** `budget`: absent between threads of one process. */
  constructor(limits: LinkLimits, budget: IngressBudget | undefined) {
    this.#limits = limits;
    this.#budget = budget;
    this.#bytes = firstWindow(limits, budget);
    this.#left = this.#bytes;
    budget?.take(this.#bytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether so much has been taken that the peer should hear of it soon. */
  get due(): boolean {
    return this.#owed >= this.#bytes / 2;
  }

  /** Counts a batch of the peer. False when it had no credit left to begin it: only its last batch may pass the window. */
  took(bytes: number): boolean {
    if (this.#left <= 0) return false;
    this.#left -= bytes;
    this.#owed += bytes;
    return true;
  }

  /** What the next batch may give back, after the window has grown or shrunk. */
  settle(): number {
    if (this.#budget === undefined) return this.#owed;
    const overdrawn = this.#budget.overdrawnBytes;
    if (overdrawn > 0) this.#shrink(this.#budget, overdrawn);
    else if (this.#left < this.#bytes / 4 && this.due) this.#grow(this.#budget);
    return this.#owed;
  }

  /** The batch that gives it back is on its way. */
  gave(): void {
    this.#left += this.#owed;
    this.#owed = 0;
  }

  /** The link has ended. */
  close(): void {
    this.#budget?.giveBack(this.#bytes);
    this.#budget = undefined;
  }

  #grow(budget: IngressBudget): void {
    const extra = budget.draw(Math.min(this.#bytes, this.#limits.creditBytes - this.#bytes));
    this.#bytes += extra;
    this.#owed += extra;
  }

  #shrink(budget: IngressBudget, overdrawn: number): void {
    const less = Math.min(overdrawn, this.#owed, this.#bytes - this.#limits.creditFirstBytes);
    budget.giveBack(less);
    this.#bytes -= less;
    this.#owed -= less;
  }
}

/** What both ends of a fresh link take for granted. */
export function firstWindow(limits: LinkLimits, budget: IngressBudget | undefined): number {
  return budget === undefined ? limits.creditBytes : limits.creditFirstBytes;
}
