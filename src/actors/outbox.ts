/** What a turn wants done, in order. Nothing happens until the turn has returned, and nothing at all if it throws. */
export class Outbox {
  #effects: (() => void)[] = [];
  #undo: (() => void)[] = [];

  /** `undo` takes back what had to exist at once, such as a child's slot. */
  add(effect: () => void, undo?: () => void): void {
    this.#effects.push(effect);
    if (undo !== undefined) this.#undo.push(undo);
  }

  commit(): void {
    if (this.#effects.length === 0) return;
    const effects = this.#effects;
    this.#effects = [];
    this.#undo = [];
    for (const effect of effects) effect();
  }

  discard(): void {
    const undo = this.#undo;
    this.#effects = [];
    this.#undo = [];
    for (const step of undo.reverse()) step();
  }
}
