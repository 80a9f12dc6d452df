const keptMax = 400;

/**
 * What happened, step by step: a hash over every step, so that two runs of a seed can be compared, and the last
 * steps as text, for the story of a failure.
 */
export class Trace {
  #low = 0x811c9dc5;
  #high = 0x01000193;
  #steps = 0;
  readonly #kept: string[] = [];
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
    return this.#kept;
  }

  add(nowMs: number, where: string, what: string): void {
    this.#steps++;
    const line = `${nowMs.toFixed(3)} ${where} ${what}`;
    for (let index = 0; index < line.length; index++) {
      const code = line.charCodeAt(index);
      this.#low = Math.imul(this.#low ^ code, 0x01000193);
      this.#high = Math.imul(this.#high ^ (code + index), 0x85ebca6b);
    }
    this.#heard?.(line);
    if (this.#kept.length === keptMax) this.#kept.shift();
    this.#kept.push(line);
  }
}
