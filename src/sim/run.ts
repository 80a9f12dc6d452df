import { Prng } from "../base/prng.ts";
import type { Resources } from "../protocol/resources.ts";
import { SimCluster } from "./cluster.ts";
import { Faults } from "./faults.ts";
import { livenessRules, type Rule, safetyRules } from "./oracles.ts";
import { type PlantName, plant } from "./plants.ts";
import { isDone, type WorkRecord, workRecord } from "./workload.ts";

export type RunOptions = {
  readonly seed: number;
  /** Virtual minutes with faults. Default: drawn from the seed, half a minute to two. */
  readonly faultMinutes?: number;
  readonly plant?: PlantName;
};

export type RunResult = {
  readonly seed: number;
  readonly traceHash: string;
  readonly steps: number;
  readonly virtualMs: number;
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
  readonly slaveCrashes: number;
  readonly masterCrashes: number;
  readonly schedulerCrashes: number;
  readonly actorCrashes: number;
  readonly cutLinks: number;
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

/** Runs one seed: a cluster, its work and its weather; then calm, in which everything must come out right. */
export function run(options: RunOptions): RunResult {
  const random = new Prng(options.seed);
  const cluster = drawCluster(random, options);
  const faults = new Faults(cluster, random.split("faults"));
  const faultMs = (options.faultMinutes ?? 0.5 + random.split("length").unit() * 1.5) * 60_000;
  let violation = advance(cluster, faultMs);
  faults.stop();
  violation ??= advance(
    cluster,
    faultMs + restMs,
    () => cluster.work.every(isDone) && cluster.clock.now() > faultMs + 60_000,
  );
  violation ??= settleAndJudge(cluster);
  return {
    seed: options.seed,
    traceHash: cluster.trace.hash,
    steps: cluster.trace.steps,
    virtualMs: cluster.clock.now(),
    ...(violation === undefined ? {} : { violation }),
    counts: count(cluster, faults),
  };
}

function drawCluster(random: Prng, { plant: planted }: RunOptions): SimCluster {
  const shape = random.split("shape");
  const slaves = Array.from({ length: 2 + shape.int(4) }, (): Resources => {
    const cpus = 1 + shape.int(8);
    return { cpus: cpus * 1_000, mem: cpus * 512_000, ports: { ranges: [[31_000, 31_000 + cpus]] } };
  });
  const work = Array.from({ length: 1 + shape.int(4) }, (_, index): WorkRecord => {
    const resources = { cpus: 250 * (1 + shape.int(4)), mem: 64_000 * (1 + shape.int(4)) };
    const some = (limit: number) => (shape.chance(0.5) ? 0 : shape.unit() * limit);
    const mood = { declines: some(0.5), hoards: some(0.15), repeats: some(0.3), forges: some(0.2), kills: some(0.1) };
    return workRecord(`work-${index}`, 4 + shape.int(16), resources, mood);
  });
  return new SimCluster(random.split("cluster"), {
    slaves,
    work,
    config: { offerTimeoutMs: 1_000 + shape.int(4_000) },
    isolation: shape.chance(0.25) ? "roundtrip" : "reference",
    latencyMaxMs: shape.chance(0.5) ? 2 : 200,
    ...(planted === undefined ? {} : { alter: plant(planted) }),
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

function count(cluster: SimCluster, { counts }: Faults): RunCounts {
  const total = (pick: (record: WorkRecord) => number) => cluster.work.reduce((sum, record) => sum + pick(record), 0);
  return {
    slaveCrashes: counts.slaveCrash,
    masterCrashes: counts.masterCrash,
    schedulerCrashes: counts.schedulerCrash,
    actorCrashes: counts.actorCrash + counts.slaveActorCrash,
    cutLinks: cluster.network.cutLinks,
    offers: total(({ counts: { offers } }) => offers),
    declines: total(({ counts: { declines } }) => declines),
    rescinds: total(({ counts: { rescinds } }) => rescinds),
    reruns: total(({ counts: { reruns } }) => reruns),
    finished: total(({ counts: { finished } }) => finished),
  };
}
