/** More than sums of hours and their parts are rounded by, in milliseconds. */
const resolutionMs = 0.001;

/** How a node is, whichever life it is in: whether anything gets through to it, how slow it is, how wrong its clocks. */
export class Condition {
  /** How far its `wall()` is off, in milliseconds. */
  wallOffsetMs = 0;
  /** Milliseconds that it rests after every letter; 0 when it is in good health. */
  restMs = 0;
  /** Virtual time before which it does not take the next letter. */
  restsUntilMs = 0;
  #held: (() => void)[] | undefined;
  /** How fast its monotonic clock goes: 1.1 is six seconds a minute too fast. */
  #rate = 1;
  #offsetMs = 0;

  /** What its monotonic clock shows at a moment of virtual time. */
  shown(nowMs: number): number {
    return this.#offsetMs + nowMs * this.#rate;
  }

  /** How much virtual time passes until its clock has gone on by so much. Rounding makes no timer ring early. */
  takesMs(delayMs: number): number {
    const isExact = this.#rate === 1 && this.#offsetMs === 0;
    return isExact || delayMs <= 0 ? delayMs : delayMs / this.#rate + resolutionMs;
  }

  /** From now on its monotonic clock goes at another rate; it does not jump. */
  drift(rate: number, nowMs: number): void {
    this.#offsetMs += nowMs * (this.#rate - rate);
    this.#rate = rate;
  }

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
