import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type FaultKind, faultText, isFaultKind } from "../sim/faults.ts";
import { markNames } from "../sim/findings.ts";
import { describePlant, isPlant, type PlantName, plantNames } from "../sim/plants.ts";
import { type RunOptions, type RunResult, run, type Violation } from "../sim/run.ts";
import { shrink } from "../sim/shrink.ts";
import { strategyNames } from "../sim/strategy.ts";
import { CliFailure } from "./failure.ts";
import type { SeedRange } from "./seed-run.ts";
import { SimPool } from "./sim-pool.ts";
import { SimTally } from "./sim-tally.ts";

export type SimOptions = {
  readonly seed?: number;
  readonly seeds: number;
  readonly minutes?: number;
  readonly plant?: string;
  /** A file of `sim-failures/`, which is run instead of seeds. */
  readonly replay?: string;
  /** Default: one per processor. */
  readonly threads?: number;
  readonly json: boolean;
};

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
export async function sim(options: SimOptions): Promise<void> {
  const { seeds, minutes, json, replay, threads } = options;
  if (replay !== undefined) return again(replay, json);
  const first = options.seed ?? randomInt(1_000_000_000);
  const faultMinutes = minutes === undefined ? {} : { faultMinutes: minutes };
  await using pool = new SimPool(seeds, threads);
  if (options.plant === "all") return await catchAll(pool, { first, count: seeds, options: faultMinutes }, json);
  const plant = plantOf(options);
  const bug = plant === undefined ? "" : `, with a planted bug: ${describePlant(plant)}`;
  say(`seeds ${first} to ${first + seeds - 1}${bug}`);
  const what = { ...faultMinutes, ...(plant === undefined ? {} : { plant }) };
  const began = performance.now();
  const tally = new SimTally();
  for await (const seedRun of pool.run({ first, count: seeds, options: what })) {
    tally.add(seedRun);
    const { result, difference } = seedRun;
    if (difference !== undefined) {
      const said = `seed ${result.seed} did not do the same twice: something is not drawn from it`;
      throw new CliFailure(`${said}\n${difference}`, { exit: "failure" });
    }
    if (isBroken(result)) {
      report(tally, began, pool.threads, json);
      throw new CliFailure(story({ ...what, seed: result.seed }, result), { exit: "failure" });
    }
  }
  report(tally, began, pool.threads, json);
}

/** Plants every bug in turn, and fails unless each is caught. */
async function catchAll(pool: SimPool, range: SeedRange, json: boolean): Promise<void> {
  const caught: Record<string, { readonly seed: number; readonly rule: string }> = {};
  const missed: string[] = [];
  for (const plant of plantNames) {
    const found = await firstBroken(pool, { ...range, options: { ...range.options, plant } });
    if (found === undefined) missed.push(plant);
    else caught[plant] = { seed: found.seed, rule: found.violation.rule };
    const { seed, rule } = caught[plant] ?? { seed: "-", rule: "nothing" };
    if (!json) process.stdout.write(`${plant.padEnd(20)} ${String(seed).padStart(6)}  ${rule}\n`);
  }
  const { first, count } = range;
  if (json)
    process.stdout.write(`${JSON.stringify({ bench: "sim-plants", results: { first, count, caught, missed } })}\n`);
  if (missed.length === 0) return;
  throw new CliFailure(`no rule caught ${missed.join(", ")} within ${count} seeds`, { exit: "failure" });
}

async function firstBroken(pool: SimPool, range: SeedRange): Promise<Broken | undefined> {
  for await (const { result } of pool.run(range)) if (isBroken(result)) return result;
  return undefined;
}

function plantOf({ plant }: SimOptions): PlantName | undefined {
  if (plant === undefined || isPlant(plant)) return plant;
  const known = plantNames.map((name) => `  ${name.padEnd(18)} ${describePlant(name)}`).join("\n");
  throw new CliFailure(`there is no bug called ${plant} to plant; there are all, and one by one\n${known}`, {
    exit: "usage",
  });
}

function report(tally: SimTally, began: number, threads: number, json: boolean): void {
  const summary = tally.summary(performance.now() - began, threads);
  if (json) {
    const environment = { node: process.version };
    process.stdout.write(`${JSON.stringify({ bench: "sim", results: summary, environment })}\n`);
    return;
  }
  const { marks, ...figures } = summary;
  const lines = Object.entries(figures).map(([name, value]) => `${name.padEnd(18)} ${value}`);
  const missed = markNames.filter((name) => marks[name] === 0);
  lines.push(`${"marks".padEnd(18)} ${markNames.length - missed.length} of ${markNames.length} situations reached`);
  if (missed.length > 0) lines.push(...missed.map((name) => `${"".padEnd(18)} never: ${name}`));
  process.stdout.write(`${lines.join("\n")}\n`);
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
    heading(`seed ${seed}`, violation),
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

/** Runs a failure again that was written down. */
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
  const tally = new SimTally();
  tally.add({ result, messages: result.messages });
  report(tally, began, 1, json);
  const same =
    result.traceHash === traceHash ? "as it was written down" : `which was ${traceHash}: the code is another`;
  if (!isBroken(result)) return say(`${path} breaks no rule now   (trace ${result.traceHash}, ${same})`);
  const { violation } = result;
  const lines = [heading(path, violation), ...sequence(result), `trace ${result.traceHash}, ${same}`];
  throw new CliFailure(lines.join("\n"), { exit: "failure" });
}

function heading(what: string, { atMs, phase, rule }: Violation): string {
  return `${what} broke a rule after ${seconds(atMs)} (${phase}): ${rule}`;
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
