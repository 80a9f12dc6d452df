/** What a turn wants done, in order. Nothing happens until the turn has returned, and nothing at all if it throws. */
export class Outbox {
  #effects: (() => void)[] = [];
  #end: (() => void) | undefined;

  add(effect: () => void): void {
    this.#effects.push(effect);
  }

  /** The actor's own end comes after everything else of its turn; the first reason counts. */
  end(effect: () => void): void {
    this.#end ??= effect;
  }

  commit(): void {
    const effects = this.#effects;
    const end = this.#end;
    this.#end = undefined;
    if (effects.length > 0) {
      this.#effects = [];
      for (const effect of effects) effect();
    }
    end?.();
  }

  /** Follows a throw. What had to exist at once, such as a child's slot, goes with the actor, whose life ends. */
  discard(): void {
    this.#effects = [];
    this.#end = undefined;
  }
}
