import { Prng } from "../base/prng.ts";
import type { Resources } from "../protocol/resources.ts";
import { SimCluster } from "./cluster.ts";
import { armFaults, drawFaults, type Fault, type FaultCounts } from "./faults.ts";
import { guarded } from "./guards.ts";
import { livenessRules, type Rule, safetyRules } from "./oracles.ts";
import { type PlantName, plant } from "./plants.ts";
import { type StrategyName, strategyNames } from "./strategy.ts";
import { isDone, type WorkRecord, workRecord } from "./workload.ts";

export type RunOptions = {
  readonly seed: number;
  /** Virtual minutes with faults. Default: drawn from the seed, half a minute to two. */
  readonly faultMinutes?: number;
  readonly plant?: PlantName;
  /** Default: drawn from the seed. */
  readonly strategy?: StrategyName;
  /** What goes wrong. Default: drawn from the seed. */
  readonly faults?: readonly Fault[];
  /** How many items of work each framework has. Default: drawn from the seed. */
  readonly items?: readonly number[];
  /** Called with every step, for a comparison of two runs. */
  readonly heard?: (line: string) => void;
};

export type RunResult = {
  readonly seed: number;
  readonly traceHash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly strategy: StrategyName;
  /** What went wrong by design, in order of time. */
  readonly faults: readonly Fault[];
  readonly items: readonly number[];
  readonly violation?: Violation;
  readonly counts: RunCounts;
};

export type Violation = {
  readonly rule: string;
  readonly phase: "safety" | "liveness";
  readonly what: string;
  readonly atMs: number;
  /** The last steps before it was noticed. */
  readonly story: readonly string[];
};

export type RunCounts = {
  /** Crashes that waited for a write to be under way. */
  readonly crashesInWrite: number;
  readonly slaveCrashes: number;
  readonly masterCrashes: number;
  readonly schedulerCrashes: number;
  readonly actorCrashes: number;
  readonly cutLinks: number;
  readonly pauses: number;
  readonly slowdowns: number;
  /** Half-open links and partitions of one direction. */
  readonly deafLinks: number;
  readonly wallJumps: number;
  readonly clockDrifts: number;
  readonly threadCrashes: number;
  readonly swizzles: number;
  /** Dials that a master turned away. */
  readonly failedDials: number;
  readonly slowDisks: number;
  readonly fullDisks: number;
  /** Writes that a crash cut in two. */
  readonly tornWrites: number;
  readonly offers: number;
  readonly declines: number;
  readonly rescinds: number;
  readonly reruns: number;
  readonly finished: number;
};

/** Safety rules run once in so many steps, and whenever time is about to pass a second. */
const checkEvery = 32;
/** A run of more steps than this is stuck in a loop. */
const stepsMax = 400_000;
/** Virtual time that everything has, after the last fault, to come to rest. */
const restMs = 180_000;
/** How many of the last steps a violation tells. */
const storyMax = 40;

/**
 * Runs one seed: a cluster, its work and its weather; then calm, in which everything must come out right. Whatever
 * asks the machine for time or randomness meanwhile throws a `DeterminismViolation` or breaks a rule.
 */
export function run(options: RunOptions): RunResult {
  return guarded(() => runUnguarded(options));
}

function runUnguarded(options: RunOptions): RunResult {
  const random = new Prng(options.seed);
  const strategy = options.strategy ?? drawStrategy(random.split("strategy"));
  const cluster = drawCluster(random, strategy, options);
  const faultMs = (options.faultMinutes ?? 0.5 + random.split("length").unit() * 1.5) * 60_000;
  const { slaveNames, work } = cluster;
  const faults = options.faults ?? drawFaults(random.split("faults"), faultMs, slaveNames.length, work.length);
  const counts = armFaults(cluster, faults);
  let violation = advance(cluster, faultMs);
  cluster.heal();
  violation ??= advance(cluster, faultMs + restMs, () => work.every(isDone) && cluster.clock.now() > faultMs + 60_000);
  violation ??= settleAndJudge(cluster);
  return {
    seed: options.seed,
    strategy,
    faults,
    items: work.map(({ items }) => items),
    traceHash: cluster.trace.hash,
    steps: cluster.trace.steps,
    virtualMs: cluster.clock.now(),
    ...(violation === undefined ? {} : { violation }),
    counts: count(cluster, counts),
  };
}

function drawStrategy(random: Prng): StrategyName {
  return strategyNames[random.int(strategyNames.length)] ?? "uniform";
}

