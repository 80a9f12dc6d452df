import { Letter } from "./mailbox.ts";

type Effect = () => void;

/** Room that a list keeps after a turn that wanted more. */
const keptMax = 1_024;

/**
 * What a turn wants done, in order. Nothing happens until the turn has returned, and nothing at all if it throws. Two
 * lists take turns, and keep their room, so that a turn that only tells makes nothing but its letters.
 */
export class Outbox {
  readonly #deliver: (letter: Letter) => void;
  #entries: (Letter | Effect | undefined)[] = [];
  /** How many of the entries are of this turn. */
  #count = 0;
  #spare: (Letter | Effect | undefined)[] = [];
  #end: Effect | undefined;

  constructor(deliver: (letter: Letter) => void) {
    this.#deliver = deliver;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether the turn wants nothing done. */
  get isIdle(): boolean {
    return this.#count === 0 && this.#end === undefined;
  }

  add(entry: Letter | Effect): void {
    this.#entries[this.#count++] = entry;
  }

  /** The actor's own end comes after everything else of its turn; the first reason counts. */
  end(effect: Effect): void {
    this.#end ??= effect;
  }

  commit(): void {
    if (this.#count > 0) this.#perform();
    const end = this.#end;
    if (end === undefined) return;
    this.#end = undefined;
    end();
  }

  /** Follows a throw. What had to exist at once, such as a child's slot, goes with the actor, whose life ends. */
  discard(): void {
    this.#entries = [];
    this.#count = 0;
    this.#end = undefined;
  }

  #perform(): void {
    const entries = this.#entries;
    const count = this.#count;
    this.#entries = this.#spare;
    this.#count = 0;
    this.#spare = entries;
    for (let index = 0; index < count; index++) {
      const entry = entries[index] as Letter | Effect;
      entries[index] = undefined;
      if (entry instanceof Letter) this.#deliver(entry);
      else entry();
    }
    if (entries.length > keptMax) entries.length = keptMax;
  }
}
