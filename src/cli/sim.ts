import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type FaultKind, faultText, isFaultKind } from "../sim/faults.ts";
import { describePlant, isPlant, type PlantName, plantNames } from "../sim/plants.ts";
import { type RunCounts, type RunOptions, type RunResult, run, type Violation } from "../sim/run.ts";
import { shrink } from "../sim/shrink.ts";
import { strategyNames } from "../sim/strategy.ts";
import { CliFailure } from "./failure.ts";

export type SimOptions = {
  readonly seed?: number;
  readonly seeds: number;
  readonly minutes?: number;
  readonly plant?: string;
  /** A file of `sim-failures/`, which is run instead of seeds. */
  readonly replay?: string;
  readonly json: boolean;
};

/** Seeds of the same run that are run a second time, to see that a seed says everything: one in so many. */
const replayOneIn = 20;
/** How long a failure may be made smaller, in milliseconds. */
const shrinkMs = 10_000;
/** Where failures are written, under the working directory. */
const failuresDirectory = "sim-failures";

/** Everything that a run needs in order to happen again, and what came of it. */
const failureFile = z.object({
  seed: z.number().int().nonnegative(),
  plant: z.string().refine(isPlant).optional(),
  minutes: z.number().positive().optional(),
  strategy: z.enum(strategyNames),
  faults: z.array(
    z.object({
      atMs: z.number().nonnegative(),
      kind: z.string().refine(isFaultKind) as z.ZodType<FaultKind>,
      victim: z.string(),
      durationMs: z.number().nonnegative(),
      extent: z.number().min(0).lt(1),
    }),
  ),
  items: z.array(z.number().int().nonnegative()),
  rule: z.string(),
  what: z.string(),
  atMs: z.number(),
  steps: z.number(),
  traceHash: z.string(),
  node: z.string(),
  replay: z.string(),
});

type FailureFile = z.infer<typeof failureFile>;
type Broken = RunResult & { readonly violation: Violation };

/** Simulates whole clusters from consecutive seeds, until all have run or one breaks a rule. */
export function sim(options: SimOptions): void {
  const { seeds, minutes, json, replay } = options;
  if (replay !== undefined) return again(replay, json);
  const plant = plantOf(options);
  const first = options.seed ?? randomInt(1_000_000_000);
  const bug = plant === undefined ? "" : `, with a planted bug: ${describePlant(plant)}`;
  say(`seeds ${first} to ${first + seeds - 1}${bug}`);
  const began = performance.now();
  const results: RunResult[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const what = {
      seed,
      ...(minutes === undefined ? {} : { faultMinutes: minutes }),
      ...(plant === undefined ? {} : { plant }),
    };
    const result = seed % replayOneIn === 0 ? runTwice(what) : run(what);
    results.push(result);
    if (isBroken(result)) {
      report(result, results, began, json);
      throw new CliFailure(story(what, result), { exit: "failure" });
    }
  }
  const last = results.at(-1);
  if (last !== undefined) report(last, results, began, json);
}

function plantOf({ plant }: SimOptions): PlantName | undefined {
  if (plant === undefined || isPlant(plant)) return plant;
  const known = plantNames.map((name) => `  ${name.padEnd(18)} ${describePlant(name)}`).join("\n");
  throw new CliFailure(`there is no bug called ${plant} to plant; there are\n${known}`, { exit: "usage" });
}

/** Runs a seed twice and fails with the first step in which the two differ. */
function runTwice(options: RunOptions): RunResult {
  const once: string[] = [];
  const twice: string[] = [];
  const result = run({ ...options, heard: (line) => once.push(line) });
  run({ ...options, heard: (line) => twice.push(line) });
  const difference = differenceOf(once, twice);
  if (difference === undefined) return result;
  throw new CliFailure(
    `seed ${options.seed} did not do the same twice: something is not drawn from it\n${difference}`,
    { exit: "failure" },
  );
}

/** Where two traces part, with the step before; undefined when they are the same. */
export function differenceOf(once: readonly string[], twice: readonly string[]): string | undefined {
  const length = Math.max(once.length, twice.length);
  for (let index = 0; index < length; index++) {
    if (once[index] === twice[index]) continue;
    return [
      `step ${index + 1} is the first that differs, after ${once[index - 1] ?? "the start"}`,
      `  the first time:  ${once[index] ?? "the run was over"}`,
      `  the second time: ${twice[index] ?? "the run was over"}`,
    ].join("\n");
  }
  return undefined;
}

