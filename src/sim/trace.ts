/** Steps that are remembered for a story. */
const keptMax = 400;
/** How finely times are told apart. */
const ticksPerMs = 2 ** 20;
/** Labels whose hash is kept; beyond it all are forgotten, and hashed again as they come. */
const hashesMax = 4_096;

/**
 * What happened, step by step: a hash over every step, so that two runs of a seed can be compared, and the last
 * steps, which become text when somebody wants the story of a failure.
 */
export class Trace {
  #low = 0x811c9dc5;
  #high = 0x01000193;
  #steps = 0;
  /** The last steps, in a ring: a step is at its number modulo `keptMax`. */
  readonly #times = new Float64Array(keptMax);
  readonly #wheres = new Array<string>(keptMax).fill("");
  readonly #whats = new Array<string>(keptMax).fill("");
  /** Labels come again and again: each is hashed once. */
  readonly #hashes = new Map<string, number>();
  readonly #heard: ((line: string) => void) | undefined;

  /** `heard` is told every step. */
  constructor(heard?: (line: string) => void) {
    this.#heard = heard;
  }

  get steps(): number {
    return this.#steps;
  }

  get hash(): string {
    return [this.#low, this.#high].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  }

  get recent(): readonly string[] {
    const first = Math.max(0, this.#steps - keptMax);
    return Array.from({ length: this.#steps - first }, (_, index) => this.#line((first + index) % keptMax));
  }

  add(nowMs: number, where: string, what: string): void {
    const index = this.#steps++ % keptMax;
    this.#times[index] = nowMs;
    this.#wheres[index] = where;
    this.#whats[index] = what;
    const ticks = nowMs * ticksPerMs;
    this.#mix(ticks >>> 0);
    this.#mix((ticks / 2 ** 32) >>> 0);
    this.#mix(this.#hashOf(where));
    this.#mix(this.#hashOf(what));
    this.#heard?.(this.#line(index));
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#low ^= this.#low >>> 15;
    this.#high = Math.imul(this.#high ^ word ^ this.#low, 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
  }

  #hashOf(text: string): number {
    const known = this.#hashes.get(text);
    if (known !== undefined) return known;
    if (this.#hashes.size === hashesMax) this.#hashes.clear();
    let hash = 0x811c9dc5;
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    this.#hashes.set(text, hash);
    return hash;
  }

  #line(index: number): string {
    return `${(this.#times[index] ?? 0).toFixed(3)} ${this.#wheres[index]} ${this.#whats[index]}`;
  }
}
