/** What an actor handled, or a turn of its own. `n` counts what its thread has handled. */
export type Recorded = {
  readonly n: number;
  /** Path of the actor. */
  readonly path: string;
  readonly kind: string;
  /** The message or turn that led to this one, here or at another place; absent when it came from outside. */
  readonly cause?: { readonly place: string; readonly n: number };
};

/** What is remembered: at a million messages a second the last fifteenth of one, else much more. */
const keptMax = 65_536;
/** Numbers start again here, long after the ring has forgotten them: so they stay small integers. */
const numberMax = 2 ** 30;

/**
 * The last 65 536 things that the actors of a thread did, each with what caused it, so that a failure can say how it
 * came about. Headers only, never bodies. Columns, because an entry is written for every message.
 */
export class FlightRecorder {
  readonly #place: string;
  readonly #paths: string[] = [];
  /** The kind; absent in the entry that stands for something at another place, whose place is its path. */
  readonly #kinds: (string | undefined)[] = [];
  readonly #causes: number[] = [];
  #last = 0;

  constructor(place: string) {
    this.#place = place;
  }

  /** Answers with the number of the entry. `cause`: 0 when it came from outside. */
  record(path: string, kind: string | undefined, cause: number): number {
    const n = this.#last === numberMax ? 1 : this.#last + 1;
    const index = n & (keptMax - 1);
    this.#last = n;
    this.#paths[index] = path;
    this.#kinds[index] = kind;
    this.#causes[index] = cause;
    return n;
  }

  /** Stands for something at another place that causes what follows here. */
  recordAway(place: string, n: number): number {
    return this.record(place, undefined, n);
  }

  /** The last entries, oldest first. */
  recent(count: number): readonly Recorded[] {
    const entries: Recorded[] = [];
    for (let n = this.#last; n > 0 && n > this.#last - keptMax && entries.length < count; n--) {
      const entry = this.#entry(n);
      if (entry !== undefined) entries.unshift(entry);
    }
    return entries;
  }

  /** An entry and what led to it, as far as it is remembered here: latest first, such as `/master statusUpdate`. */
  story(n: number, length: number): readonly string[] {
    const lines: string[] = [];
    for (let at = n; lines.length < length; ) {
      const entry = this.#entry(at);
      if (entry === undefined) break;
      lines.push(`${entry.path} ${entry.kind}`);
      if (entry.cause === undefined) break;
      at = entry.cause.n;
      if (entry.cause.place === this.#place) continue;
      lines.push(`${entry.cause.place} #${at}`);
      break;
    }
    return lines;
  }

  #entry(n: number): Recorded | undefined {
    if (n > this.#last || n <= this.#last - keptMax || n < 1) return undefined;
    const index = n & (keptMax - 1);
    const path = this.#paths[index];
    const kind = this.#kinds[index];
    if (path === undefined || kind === undefined) return undefined;
    const cause = this.#causeOf(this.#causes[index] ?? 0);
    return { n, path, kind, ...(cause === undefined ? {} : { cause }) };
  }

  #causeOf(n: number): Recorded["cause"] {
    if (n < 1) return undefined;
    const index = n & (keptMax - 1);
    const away = n > this.#last - keptMax && this.#kinds[index] === undefined;
    return away ? { place: this.#paths[index] ?? "", n: this.#causes[index] ?? 0 } : { place: this.#place, n };
  }
}