function report(last: RunResult, results: readonly RunResult[], began: number, json: boolean): void {
  const steps = results.reduce((sum, result) => sum + result.steps, 0);
  const elapsedMs = performance.now() - began;
  const summary = {
    traceHash: last.traceHash,
    strategies: strategiesOf(results),
    steps,
    stepsPerSecond: Math.round((steps / elapsedMs) * 1_000),
    seedsRun: results.length,
    violations: results.filter(({ violation }) => violation !== undefined).length,
    virtualMinutes: Math.round(results.reduce((sum, { virtualMs }) => sum + virtualMs, 0) / 60_000),
    ...total(results),
  };
  if (json) {
    const environment = { node: process.version };
    process.stdout.write(`${JSON.stringify({ bench: "sim", results: summary, environment })}\n`);
    return;
  }
  const lines = Object.entries(summary).map(([name, value]) => `${name.padEnd(18)} ${value}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** How many runs were scheduled in which way. */
function strategiesOf(results: readonly RunResult[]): string {
  const counts = strategyNames.map((name) => [name, results.filter(({ strategy }) => strategy === name).length]);
  return counts
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

function total(results: readonly RunResult[]): Partial<RunCounts> {
  const sums: Record<string, number> = {};
  for (const { counts } of results) {
    for (const [name, value] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

function story(options: RunOptions, broken: Broken): string {
  const { seed, violation, traceHash } = broken;
  const untilMs = performance.now() + shrinkMs;
  const shrunk = shrink(options, broken, () => performance.now() > untilMs);
  const least = isBroken(shrunk) ? shrunk : broken;
  const items = ({ items: counts }: RunResult) => counts.reduce((sum, count) => sum + count, 0);
  const plant = options.plant === undefined ? "" : ` --plant ${options.plant}`;
  const minutes = options.faultMinutes === undefined ? "" : ` --minutes ${options.faultMinutes}`;
  return [
    `seed ${seed} broke a rule after ${seconds(violation.atMs)} (${violation.phase}): ${violation.rule}`,
    `  ${violation.what}`,
    `the same rule breaks with ${least.faults.length} of ${broken.faults.length} faults and ${items(least)} of ${items(broken)} items of work:`,
    ...sequence(least),
    write(options, least),
    `replay: mesolite sim --seed ${seed}${plant}${minutes}   (trace ${traceHash})`,
  ].join("\n");
}

/** What happened, for people: the faults that had struck, the last steps, and what is wrong then. */
function sequence({ violation, faults, strategy }: Broken): readonly string[] {
  const struck = faults.filter(({ atMs }) => atMs <= violation.atMs);
  return [
    `  scheduling: ${strategy}`,
    ...(struck.length === 0 ? ["  nothing went wrong by design"] : struck.map((fault) => `  ${faultText(fault)}`)),
    "  the last steps before it was noticed:",
    ...violation.story.map((line) => `    ${line}`),
    `  ${seconds(violation.atMs)}: ${violation.what}`,
  ];
}

/** Writes the failure and says where; a directory that cannot be written to must not hide the failure itself. */
function write({ plant, faultMinutes }: RunOptions, broken: Broken): string {
  const { seed, strategy, faults, items, violation, steps, traceHash } = broken;
  const { rule, what, atMs } = violation;
  const path = join(failuresDirectory, `${traceHash}.json`);
  const outcome = { rule, what, atMs, steps, traceHash, node: process.version };
  const file: FailureFile = {
    seed,
    ...(plant === undefined ? {} : { plant }),
    ...(faultMinutes === undefined ? {} : { minutes: faultMinutes }),
    strategy,
    faults: [...faults],
    items: [...items],
    ...outcome,
    replay: `mesolite sim --replay ${path}`,
  };
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
    return `written: ${path}`;
  } catch (error) {
    return `not written to ${path}: ${error instanceof Error ? error.message : error}`;
  }
}

/** Runs a failure that was written down. */
function again(path: string, json: boolean): void {
  const { seed, plant, minutes, strategy, faults, items, traceHash } = read(path);
  const began = performance.now();
  const result = run({
    seed,
    strategy,
    faults,
    items,
    ...(plant === undefined ? {} : { plant }),
    ...(minutes === undefined ? {} : { faultMinutes: minutes }),
  });
  report(result, [result], began, json);
  const same =
    result.traceHash === traceHash ? "as it was written down" : `which was ${traceHash}: the code is another`;
  if (!isBroken(result)) return say(`${path} breaks no rule now   (trace ${result.traceHash}, ${same})`);
  const { violation } = result;
  const lines = [
    `${path} broke a rule after ${seconds(violation.atMs)} (${violation.phase}): ${violation.rule}`,
    ...sequence(result),
    `trace ${result.traceHash}, ${same}`,
  ];
  throw new CliFailure(lines.join("\n"), { exit: "failure" });
}

function read(path: string): FailureFile {
  try {
    return failureFile.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const reason = issue === undefined ? String(error) : `${issue.path.join(".") || "the file"}: ${issue.message}`;
    throw new CliFailure(`cannot replay ${path}: ${reason}; give a file that a failed sim wrote`, {
      exit: "usage",
      cause: error,
    });
  }
}

function isBroken(result: RunResult): result is Broken {
  return result.violation !== undefined;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3)} s`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
