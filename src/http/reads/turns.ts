/** Between two pieces, in milliseconds. */
const pauseMs = 2;

/**
 * Hands out the right to send piece by piece: however many readers wait, one of them gets its next piece every 2 ms, in the
 * order of asking. So all readers together take a bounded share of the thread and of the machine, of 64 KiB pieces 32 MB
 * in a second, and everything else gets in between.
 */
export class Turns {
  /** As many as there are requests being answered, which the server bounds. */
  readonly #waiting = new Set<() => void>();
  #armed = false;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Resolves in a round of the event loop of its own. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      if (!this.#armed) this.#arm();
    });
  }

  #arm(): void {
    this.#armed = true;
    const waitMs = this.#lastMs + pauseMs - performance.now();
    if (waitMs <= 0) setImmediate(this.#round);
    else setTimeout(this.#round, Math.ceil(waitMs));
  }

  readonly #round = (): void => {
    this.#armed = false;
    this.#lastMs = performance.now();
    const [first] = this.#waiting;
    if (first !== undefined) {
      this.#waiting.delete(first);
      first();
    }
    if (this.#waiting.size > 0) this.#arm();
  };
}
