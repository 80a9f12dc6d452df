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
 * came about. Headers only, never bodies. Flat, because an entry is written for every message.
 */
export class FlightRecorder {
  readonly #place: string;
  /**
   * Path, kind and cause of one entry after the other. The kind is absent in an entry that stands for something at
   * another place, whose place is its path.
   */
  readonly #fields: (string | number | undefined)[] = [];
  #last = 0;

  constructor(place: string) {
    this.#place = place;
  }

  /** Answers with the number of the entry. `cause`: 0 when it came from outside. */
  record(path: string, kind: string | undefined, cause: number): number {
    const n = this.#last === numberMax ? 1 : this.#last + 1;
    const at = fieldsOf(n);
    this.#last = n;
    this.#fields[at] = path;
    this.#fields[at + 1] = kind;
    this.#fields[at + 2] = cause;
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
    if (!this.#isKept(n)) return undefined;
    const [path, kind] = this.#fields.slice(fieldsOf(n), fieldsOf(n) + 2) as [string, string | undefined];
    if (kind === undefined) return undefined;
    const cause = this.#causeOf(this.#fields[fieldsOf(n) + 2] as number);
    return { n, path, kind, ...(cause === undefined ? {} : { cause }) };
  }

  #causeOf(n: number): Recorded["cause"] {
    if (n < 1) return undefined;
    const at = fieldsOf(n);
    const away = this.#isKept(n) && this.#fields[at + 1] === undefined;
    if (!away) return { place: this.#place, n };
    return { place: this.#fields[at] as string, n: this.#fields[at + 2] as number };
  }

  #isKept(n: number): boolean {
    return n > 0 && n <= this.#last && n > this.#last - keptMax;
  }
}

/** Where the fields of an entry begin. */
function fieldsOf(n: number): number {
  return 3 * (n & (keptMax - 1));
}
