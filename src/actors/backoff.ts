import type { Random } from "./world.ts";

export type BackoffConfig = {
  /** Longest first pause, in milliseconds. */
  readonly minMs: number;
  /** Longest pause ever, in milliseconds. */
  readonly maxMs: number;
  /** How much longer each pause may be than the one before. */
  readonly factor: number;
};

/** Pauses between attempts with full jitter: uniform in [0, limit), the limit growing from `minMs` to `maxMs`. */
export class Backoff {
  readonly #config: BackoffConfig;
  readonly #random: Random;
  #attempts = 0;

  constructor(config: BackoffConfig, random: Random) {
    this.#config = config;
    this.#random = random;
  }

  get attempts(): number {
    return this.#attempts;
  }

  nextMs(): number {
    const { minMs, maxMs, factor } = this.#config;
    const limit = Math.min(maxMs, minMs * factor ** Math.min(this.#attempts++, 64));
    return Math.ceil(this.#random.unit() * limit);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
