import { Prng } from "../base/prng.ts";
import { SimCluster } from "./cluster.ts";
import { armFaults, drawFaults, type Fault, type FaultCounts } from "./faults.ts";
import { Findings, type MarkName } from "./findings.ts";
import { guarded } from "./guards.ts";
import type { Lookout } from "./lookouts/lookout.ts";
import { livenessRules, lookoutsOf, type Rule, safetyRules } from "./oracles.ts";
import { type PlantName, plant } from "./plants.ts";
import { drawScenery } from "./scenery.ts";
import { type StrategyName, strategyNames } from "./strategy.ts";
import { isDone, type WorkRecord } from "./workload.ts";

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
  /** Letters that actors handled. */
  readonly messages: number;
  readonly virtualMs: number;
  readonly strategy: StrategyName;
  /** What went wrong by design, in order of time. */
  readonly faults: readonly Fault[];
  readonly items: readonly number[];
  readonly violation?: Violation;
  readonly counts: RunCounts;
  /** How often each situation was reached that is worth reaching. */
  readonly marks: ReadonlyMap<MarkName, number>;
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
  readonly lateOrders: number;
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

/** Safety rules run once in so many steps; all of them look at everything once in every second of virtual time. */
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
  const trial = new Trial(random, strategy, options);
  const { cluster } = trial;
  const faultMs = (options.faultMinutes ?? 0.5 + random.split("length").unit() * 1.5) * 60_000;
  const { slaveNames, work } = cluster;
  const faults = options.faults ?? drawFaults(random.split("faults"), faultMs, slaveNames.length, work.length);
  const counts = armFaults(cluster, faults);
  let violation = trial.advance(faultMs);
  cluster.heal();
  violation ??= trial.advance(faultMs + restMs, () => work.every(isDone) && cluster.clock.now() > faultMs + 60_000);
  // While anybody is offered and declines what is free there may be no quiet moment.
  for (const record of work) record.resting = true;
  violation ??= trial.settle();
  return {
    seed: options.seed,
    strategy,
    faults,
    items: work.map(({ items }) => items),
    traceHash: cluster.trace.hash,
    steps: cluster.trace.steps,
    messages: cluster.letters,
    virtualMs: cluster.clock.now(),
    ...(violation === undefined ? {} : { violation }),
    counts: count(cluster, counts),
    marks: trial.marks,
  };
}

function drawStrategy(random: Prng): StrategyName {
  return strategyNames[random.int(strategyNames.length)] ?? "uniform";
}

function buildCluster(
  random: Prng,
  strategy: StrategyName,
  options: RunOptions,
  lookouts: readonly Lookout[],
): SimCluster {
  const { plant: planted, items, heard } = options;
  return new SimCluster(random.split("cluster"), {
    ...drawScenery(random, items),
    strategy,
    ...(heard === undefined ? {} : { heard }),
    interferences: planted === undefined ? lookouts : [plant(planted), ...lookouts],
  });
}

/** A cluster under observation. */
class Trial {
  readonly cluster: SimCluster;
  readonly #findings = new Findings();
  readonly #lookouts = lookoutsOf(this.#findings);
  readonly #safety: readonly Rule[];
  #thorough = false;
  #secondMs = 0;

  constructor(random: Prng, strategy: StrategyName, options: RunOptions) {
    this.cluster = buildCluster(random, strategy, options, this.#lookouts);
    this.#safety = safetyRules(this.#findings, () => this.#thorough);
  }

  get marks(): ReadonlyMap<MarkName, number> {
    return this.#findings.marks;
  }

  /** Steps until the virtual time, or until nothing can happen, or `enough` says so between two seconds. */
  advance(untilMs: number, enough: () => boolean = () => false): Violation | undefined {
    const { clock } = this.cluster;
    for (let steps = 1; clock.now() < untilMs; steps++) {
      if (steps > stepsMax) return this.#violated("a run ends", "safety", `more than ${stepsMax} steps`);
      if (!this.cluster.step()) return this.#judgeThoroughly();
      const secondPassed = clock.now() - this.#secondMs >= 1_000;
      if (!secondPassed && steps % checkEvery !== 0) continue;
      const violation = secondPassed ? this.#judgeThoroughly() : this.#judge(this.#safety, "safety");
      if (violation !== undefined) return violation;
      if (secondPassed && enough()) return undefined;
    }
    return this.#judgeThoroughly();
  }

  /** Looks for a quiet moment in which all books must agree: messages under way make them differ for an instant. */
  settle(): Violation | undefined {
    let violation: Violation | undefined;
    for (let attempt = 0; attempt < 200; attempt++) {
      violation = this.#judge(livenessRules, "liveness");
      if (violation === undefined) return undefined;
      const wrong = this.advance(this.cluster.clock.now() + 97);
      if (wrong !== undefined) return wrong;
    }
    return violation;
  }

  /** Everything, whether it has changed or not. */
  #judgeThoroughly(): Violation | undefined {
    this.#secondMs = this.cluster.clock.now();
    for (const { check } of this.#lookouts) check?.(this.cluster);
    this.#thorough = true;
    const violation = this.#judge(this.#safety, "safety");
    this.#thorough = false;
    return violation;
  }

  #judge(rules: readonly Rule[], phase: Violation["phase"]): Violation | undefined {
    for (const { name, check } of rules) {
      const what = check(this.cluster);
      if (what !== undefined) return this.#violated(name, phase, what);
    }
    return undefined;
  }

  #violated(rule: string, phase: Violation["phase"], what: string): Violation {
    const { clock, trace } = this.cluster;
    return { rule, phase, what, atMs: clock.now(), story: trace.recent.slice(-storyMax) };
  }
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
    lateOrders: counts.lateOrder,
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
