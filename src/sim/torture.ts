import { Prng } from "../base/prng.ts";
import type { Ending } from "../frameworks/report.ts";
import type { SchedulerDefinition } from "../frameworks/scheduler.ts";
import type { Resources } from "../protocol/resources.ts";
import { frameworkName, SimCluster } from "./cluster.ts";
import { type TaskRow, taskRows } from "./cluster-rows.ts";
import {
  calmAtMs,
  drawHostileWorld,
  type HostileWorld,
  type MishapName,
  repeating,
  smallerWorlds,
  unleash,
  Victims,
} from "./hostile-world.ts";
import { foreignAwait } from "./instants.ts";
import { type Breach, Manners } from "./manners.ts";
import { furnishWith, type Programs } from "./programs.ts";
import { strategyNames } from "./strategy.ts";
import { type Deed, phrase, type SchedulerSpec, witnessed } from "./witness.ts";

export type TortureOptions = {
  /** How many worlds, seeds 1 and up, or which. Default 20. */
  readonly seeds?: number | readonly number[];
  /** `calm`: nothing goes wrong. Default `hostile`. */
  readonly world?: "hostile" | "calm";
  /** What each slave has. Default cpus:4;mem:8192. */
  readonly slave?: Resources;
  /** What tasks do that are commands or functions. Default: succeed, after up to 10 s. */
  readonly programs?: Programs;
  /** How long an offer may lie unanswered, in milliseconds. Default 10 000. */
  readonly hoardMaxMs?: number;
  /**
   * How long a framework in a calm world may launch nothing and hear nothing new, in milliseconds: longer than its
   * longest task. Default 180 000. A framework that does is stuck, unless it is `satisfied`.
   */
  readonly standstillMs?: number;
  /** For frameworks that never end: whether the tasks the cluster has are what it is there for. Default: never. */
  readonly satisfied?: (tasks: readonly TaskRow[]) => boolean;
};

export type TortureResult =
  | { readonly kind: "passed"; readonly seeds: number; readonly counts: TortureCounts }
  | {
      readonly kind: "broken";
      /** The first seed that breaks a rule: `seeds: [seed]` plays it again. */
      readonly seed: number;
      readonly rule: string;
      readonly what: string;
      /** What the scheduler heard and did in the smallest world that was found to break the same rule, in order. */
      readonly story: readonly string[];
      readonly world: HostileWorld;
    };

/** Sums over every world. */
export type TortureCounts = Readonly<
  Record<MishapName | "offers" | "launches" | "drops" | "updates" | "rescinds" | "ended", number>
>;

/** Smaller worlds tried for the story of a breach. */
const shrinkRunsMax = 60;
/** A longer story is told of the one task or offer that it is about, as far as it is about one. */
const storyUsual = 30;
/** Lines of a story; what happened before them is left out. */
const storyMax = 60;
/** A world of more steps than this does not come to rest. */
const stepsMax = 400_000;
/** Virtual time a framework has from the first calm to its end, in milliseconds, however busy it is. */
const calmMaxMs = 3_600_000;
/** Rules are looked at once in so many steps. */
const checkEvery = 16;

/** What a slave has unless somebody says otherwise. */
export const slaveDefault: Resources = { cpus: 4_000, mem: 8_192_000, ports: { ranges: [[31_000, 31_999]] } };

/** Each yield is a moment at which everything in the cluster that hangs on promises must have its turn. */
export type Torture<Result> = Generator<SimCluster, Result>;

/** Runs a scheduler in world after world, until one breaks a rule. */
export function* tortured(define: () => SchedulerDefinition, options: TortureOptions = {}): Torture<TortureResult> {
  const { seeds = 20, world: kind = "hostile" } = options;
  const list = typeof seeds === "number" ? Array.from({ length: seeds }, (_, index) => 1 + index) : seeds;
  const totals: Record<string, number> = {};
  for (const seed of list) {
    const drawn = drawHostileWorld(seed, new Prng(`torture.${seed}`));
    const world = kind === "hostile" ? drawn : { ...drawn, mishaps: [], offerTimeoutMs: 30_000 };
    const trial = new Trial(define, world, options);
    const breach = yield* trial.run();
    if (breach !== undefined) return yield* smallest(define, options, { world, breach, trial });
    for (const [name, count] of Object.entries(trial.counts)) totals[name] = (totals[name] ?? 0) + count;
  }
  return { kind: "passed", seeds: list.length, counts: totals as TortureCounts };
}

type Broken = { readonly world: HostileWorld; readonly breach: Breach; readonly trial: Trial };

/** Tries smaller and smaller worlds for as long as the same rule breaks, and tells the story of the last. */
function* smallest(
  define: () => SchedulerDefinition,
  options: TortureOptions,
  first: Broken,
): Torture<Extract<TortureResult, { kind: "broken" }>> {
  let found = first;
  let runs = 0;
  let candidates = smallerWorlds(found.world);
  for (let next = candidates.next(); next.done !== true && runs < shrinkRunsMax; next = candidates.next()) {
    runs++;
    const trial = new Trial(define, next.value, options);
    const breach = yield* trial.run();
    if (breach?.rule !== first.breach.rule) continue;
    found = { world: next.value, breach, trial };
    candidates = smallerWorlds(found.world);
  }
  const { rule, what, about } = found.breach;
  return { kind: "broken", seed: first.world.seed, rule, what, story: found.trial.story(about), world: found.world };
}

type Line = { readonly kind: Deed["kind"] | "world"; readonly text: string };

