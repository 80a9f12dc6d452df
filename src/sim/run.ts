import { Prng } from "../base/prng.ts";
import { quantitiesOf } from "../protocol/quantities.ts";
import type { Quota } from "../protocol/quota.ts";
import type { Resources } from "../protocol/resources.ts";
import { SimCluster } from "./cluster.ts";
import { armFaults, drawFaults, type Fault, type FaultCounts } from "./faults.ts";
import { Findings, type MarkName } from "./findings.ts";
import { guarded } from "./guards.ts";
import type { Lookout } from "./lookouts/lookout.ts";
import { livenessRules, lookoutsOf, type Rule, safetyRules } from "./oracles.ts";
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

/** Roles that a simulated framework may have. */
const roleSets = [["*"], ["*"], ["web"], ["web", "db"], ["*", "db/old"]] as const;

function drawStrategy(random: Prng): StrategyName {
  return strategyNames[random.int(strategyNames.length)] ?? "uniform";
}

/** One or two roles are guaranteed up to half of the cluster together. */
function drawQuotas(random: Prng, slaves: readonly Resources[]): { readonly [role: string]: Quota } {
  const cpus = slaves.reduce((sum, each) => sum + (quantitiesOf(each)["cpus"] ?? 0), 0);
  const quota = (): Quota => {
    const guarantees = { cpus: cpus / 4 + 250 * random.int(cpus / 1_000), mem: random.int(cpus * 128) };
    return { limits: {}, guarantees, graceMs: random.int(1_500) };
  };
  return {
    web: quota(),
    ...(random.chance(0.3) ? { db: quota() } : {}),
  };
}

function drawCluster(
  random: Prng,
  strategy: StrategyName,
  options: RunOptions,
  lookouts: readonly Lookout[],
): SimCluster {
  const { plant: planted, items, heard } = options;
  const shape = random.split("shape");
  const owed = random.split("quotas");
  // Nobody has to give way where there is room for all.
  const isCrowded = owed.chance(0.3);
  const slaves = Array.from({ length: 2 + shape.int(4) }, (): Resources => {
    const cpus = 1 + (isCrowded ? shape.int(2) : shape.int(8));
    return { cpus: cpus * 1_000, mem: cpus * 512_000, disk: 100_000, ports: { ranges: [[31_000, 31_000 + cpus]] } };
  });
  const roles = random.split("roles");
  const groups = random.split("groups");
  const reserving = random.split("reserving");
  const quotas = isCrowded ? drawQuotas(owed, slaves) : {};
  const last = shape.int(4);
  const work = Array.from({ length: 1 + last }, (_, index): WorkRecord => {
    const resources = { cpus: 250 * (1 + shape.int(4)), mem: 64_000 * (1 + shape.int(4)) };
    const some = (limit: number) => (shape.chance(0.5) ? 0 : shape.unit() * limit);
    const manners = {
      declines: some(0.5),
      hoards: some(0.15),
      repeats: some(0.3),
      forges: some(0.2),
      kills: some(0.1),
      groups: groups.chance(0.5) ? 0 : groups.unit() * 0.5,
    };
    const mood = { ...manners, reserves: reserving.chance(0.5) ? 0 : reserving.unit() * 0.3 };
    const drawn = 4 + shape.int(16);
    const drawnRoles = roleSets[roles.int(roleSets.length)] ?? ["*"];
    // Whoever is guaranteed something comes when others are there already.
    const isOwed = index > 0 && index === last && Object.hasOwn(quotas, "web");
    const set = isOwed ? ["web"] : drawnRoles;
    const suppresses = set.some((role) => Object.hasOwn(quotas, role));
    return workRecord(`work-${index}`, items?.[index] ?? drawn, resources, mood, { roles: set, suppresses });
  });
  return new SimCluster(random.split("cluster"), {
    slaves,
    work,
    quotas,
    config: { offerTimeoutMs: 1_000 + shape.int(4_000) },
    isolation: shape.chance(0.25) ? "roundtrip" : "reference",
    latencyMaxMs: shape.chance(0.5) ? 2 : 200,
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
    this.cluster = drawCluster(random, strategy, options, this.#lookouts);
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
