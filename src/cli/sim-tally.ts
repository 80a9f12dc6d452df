import { type MarkName, markNames } from "../sim/findings.ts";
import type { RunCounts, RunResult } from "../sim/run.ts";
import { type StrategyName, strategyNames } from "../sim/strategy.ts";
import type { SeedRun } from "./seed-run.ts";

/** Sums over runs. */
export class SimTally {
  #last: RunResult | undefined;
  #seeds = 0;
  #steps = 0;
  #messages = 0;
  #violations = 0;
  #virtualMs = 0;
  readonly #strategies = new Map<StrategyName, number>();
  readonly #counts: Partial<Record<keyof RunCounts, number>> = {};
  readonly #marks = new Map<MarkName, number>();

  add({ result, messages }: SeedRun): void {
    this.#last = result;
    this.#seeds++;
    this.#steps += result.steps;
    this.#messages += messages;
    this.#virtualMs += result.virtualMs;
    if (result.violation !== undefined) this.#violations++;
    this.#strategies.set(result.strategy, (this.#strategies.get(result.strategy) ?? 0) + 1);
    for (const [name, count] of result.marks) this.#marks.set(name, (this.#marks.get(name) ?? 0) + count);
    for (const name of Object.keys(result.counts) as (keyof RunCounts)[]) {
      this.#counts[name] = (this.#counts[name] ?? 0) + result.counts[name];
    }
  }

  /** `messages` are letters that actors handled, second runs of a seed included. */
  summary(elapsedMs: number, threads: number) {
    const perSecond = (count: number) => Math.round((count / elapsedMs) * 1_000);
    const scheduled = strategyNames.map((name) => [name, this.#strategies.get(name) ?? 0] as const);
    return {
      traceHash: this.#last?.traceHash,
      strategies: scheduled
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${name} ${count}`)
        .join(", "),
      messages: this.#messages,
      messagesPerSecond: perSecond(this.#messages),
      threads,
      steps: this.#steps,
      stepsPerSecond: perSecond(this.#steps),
      seedsRun: this.#seeds,
      violations: this.#violations,
      seconds: Math.round(elapsedMs / 100) / 10,
      virtualMinutes: Math.round(this.#virtualMs / 60_000),
      ...this.#counts,
      marks: Object.fromEntries(markNames.map((name) => [name, this.#marks.get(name) ?? 0])) as Record<
        MarkName,
        number
      >,
    };
  }
}
