import type { WireValue } from "../actors/wire-value.ts";
import { Prng } from "../base/prng.ts";
import type { Ending } from "../frameworks/report.ts";
import type { SchedulerDefinition } from "../frameworks/scheduler.ts";
import type { SchedulerInspection } from "../frameworks/scheduler-party.ts";
import type { Policy } from "../master/allocator/policy.ts";
import { type MasterConfig, masterDefaults } from "../master/config.ts";
import type { FrameworkId } from "../protocol/ids.ts";
import { masterName } from "../protocol/master-api.ts";
import type { Resources } from "../protocol/resources.ts";
import { frameworkName, SimCluster, type SlaveParts } from "./cluster.ts";
import { type OfferRow, offerRows, type SlaveRow, slaveRows, type TaskRow, taskRows } from "./cluster-rows.ts";
import { DeterminismViolation, guarded } from "./guards.ts";
import { drawHostileWorld, repeating, reunite, separate, unleash, Victims } from "./hostile-world.ts";
import { foreignAwait, promisesDue } from "./instants.ts";
import { furnishWith, type Programs } from "./programs.ts";
import { slaveDefault, type TortureOptions, type TortureResult, tortured } from "./torture.ts";
import { phrase, witnessed } from "./witness.ts";

export type SimulationOptions = {
  /** How many slaves of cpus:4;mem:8192, or what each of them has. Default 1. */
  readonly slaves?: number | readonly Resources[];
  /** Schedulers that run from the start; `run` adds more. Each function is called once per life of its scheduler. */
  readonly frameworks?: readonly (() => SchedulerDefinition)[];
  /** Decides every choice and every delay: the same seed, the same story. Default 1. */
  readonly seed?: number;
  /** Whether slaves, links and the master fail during the first 40 s, as the seed has it. Default false. */
  readonly faults?: boolean;
  /** What the master is told to do differently. Default: nothing, so that a silent slave is given up after 75 s. */
  readonly master?: Partial<MasterConfig>;
  /** Who is owed the next offer. Default: who has the least dominant share. */
  readonly policy?: Policy;
  /** How each slave wants to be offered: the part of it for short tasks, its minimum. Default: as a whole, and anything. */
  readonly parts?: SlaveParts;
  /** What tasks do that are commands or functions: nothing is executed. Default: succeed after a second. */
  readonly programs?: Programs;
};

/**
 * A whole cluster in this thread on virtual time: the production master, allocator and slaves, and your schedulers.
 *
 *     await using cluster = await simulateCluster({ slaves: 2 });
 *     const framework = cluster.run(() => myScheduler());
 *     await cluster.until(() => framework.ended !== undefined);
 *
 * Resolves when every slave is registered. Time passes only in `clock.advance`, `settle` and `until`. Callbacks may be
 * async as long as they wait for promises alone: virtual time does not wait for real timers, files or sockets.
 */
export async function simulateCluster(options: SimulationOptions = {}): Promise<SimulatedCluster> {
  const cluster = new SimulatedCluster(options);
  const { slaves = 1 } = options;
  const wanted = typeof slaves === "number" ? slaves : slaves.length;
  await cluster.until(() => cluster.slaves().length === wanted);
  return cluster;
}

/**
 * Runs a scheduler against world after world, each with slaves that crash, masters that fail over, links that break,
 * offers that expire and updates that repeat, and holds it to the rules that every scheduler must keep. Resolves with
 * what it went through, or with the first rule it broke and the shortest story found that leads there.
 */
export async function torture(define: () => SchedulerDefinition, options: TortureOptions = {}): Promise<TortureResult> {
  const run = tortured(define, options);
  for (;;) {
    const next = guarded(() => run.next());
    if (next.done === true) return next.value;
    await drained(next.value);
  }
}

/** Longer than any message or disk write of the simulation takes, shorter than any timer that repeats; milliseconds. */
const underWayMs = 50;
/** Steps within one virtual second beyond which actors are taken to keep each other busy for ever. */
const stepsPerSecondMax = 50_000;
/** Lines of a framework's story; of a longer one the beginning is dropped. */
const storyMax = 10_000;
/** How long `until` waits by default, in milliseconds of virtual time. */
const untilMaxMs = 600_000;

class SimulatedCluster implements AsyncDisposable {
  readonly #cluster: SimCluster;
  readonly #frameworks: SimulatedFramework[] = [];
  readonly #victims = new Victims(frameworkName(0));
  #secondMs = 0;
  #steps = 0;