function drawCluster(random: Prng, strategy: StrategyName, options: RunOptions): SimCluster {
  const { plant: planted, items, heard } = options;
  const shape = random.split("shape");
  const slaves = Array.from({ length: 2 + shape.int(4) }, (): Resources => {
    const cpus = 1 + shape.int(8);
    return { cpus: cpus * 1_000, mem: cpus * 512_000, ports: { ranges: [[31_000, 31_000 + cpus]] } };
  });
  const work = Array.from({ length: 1 + shape.int(4) }, (_, index): WorkRecord => {
    const resources = { cpus: 250 * (1 + shape.int(4)), mem: 64_000 * (1 + shape.int(4)) };
    const some = (limit: number) => (shape.chance(0.5) ? 0 : shape.unit() * limit);
    const mood = { declines: some(0.5), hoards: some(0.15), repeats: some(0.3), forges: some(0.2), kills: some(0.1) };
    const drawn = 4 + shape.int(16);
    return workRecord(`work-${index}`, items?.[index] ?? drawn, resources, mood);
  });
  return new SimCluster(random.split("cluster"), {
    slaves,
    work,
    config: { offerTimeoutMs: 1_000 + shape.int(4_000) },
    isolation: shape.chance(0.25) ? "roundtrip" : "reference",
    latencyMaxMs: shape.chance(0.5) ? 2 : 200,
    strategy,
    ...(heard === undefined ? {} : { heard }),
    ...(planted === undefined ? {} : { interferences: [plant(planted)] }),
  });
}

/** Steps until the virtual time, or until nothing can happen, or `enough` says so between two seconds. */
function advance(cluster: SimCluster, untilMs: number, enough: () => boolean = () => false): Violation | undefined {
  let checkedAtMs = cluster.clock.now();
  for (let steps = 1; cluster.clock.now() < untilMs; steps++) {
    if (steps > stepsMax) return violated(cluster, "a run ends", "safety", `more than ${stepsMax} steps`);
    if (!cluster.step()) return undefined;
    const secondPassed = cluster.clock.now() - checkedAtMs >= 1_000;
    if (steps % checkEvery !== 0 && !secondPassed) continue;
    const violation = judge(cluster, safetyRules, "safety");
    if (violation !== undefined) return violation;
    if (secondPassed && enough()) return undefined;
    checkedAtMs = cluster.clock.now();
  }
  return undefined;
}

/** Looks for a quiet moment in which all books must agree: messages under way make them differ for an instant. */
function settleAndJudge(cluster: SimCluster): Violation | undefined {
  let violation: Violation | undefined;
  for (let attempt = 0; attempt < 200; attempt++) {
    violation = judge(cluster, livenessRules, "liveness");
    if (violation === undefined) return undefined;
    const wrong = advance(cluster, cluster.clock.now() + 97);
    if (wrong !== undefined) return wrong;
  }
  return violation;
}

function judge(cluster: SimCluster, rules: readonly Rule[], phase: Violation["phase"]): Violation | undefined {
  for (const { name, check } of rules) {
    const what = check(cluster);
    if (what !== undefined) return violated(cluster, name, phase, what);
  }
  return undefined;
}

function violated(cluster: SimCluster, rule: string, phase: Violation["phase"], what: string): Violation {
  return { rule, phase, what, atMs: cluster.clock.now(), story: cluster.trace.recent.slice(-storyMax) };
}

function count(cluster: SimCluster, counts: FaultCounts): RunCounts {
  const total = (pick: (record: WorkRecord) => number) => cluster.work.reduce((sum, record) => sum + pick(record), 0);
  return {
    crashesInWrite: counts.crashInWrite,
    slaveCrashes: counts.slaveCrash,
    masterCrashes: counts.masterCrash,
    schedulerCrashes: counts.schedulerCrash,
    actorCrashes: counts.actorCrash + counts.slaveActorCrash,
    cutLinks: cluster.network.cutLinks,
    pauses: counts.pause,
    slowdowns: counts.slowConsumer,
    deafLinks: counts.halfOpen + counts.asymmetricPartition,
    wallJumps: counts.wallJump,
    clockDrifts: counts.clockDrift,
    threadCrashes: counts.threadCrash,
    swizzles: counts.swizzleClog,
    failedDials: cluster.network.turnedAway,
    slowDisks: counts.slowDisk,
    fullDisks: counts.diskFull,
    tornWrites: [...cluster.journals.values()].reduce((sum, { torn }) => sum + torn, 0),
    offers: total(({ counts: { offers } }) => offers),
    declines: total(({ counts: { declines } }) => declines),
    rescinds: total(({ counts: { rescinds } }) => rescinds),
    reruns: total(({ counts: { reruns } }) => reruns),
    finished: total(({ counts: { finished } }) => finished),
  };
}
