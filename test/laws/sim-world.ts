import { parsePlace } from "../../src/actors/address.ts";
import { ActorSystem } from "../../src/actors/system.ts";
import { Prng } from "../../src/base/prng.ts";
import { SimClock } from "../../src/sim/clock.ts";
import { Condition } from "../../src/sim/condition.ts";
import { guarded } from "../../src/sim/guards.ts";
import { Network } from "../../src/sim/network.ts";
import { type Ready, type Strategy, strategyNames, strategyOf } from "../../src/sim/strategy.ts";
import { NodeClock, simWorld } from "../../src/sim/world.ts";
import { lawKinds, onPurpose } from "./actors.ts";
import { LocalSite, nameAt } from "./local-site.ts";
import { NeverHeld, type Site, type TestWorld } from "./world.ts";

/** Steps after which actors are taken to keep each other busy for ever. */
const stepsMax = 200_000;
/** Longest virtual wait for a condition, in milliseconds. */
const waitMaxMs = 600_000;
const silenceMs = 5_000;
/** Whoever waits looks before more time than this passes at once, in milliseconds. */
const shortMs = 1;

type Life = {
  readonly name: string;
  readonly epoch: number;
  readonly system: ActorSystem;
  readonly clock: NodeClock;
  readonly condition: Condition;
  readonly local: LocalSite;
};

/**
 * Production actor systems on virtual time; who goes next, how long frames take and how places end is drawn from the
 * seed. In half of the seeds places are as threads of one process are to each other, in the others as processes.
 */
export class SimWorld implements TestWorld {
  readonly mode = "sim";
  readonly random: Prng;
  readonly crossesHosts: boolean;
  readonly #clock = new SimClock();
  readonly #network: Network;
  readonly #strategy: Strategy;
  readonly #isolation: "reference" | "roundtrip";
  readonly #lives = new Map<string, Life>();
  readonly #expected: RegExp[] = [];
  readonly #waiting = new Map<ActorSystem, Ready>();
  /** Places that have asked for a turn: a link may have something to send while no actor has anything to do. */
  readonly #woken = new Set<string>();
  readonly #drawn: Prng;
  #waits = 0;
  #named = 0;

