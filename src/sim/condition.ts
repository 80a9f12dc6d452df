/** How a node is, whichever life it is in: whether anything gets through to it, how slow it is, how wrong its wall clock. */
export class Condition {
  /** How far its `wall()` is off, in milliseconds. */
  wallOffsetMs = 0;
  /** Milliseconds that it rests after every letter; 0 when it is in good health. */
  restMs = 0;
  /** Virtual time before which it does not take the next letter. */
  restsUntilMs = 0;
  #held: (() => void)[] | undefined;

  get paused(): boolean {
    return this.#held !== undefined;
  }

  /** The process stands still as under SIGSTOP: time goes on, and what happens to it waits. Answers how it goes on. */
  pause(): { readonly lasts: () => boolean; readonly resume: () => void } {
    const held: (() => void)[] = [];
    this.#held = held;
    const lasts = () => this.#held === held;
    return {
      lasts,
      resume: () => {
        if (lasts()) this.resume();
      },
    };
  }

  /** Everything that waited happens now, in the order in which it came. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const task of held) task();
  }

  /** Runs the task now, or when the node goes on. */
  run(task: () => void): void {
    if (this.#held === undefined) task();
    else this.#held.push(task);
  }

  /** The process is gone: the next life begins in good health, with a wall clock as wrong as before. */
  reborn(): void {
    this.#held = undefined;
    this.restMs = 0;
    this.restsUntilMs = 0;
  }
}
