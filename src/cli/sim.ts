import { randomInt } from "node:crypto";
import { describePlant, isPlant, plantNames } from "../sim/plants.ts";
import { type RunCounts, type RunResult, run } from "../sim/run.ts";
import { CliFailure } from "./failure.ts";

export type SimOptions = {
  readonly seed?: number;
  readonly seeds: number;
  readonly minutes?: number;
  readonly plant?: string;
  readonly json: boolean;
};

/** Seeds of the same run that are run a second time, to see that a seed says everything: one in so many. */
const replayOneIn = 20;

/** Simulates whole clusters from consecutive seeds, until all have run or one breaks a rule. */
export function sim(options: SimOptions): void {
  const { seeds, minutes, plant, json } = options;
  if (plant !== undefined && !isPlant(plant)) {
    const known = plantNames.map((name) => `  ${name.padEnd(18)} ${describePlant(name)}`).join("\n");
    throw new CliFailure(`there is no bug called ${plant} to plant; there are\n${known}`, { exit: "usage" });
  }
  const first = options.seed ?? randomInt(1_000_000_000);
  const say = (text: string) => process.stderr.write(`${text}\n`);
  say(
    `seeds ${first} to ${first + seeds - 1}${plant === undefined ? "" : `, with a planted bug: ${describePlant(plant)}`}`,
  );
  const began = performance.now();
  const results: RunResult[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const what = {
      seed,
      ...(minutes === undefined ? {} : { faultMinutes: minutes }),
      ...(plant === undefined ? {} : { plant }),
    };
    const result = run(what);
    results.push(result);
    if (seed % replayOneIn === 0 && run(what).traceHash !== result.traceHash) {
      throw new CliFailure(`seed ${seed} did not do the same twice: something is not drawn from it`, {
        exit: "failure",
      });
    }
    if (result.violation !== undefined) {
      report(result, results, began, json);
      throw new CliFailure(story(result, plant), { exit: "failure" });
    }
  }
  const last = results.at(-1);
  if (last !== undefined) report(last, results, began, json);
}

function report(last: RunResult, results: readonly RunResult[], began: number, json: boolean): void {
  const steps = results.reduce((sum, result) => sum + result.steps, 0);
  const elapsedMs = performance.now() - began;
  const counts = total(results);
  const summary = {
    traceHash: last.traceHash,
    steps,
    stepsPerSecond: Math.round((steps / elapsedMs) * 1_000),
    seedsRun: results.length,
    violations: results.filter(({ violation }) => violation !== undefined).length,
    virtualMinutes: Math.round(results.reduce((sum, { virtualMs }) => sum + virtualMs, 0) / 60_000),
    ...counts,
  };
  if (json) {
    const environment = { node: process.version };
    process.stdout.write(`${JSON.stringify({ bench: "sim", results: summary, environment })}\n`);
    return;
  }
  const lines = Object.entries(summary).map(([name, value]) => `${name.padEnd(18)} ${value}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function total(results: readonly RunResult[]): Partial<RunCounts> {
  const sums: Record<string, number> = {};
  for (const { counts } of results) {
    for (const [name, value] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

function story({ seed, violation, traceHash }: RunResult, plant: string | undefined): string {
  if (violation === undefined) return "";
  const lines = [
    `seed ${seed} broke a rule after ${(violation.atMs / 1000).toFixed(3)} s (${violation.phase}): ${violation.rule}`,
    `  ${violation.what}`,
    "the last steps before it was noticed:",
    ...violation.story.map((line) => `  ${line}`),
    `replay: mesolite sim --seed ${seed}${plant === undefined ? "" : ` --plant ${plant}`}   (trace ${traceHash})`,
  ];
  return lines.join("\n");
}
