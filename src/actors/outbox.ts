import { Letter } from "./mailbox.ts";

type Effect = () => void;

/**
 * What a turn wants done, in order. Nothing happens until the turn has returned, and nothing at all if it throws. Two
 * lists take turns, so that a turn that only tells makes nothing but its letters.
 */
export class Outbox {
  readonly #deliver: (letter: Letter) => void;
  #entries: (Letter | Effect)[] = [];
  #spare: (Letter | Effect)[] = [];
  #end: Effect | undefined;

  constructor(deliver: (letter: Letter) => void) {
    this.#deliver = deliver;
  }

  add(entry: Letter | Effect): void {
    this.#entries.push(entry);
  }

  /** The actor's own end comes after everything else of its turn; the first reason counts. */
  end(effect: Effect): void {
    this.#end ??= effect;
  }

  commit(): void {
    const entries = this.#entries;
    const end = this.#end;
    if (entries.length > 0) this.#perform(entries);
    if (end === undefined) return;
    this.#end = undefined;
    end();
  }

  /** Follows a throw. What had to exist at once, such as a child's slot, goes with the actor, whose life ends. */
  discard(): void {
    this.#entries.length = 0;
    this.#end = undefined;
  }

  #perform(entries: (Letter | Effect)[]): void {
    this.#entries = this.#spare;
    this.#spare = entries;
    try {
      for (let index = 0; index < entries.length; index++) {
        const entry = entries[index] as Letter | Effect;
        if (entry instanceof Letter) this.#deliver(entry);
        else entry();
      }
    } finally {
      entries.length = 0;
    }
  }
}
