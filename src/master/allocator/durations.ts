/** Samples that are remembered; the oldest is forgotten. */
const samplesMax = 1_000;

/** The percentiles that Mesos tells of a timer, under its names. */
const percentiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999, p9999: 0.9999 } as const;

/** How long something took, by Mesos's names: `count`, `min`, `max` and percentiles of the last thousand times; milliseconds. */
export type DurationSummary = { readonly [name: string]: number };

/** How long something took the last thousand times. */
export class Durations {
  readonly #samples = new Float64Array(samplesMax);
  #count = 0;

  add(ms: number): void {
    this.#samples[this.#count++ % samplesMax] = ms;
  }

  /** Nothing when it has not happened yet. */
  summary(): DurationSummary {
    const kept = Math.min(this.#count, samplesMax);
    if (kept === 0) return {};
    const sorted = this.#samples.slice(0, kept).sort();
    const summary: Record<string, number> = {
      last: this.#samples[(this.#count - 1) % samplesMax] as number,
      count: kept,
      min: sorted[0] as number,
      max: sorted[kept - 1] as number,
    };
    for (const [name, part] of Object.entries(percentiles)) {
      summary[name] = sorted[Math.min(kept - 1, Math.floor(part * kept))] as number;
    }
    return summary;
  }
}