  constructor(seed: string) {
    const random = new Prng(seed);
    this.#drawn = random.split("world");
    this.random = random.split("law");
    this.crossesHosts = this.#drawn.chance(0.5);
    this.#isolation = this.#drawn.chance(0.5) ? "roundtrip" : "reference";
    const latencyMaxMs = this.#drawn.chance(0.5) ? 2 : 50;
    this.#network = new Network(this.#clock, random.split("network"), { latencyMinMs: 0.05, latencyMaxMs, silenceMs });
    const strategy = strategyNames[this.#drawn.int(strategyNames.length)] ?? "uniform";
    this.#strategy = strategyOf(strategy, random.split("choices"));
  }

  place(): Promise<Site> {
    return this.#open(`p${++this.#named}`, 1);
  }

  async restart(site: Site): Promise<Site> {
    const { node, epoch } = partsOf(site);
    return await this.#open(node, epoch + 1);
  }

  async lose(site: Site): Promise<void> {
    const { node } = partsOf(site);
    if (this.#drawn.chance(0.3)) {
      // It hangs, everybody gives it up, and then somebody ends it.
      this.#life(site).condition.pause();
      await this.advance(silenceMs);
      guarded(() => this.#network.forsake(node));
      await this.advance(silenceMs);
    }
    guarded(() => this.#crash(node));
  }

  async ended(site: Site): Promise<void> {
    await this.until(
      () => this.#lives.has(partsOf(site).node),
      (lives) => !lives,
    );
  }

  async shutDown(site: Site): Promise<void> {
    const { node } = partsOf(site);
    guarded(() => {
      this.#life(site).system.shutdown();
      this.#crash(node);
    });
  }

  async cut(a: Site, b: Site): Promise<void> {
    guarded(() => this.#network.reset(partsOf(a).node, partsOf(b).node));
    await this.#apart(a, b);
  }

  async join(a: Site, b: Site): Promise<void> {
    await this.#link(this.#life(a), this.#life(b));
  }

  async joinBoth(a: Site, b: Site): Promise<void> {
    await Promise.all([this.join(a, b), this.join(b, a)]);
  }

  async refusesEarlierLife(site: Site, impostor: Site): Promise<boolean> {
    const place = { ...partsOf(impostor), epoch: partsOf(impostor).epoch - 1 };
    let refused = false;
    guarded(() => {
      this.#life(site).system.links.open(place, {
        crossesHosts: this.crossesHosts,
        send: () => {},
        close: () => {
          refused = true;
        },
      });
    });
    return refused;
  }

  /** The simulated network keeps nothing back but for a node as a whole. */
  async stall(_from: Site, to: Site): Promise<{ release(): Promise<void> }> {
    const { resume } = await this.pause(to);
    return { release: resume };
  }

  async silence(from: Site, to: Site): Promise<void> {
    guarded(() => this.#network.deafen(partsOf(from).node, partsOf(to).node));
  }

  async pause(site: Site): Promise<{ resume(): Promise<void> }> {
    const paused = this.#life(site).condition.pause();
    return { resume: async () => guarded(() => paused.resume()) };
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#clock.now() + ms;
    // A timer of ours, so that there is always something to go on to.
    this.#clock.arm(ms, () => {});
    while (this.#clock.now() < untilMs) this.#burst(16);
  }

  async moment(): Promise<void> {
    this.#burst(this.#drawn.int(60));
  }

  async until<T>(see: () => Promise<T> | T, holds: (seen: T) => boolean): Promise<T> {
    const limitMs = this.#clock.now() + waitMaxMs;
    for (let steps = 0; ; ) {
      const seen = await see();
      if (holds(seen)) return seen;
      if (steps > stepsMax) throw new NeverHeld(`${stepsMax} steps were not enough`, seen);
      if (this.#clock.now() > limitMs) throw new NeverHeld(`${waitMaxMs} virtual ms were not enough`, seen);
      const length = 1 + this.#drawn.int(40);
      steps += length;
      if (this.#burst(length) > 0) continue;
      // What hangs on promises, or on somebody else who waits, may have come about meanwhile.
      await new Promise(setImmediate);
      const now = await see();
      if (holds(now)) return now;
      if (this.#burst(length) === 0) throw new NeverHeld("nothing more will ever happen", now);
    }
  }

  expectErrors(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  async close(): Promise<readonly string[]> {
    const errors = [...this.#lives.values()].flatMap(({ local }) => local.facts().errors);
    return errors.filter((line) => ![onPurpose, ...this.#expected].some((known) => line.match(known) !== null));
  }

  async abandon(): Promise<void> {}

  async #open(name: string, epoch: number): Promise<Site> {
    const others = [...this.#lives.values()];
    const life = guarded(() => this.#boot(name, epoch));
    for (const other of others) await this.#link(life, other);
    return this.#site(life);
  }

  #boot(node: string, epoch: number): Life {
    const place = { node, epoch, thread: "main", threadEpoch: 1 };
    const text = `${node}~${epoch.toString(36)}/main.1`;
    const condition = new Condition();
    const clock = new NodeClock(this.#clock, condition);
    const spin = (ms: number) => this.#spin(condition, ms);
    const system: ActorSystem = new ActorSystem({
      place,
      world: simWorld(text, clock, this.#drawn.split(text), this.#network, (level, from, message) =>
        life.local.logged(level, from, message),
      ),
      kinds: lawKinds,
      wake: () => {
        this.#woken.add(text);
      },
      isolation: this.#isolation,
      rootDown: (_path, reason) => {
        // A thread or a process ends with its root, after the turn in which that failed.
        if (typeof reason === "object") this.#clock.arm(0, () => this.#crash(node));
      },
    });
    this.#network.attach(system, condition);
    this.#network.publish(node, text);
    const life: Life = { name: node, epoch, system, clock, condition, local: new LocalSite(system, spin) };
    this.#lives.set(node, life);
    return life;
  }

  #site(life: Life): Site {
    const { system, local } = life;
    const place = system.place;
    const call =
      <A extends unknown[], R>(run: (...args: A) => R) =>
      async (...args: A): Promise<R> => {
        if (this.#lives.get(life.name) !== life) throw new Error(`${place} is gone`);
        return guarded(() => run(...args));
      };
    return {
      place,
      at: (name) => nameAt(place, name),
      start: call((...args) => local.start(...args)),
      supervise: call((...args) => local.supervise(...args)),
      queue: call((...args) => local.queue(...args)),
      heard: call((name) => local.heard(name)),
      journal: call(() => local.journal()),
      facts: call(() => local.facts()),
      address: call((name) => local.address(name)),
      meddle: call((...args) => local.meddle(...args)),
      recent: call((count) => local.recent(count)),
      drain: call(() => local.drain()),
    };
  }

  /** The place stands still, as in a loop that never looks up. */
  #spin(condition: Condition, ms: number): void {
    const paused = condition.pause();
    this.#clock.arm(ms, () => paused.resume());
  }

  async #link(from: Life, to: Life): Promise<void> {
    if (!this.crossesHosts) return guarded(() => this.#network.join(from.system, to.system));
    let failed: string | undefined;
    let up = false;
    guarded(() =>
      from.system.links.dial(
        to.name,
        () => {
          up = true;
        },
        (reason) => {
          failed = reason;
        },
      ),
    );
    await this.until(
      () => ({ up, failed }),
      (dial) => dial.up || dial.failed !== undefined,
    );
    if (failed !== undefined && !from.system.links.places.includes(to.system.place)) throw new Error(failed);
  }

  async #apart(a: Site, b: Site): Promise<void> {
    await this.until(
      () => [this.#life(a), this.#life(b)].map(({ system }) => system.links.places),
      ([ofA, ofB]) => ofA?.includes(b.place) === false && ofB?.includes(a.place) === false,
    );
  }

  #crash(node: string): void {
    const life = this.#lives.get(node);
    if (life === undefined) return;
    this.#lives.delete(node);
    life.clock.stop();
    this.#network.crash([life.system.place]);
    life.condition.reborn();
    this.#waiting.delete(life.system);
  }

  #life(site: Site): Life {
    const life = this.#lives.get(partsOf(site).node);
    if (life?.system.place !== site.place) throw new Error(`${site.place} is gone`);
    return life;
  }

  /** At most so many steps, and none after the first for which much time has to pass; answers how many there were. */
  #burst(count: number): number {
    return guarded(() => {
      let steps = 0;
      while (steps < count && (steps === 0 || !this.#idle) && this.#step()) steps++;
      return steps;
    });
  }

  /** Whether nothing happens for a while. */
  get #idle(): boolean {
    const { nextDueMs } = this.#clock;
    return this.#ready().length === 0 && nextDueMs !== undefined && nextDueMs > this.#clock.now() + shortMs;
  }

  #step(): boolean {
    const ready = this.#ready();
    const dueMs = this.#clock.nextDueMs;
    const choice = ready.length === 0 ? "clock" : this.#strategy.pick(ready, this.#clock.now(), dueMs);
    if (choice === "clock") {
      if (dueMs === undefined) return false;
      this.#clock.fireNext();
      return true;
    }
    const { system } = choice.ready;
    this.#woken.delete(system.place);
    system.step(choice.cell);
    this.#waiting.delete(system);
    return true;
  }

  #ready(): readonly Ready[] {
    const ready: Ready[] = [];
    for (const { name, system, condition } of this.#lives.values()) {
      if (condition.paused || !(system.runnable || this.#woken.has(system.place))) continue;
      const since = this.#waiting.get(system);
      const entry = since ?? { node: name, system, sinceMs: this.#clock.now(), order: this.#waits++ };
      if (since === undefined) this.#waiting.set(system, entry);
      ready.push(entry);
    }
    return ready;
  }
}

function partsOf({ place }: Site) {
  const parts = parsePlace(place);
  if (parts === undefined) throw new Error(`${place} is no place`);
  return parts;
}