  constructor(options: SimulationOptions) {
    const { slaves = 1, frameworks = [], seed = 1, faults = false, master, programs = {}, policy, parts } = options;
    const random = new Prng(`simulated.${seed}`);
    this.#cluster = new SimCluster(random, {
      slaves: typeof slaves === "number" ? Array.from({ length: slaves }, () => slaveDefault) : slaves,
      work: [],
      config: { ...masterDefaults, ...master },
      isolation: "roundtrip",
      strategy: "fifo",
      latencyMaxMs: 1,
      furnish: furnishWith(programs),
      ...(policy && { policy }),
      ...(parts && { parts }),
    });
    for (const define of frameworks) this.run(define);
    if (!faults) return;
    const { mishaps } = drawHostileWorld(seed, random.split("faults"));
    unleash(this.#cluster, mishaps, this.#victims);
  }

  /** Virtual time, in milliseconds since the cluster began. */
  readonly clock = {
    now: (): number => this.#cluster.clock.now(),
    /** Lets so much time pass, and everything happen that is due in it. */
    advance: (ms: number): Promise<void> => this.#runUntil(this.#cluster.clock.now() + ms),
  };

  /** What two nodes hear of each other: `master`, `slave-0`, `framework-0` and so on. */
  readonly net = {
    /** They cannot hear each other, and notice by silence, after 5 s. */
    partition: (a: string, b: string): void => separate(this.#cluster, this.#known(a), this.#known(b)),
    heal: (a: string, b: string): void => reunite(this.#cluster, this.#known(a), this.#known(b)),
    /** Their links break at once, and may be made again. */
    reset: (a: string, b: string): void => this.#cluster.network.reset(this.#known(a), this.#known(b)),
  };

  /** Starts a framework on a node of its own. */
  run(define: () => SchedulerDefinition): SimulatedFramework {
    const framework = new SimulatedFramework(this.#cluster, this.#victims, this.#frameworks.length, define);
    this.#frameworks.push(framework);
    return framework;
  }

  /**
   * Runs until nothing has anything to do and nothing is under way: no message, no disk write. Timers that are further
   * away than that do not run. Throws when that never comes to be, naming who is busy.
   */
  async settle(): Promise<void> {
    await this.#passed(() => this.#cluster.clock.now() + underWayMs);
  }

  /** Lets time pass until the condition holds. Throws when it does not within `withinMs`, default ten minutes. */
  async until(condition: () => boolean, withinMs: number = untilMaxMs): Promise<void> {
    const limitMs = this.#cluster.clock.now() + withinMs;
    if (await this.#passed(() => limitMs, condition)) return;
    throw new Error(`the condition did not come to hold within ${withinMs} ms of virtual time`);
  }

  /** Ends a node as SIGKILL would. Nothing happens to one that is down. */
  crash(name: string): void {
    this.#cluster.crash(this.#known(name), 1);
  }

  /**
   * Starts a node that is down again: the next life of it, with what it had on disk. By the seed, half of the slaves
   * keep a journal and are known again; the others come back as new slaves, without their tasks.
   */
  restart(name: string): void {
    if (this.#cluster.node(this.#known(name)) !== undefined) {
      throw new RangeError(`${name} is running; crash it before you restart it`);
    }
    const slave = this.#cluster.slaveNames.indexOf(name);
    if (name === masterName) this.#cluster.bootMaster();
    else if (slave >= 0) this.#cluster.bootSlave(slave);
    else this.#frameworks.find((framework) => framework.name === name)?.boot();
  }

  /** The slaves that the master knows; none while it is down. */
  slaves(): readonly SlaveRow[] {
    return slaveRows(this.#cluster);
  }

  /** The tasks that the master knows: ended ones leave once their framework has heard. */
  tasks(): readonly TaskRow[] {
    return taskRows(this.#cluster);
  }

  /** The offers that wait for an answer. */
  offers(): readonly OfferRow[] {
    return offerRows(this.#cluster);
  }

  /** Every node ends; nothing of the cluster is left outside it. */
  [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of this.#cluster.nodes) this.#cluster.crash(name, 1);
    return Promise.resolve();
  }

  async #runUntil(untilMs: number): Promise<void> {
    await this.#passed(() => untilMs);
    this.#cluster.clock.advanceTo(untilMs);
  }

  /** Lets happen what is due by the limit, which may move with the time; true as soon as it is enough. */
  async #passed(limitMs: () => number, enough: () => boolean = () => false): Promise<boolean> {
    for (;;) {
      await this.#rested();
      if (enough()) return true;
      const nextMs = this.#cluster.clock.nextDueMs;
      if (nextMs === undefined || nextMs > limitMs()) return false;
      const foreign = foreignAwait(this.#cluster);
      if (foreign !== undefined) throw new DeterminismViolation(foreign);
      this.#step();
    }
  }

  /** Runs whatever can run without time passing, also what waits for promises. */
  async #rested(): Promise<void> {
    do {
      guarded(() => {
        while (this.#cluster.runnable) this.#step();
      });
      await drained(this.#cluster);
    } while (this.#cluster.runnable);
  }

  #step(): void {
    const nowMs = this.#cluster.clock.now();
    if (nowMs - this.#secondMs >= 1_000) {
      this.#secondMs = nowMs;
      this.#steps = 0;
    }
    if (++this.#steps > stepsPerSecondMax) {
      const busy = busiest(this.#cluster.trace.recent).join(", ");
      throw new Error(`more than ${stepsPerSecondMax} steps within a second of virtual time; the busiest are ${busy}`);
    }
    this.#cluster.step();
  }

  #known(name: string): string {
    const names = [masterName, ...this.#cluster.slaveNames, ...this.#frameworks.map((framework) => framework.name)];
    if (!names.includes(name)) throw new RangeError(`there is no node ${name}; there are ${names.join(", ")}`);
    return name;
  }
}

export type { SimulatedCluster, SimulatedFramework };

/** A framework of the cluster, from outside. */
class SimulatedFramework {
  /** The name of its node. */
  readonly name: string;
  /** What it heard and did, in order, one line each: the last ten thousand. */
  readonly story: string[] = [];
  /** What it recorded with `driver.record`. */
  readonly records: WireValue[] = [];
  readonly #cluster: SimCluster;
  readonly #victims: Victims;
  readonly #index: number;
  readonly #define: () => SchedulerDefinition;
  #id: FrameworkId | undefined;
  #ended: Ending | undefined;

  constructor(cluster: SimCluster, victims: Victims, index: number, define: () => SchedulerDefinition) {
    this.name = frameworkName(index);
    this.#cluster = cluster;
    this.#victims = victims;
    this.#index = index;
    this.#define = define;
    this.boot();
  }

  /** Undefined until it has subscribed. */
  get id(): FrameworkId | undefined {
    return this.#id;
  }

  /** How it ended; undefined until it has. */
  get ended(): Ending | undefined {
    return this.#ended;
  }

  /** What its driver knows now: offers, tasks; undefined while its node is down and after its end. */
  inspect(): SchedulerInspection | undefined {
    return this.#cluster.scheduler(this.#index) as SchedulerInspection | undefined;
  }

  /** Starts its node; a later life takes the framework over. */
  boot(): void {
    const { clock } = this.#cluster;
    const driver = witnessed(this.#define, (deed) => {
      if (deed.kind !== "considered") this.#note(`${(clock.now() / 1_000).toFixed(3)} ${phrase(deed)}`);
      if (deed.kind === "subscribed") this.#id = deed.frameworkId;
      if (deed.kind === "recorded") this.records.push(deed.row);
      if (deed.kind !== "ended") return;
      this.#ended ??= deed.ending;
      // The process of a framework ends with it; what it said last is under way already when this runs.
      clock.arm(0, () => this.#cluster.crash(this.name, 1));
    });
    this.#cluster.bootScheduler(this.name, repeating(driver, this.#victims), this.#id);
  }

  #note(line: string): void {
    if (this.story.length === storyMax) this.story.shift();
    this.story.push(line);
  }
}

/** Gives everything in the cluster that hangs on promises its turn, as far as it needs nothing from outside. */
async function drained(cluster: SimCluster): Promise<void> {
  for (let hops = 0; promisesDue(cluster, hops); hops++) await Promise.resolve();
}

/** Who took most of the last steps, and with what. */
function busiest(trace: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of trace) {
    const who = line.slice(line.indexOf(" ") + 1);
    counts.set(who, (counts.get(who) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
    .slice(0, 3)
    .map(([who, count]) => `${who} (${count} of the last ${trace.length})`);
}