/** One life of a framework in one world. */
class Trial {
  readonly #cluster: SimCluster;
  readonly #world: HostileWorld;
  readonly #options: TortureOptions;
  readonly #manners: Manners;
  readonly #victims = new Victims(frameworkName(0));
  readonly #lines: Line[] = [];
  readonly #counts = { offers: 0, launches: 0, drops: 0, updates: 0, rescinds: 0, ended: 0 };
  #ending: Ending | undefined;

  constructor(define: () => SchedulerDefinition, world: HostileWorld, options: TortureOptions) {
    const { slave = slaveDefault, hoardMaxMs = 10_000 } = options;
    const random = new Prng(`torture.${world.seed}.cluster`);
    this.#world = world;
    this.#options = options;
    this.#cluster = new SimCluster(random, {
      slaves: Array.from({ length: world.slaves }, () => slave),
      work: [],
      config: { offerTimeoutMs: world.offerTimeoutMs },
      isolation: "roundtrip",
      strategy: strategyNames[world.seed % strategyNames.length] ?? "uniform",
      latencyMaxMs: world.latencyMaxMs,
      furnish: furnishWith({ ...succeeding(random.split("programs")), ...options.programs }),
    });
    const { clock } = this.#cluster;
    this.#manners = new Manners(() => clock.now(), hoardMaxMs);
    this.#cluster.bootScheduler(this.#victims.scheduler, this.#scheduler(define));
    unleash(this.#cluster, world.mishaps, this.#victims, (line) => this.#note("world", `* ${line}`));
  }

  get counts(): TortureCounts {
    return { ...this.#victims.counts, ...this.#counts };
  }

  /** To the end of the framework, or to the first breach. */
  *run(): Torture<Breach | undefined> {
    const cluster = this.#cluster;
    for (let steps = 1; this.#ending === undefined; steps++) {
      if (steps > stepsMax)
        return { rule: "a framework comes to rest", what: `more than ${stepsMax} steps and no end` };
      if (!cluster.runnable) yield cluster;
      const foreign = foreignAwait(cluster);
      if (foreign !== undefined) return { rule: "callbacks await nothing from outside", what: foreign };
      if (!cluster.step()) return this.#stuck();
      if (steps % checkEvery !== 0) continue;
      const breach = this.#manners.breach ?? this.#clusterBreach();
      if (breach !== undefined) return breach;
      if (this.#atRest()) return this.#isSatisfied() ? undefined : this.#stuck();
    }
    return this.#manners.breach;
  }

  /** What the scheduler heard and did, and what befell its world. */
  story(about: string | undefined): readonly string[] {
    const whole = folded(this.#lines);
    if (whole.length <= storyUsual) return whole;
    const told = folded(this.#lines.filter(({ kind, text }) => kind === "world" || text.includes(about ?? "")));
    const left = told.length - storyMax;
    return left > 0 ? [`(${left} earlier lines)`, ...told.slice(left)] : told;
  }

  #scheduler(define: () => SchedulerDefinition): SchedulerSpec {
    const spec = witnessed(define, (deed) => {
      this.#manners.hear(deed);
      if (deed.kind !== "considered") this.#note(deed.kind, phrase(deed));
      if (deed.kind === "offered") this.#counts.offers += deed.offers.length;
      if (deed.kind === "replied") this.#counts.launches += deed.tasks.length;
      if (deed.kind === "told") this.#counts.updates++;
      if (deed.kind === "told" && deed.status.state === "dropped") this.#counts.drops++;
      if (deed.kind === "rescinded") this.#counts.rescinds++;
      if (deed.kind !== "ended") return;
      this.#counts.ended++;
      this.#ending = deed.ending;
    });
    return repeating(spec, this.#victims);
  }

  #note(kind: Line["kind"], text: string): void {
    this.#lines.push({ kind, text: `${(this.#cluster.clock.now() / 1_000).toFixed(3)} ${text}` });
  }

  /** Whether the calm has lasted so long without news that none will come, or longer than any framework needs. */
  #atRest(): boolean {
    const { standstillMs = 180_000 } = this.#options;
    const now = this.#cluster.clock.now();
    const calmSinceMs = calmAtMs(this.#world);
    return now - Math.max(this.#manners.progressedMs, calmSinceMs) > standstillMs || now - calmSinceMs > calmMaxMs;
  }

  #isSatisfied(): boolean {
    return this.#options.satisfied?.(taskRows(this.#cluster)) === true;
  }

  #stuck(): Breach {
    const { progressedMs } = this.#manners;
    const seconds = Math.round((this.#cluster.clock.now() - progressedMs) / 1_000);
    return {
      rule: "a framework ends once the world is calm",
      what: `it did not end; it last launched something or heard something new ${seconds} s ago`,
    };
  }

  #clusterBreach(): Breach | undefined {
    const [failure] = this.#cluster.failures;
    return failure === undefined ? undefined : { rule: "nothing fails", what: failure };
  }
}

/** The lines, with offers that led to nothing counted in one. */
function folded(lines: readonly Line[]): readonly string[] {
  const story: string[] = [];
  let offers = 0;
  for (const [index, { kind, text }] of lines.entries()) {
    const repeated = kind === "offered" && lines[index - 1]?.kind === "offered";
    if (repeated) offers++;
    if (offers > 0 && (!repeated || index === lines.length - 1)) {
      story.push(`(${offers} more ${offers === 1 ? "offer" : "offers"})`);
      offers = 0;
    }
    if (!repeated) story.push(text);
  }
  return story;
}

const takesMaxMs = 10_000;

function succeeding(random: Prng): Programs {
  return {
    command: () => ({ takesMs: random.int(takesMaxMs), status: 0 }),
    function: () => ({ takesMs: random.int(takesMaxMs), value: null }),
  };
}
