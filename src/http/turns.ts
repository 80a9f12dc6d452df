/**
 * Hands out the event loop piece by piece: however many wait, one of them goes on in each round of the loop, in the
 * order of asking. So the loop is never held up longer than by one piece, and everything else gets in between.
 */
export class Turns {
  /** As many as there are requests being answered, which the server bounds, and one rendering. */
  readonly #waiting = new Set<() => void>();
  #armed = false;

  /** Resolves in a round of its own. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      if (this.#armed) return;
      this.#armed = true;
      setImmediate(this.#round);
    });
  }

  readonly #round = (): void => {
    const [first] = this.#waiting;
    if (first !== undefined) {
      this.#waiting.delete(first);
      first();
    }
    this.#armed = this.#waiting.size > 0;
    if (this.#armed) setImmediate(this.#round);
  };
}
