/** What a turn wants done, in order. Nothing happens until the turn has returned, and nothing at all if it throws. */
export class Outbox {
  #effects: (() => void)[] = [];
  #undo: (() => void)[] = [];
  #end: (() => void) | undefined;

  /** `undo` takes back what had to exist at once, such as a child's slot. */
  add(effect: () => void, undo?: () => void): void {
    this.#effects.push(effect);
    if (undo !== undefined) this.#undo.push(undo);
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
      this.#undo = [];
      for (const effect of effects) effect();
    }
    end?.();
  }

  discard(): void {
    const undo = this.#undo;
    this.#effects = [];
    this.#undo = [];
    this.#end = undefined;
    for (const step of undo.reverse()) step();
  }
}
