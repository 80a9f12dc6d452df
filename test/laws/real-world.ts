import { setTimeout as sleep } from "node:timers/promises";
import { Prng } from "../../src/base/prng.ts";
import { onPurpose } from "./actors.ts";
import type { Facts } from "./local-site.ts";
import { nameAt } from "./local-site.ts";
import type { RemoteCalls } from "./remote-calls.ts";
import { type Mode, NeverHeld, type Site, type TestWorld } from "./world.ts";

/** Longest wait for a condition, in milliseconds. */
const waitMaxMs = 30_000;
/** Places that are kept ready while others are in use. */
const idleMin = 1;

/** One life of a real place, and the way into it. */
export type Resident = {
  readonly place: string;
  readonly calls: RemoteCalls;
  /** Resolves when it has ended. */
  readonly gone: Promise<void>;
};

/** What threads and processes do each in their own way. */
export type Home = {
  readonly mode: Mode;
  readonly crossesHosts: boolean;
  /** The ways in which a place can end without warning. */
  readonly ends: readonly string[];
  boot(): Promise<Resident>;
  /** Another life of a place that has ended. */
  reboot(place: string): Promise<Resident>;
  end(resident: Resident, how: string): Promise<void>;
  /** Links two places; a link that they have is given up. */
  join(a: Resident, b: Resident): Promise<void>;
  joinBoth(a: Resident, b: Resident): Promise<void>;
  /** `how`: a number from which the way is chosen. */
  cut(a: Resident, b: Resident, how: number): Promise<void>;
  refusesEarlierLife(resident: Resident, impostor: string): Promise<boolean>;
  stall(from: Resident, to: Resident): Promise<() => Promise<void>>;
  silence(from: Resident, to: Resident): Promise<void>;
  pause(resident: Resident): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

/** Places that are kept from one law to the next: those to which nothing happened. */
export class Residents {
  readonly home: Home;
  readonly #idle: Resident[] = [];
  readonly #booting = new Set<Promise<void>>();

  constructor(home: Home) {
    this.home = home;
  }

  async take(): Promise<Resident> {
    while (this.#idle.length === 0 && this.#booting.size > 0) await Promise.race(this.#booting);
    return this.#idle.shift() ?? (await this.home.boot());
  }

  giveBack(resident: Resident): void {
    this.#idle.push(resident);
  }

  /** Starts another place meanwhile, unless there are some to spare. */
  replace(): void {
    if (this.#idle.length + this.#booting.size >= idleMin) return;
    const booting = this.home.boot().then((resident) => {
      this.#idle.push(resident);
      this.#booting.delete(booting);
    });
    this.#booting.add(booting);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#booting);
    await this.home.close();
  }
}

/** A law's run on threads or processes of this machine. */
export class RealWorld implements TestWorld {
  readonly mode: Mode;
  readonly crossesHosts: boolean;
  readonly random: Prng;
  readonly #home: Home;
  readonly #residents: Residents;
  readonly #repeat: number;
  /** Everything that this run has opened and not lost, by place. */
  readonly #open = new Map<string, Resident>();
  readonly #expected: RegExp[] = [];
  readonly #errors: string[] = [];

  constructor(residents: Residents, seed: string, repeat: number) {
    this.#residents = residents;
    this.#home = residents.home;
    this.mode = this.#home.mode;
    this.crossesHosts = this.#home.crossesHosts;
    this.random = new Prng(seed);
    this.#repeat = repeat + this.random.split("offset").int(1_000);
  }

  async place(): Promise<Site> {
    return await this.#settle(await this.#residents.take());
  }

  async restart(site: Site): Promise<Site> {
    return await this.#settle(await this.#home.reboot(site.place));
  }

  async lose(site: Site): Promise<void> {
    const resident = this.#forget(site);
    await this.#home.end(resident, this.#pick(this.#home.ends));
    await resident.gone;
  }

  async ended(site: Site): Promise<void> {
    const { gone } = this.#forget(site);
    const late = sleep(waitMaxMs).then(() => {
      throw new NeverHeld(`${waitMaxMs} ms were not enough`, `${site.place} lives`);
    });
    await Promise.race([gone, late]);
    late.catch(() => {});
  }

  async shutDown(site: Site): Promise<void> {
    const resident = this.#forget(site);
    await resident.calls.call("shutDown");
    await this.#home.end(resident, "kill");
    await resident.gone;
  }

  async cut(a: Site, b: Site): Promise<void> {
    await this.#home.cut(this.#resident(a), this.#resident(b), this.#repeat);
    await this.#untilLinked(a, b, false);
  }

  async join(a: Site, b: Site): Promise<void> {
    await this.#home.join(this.#resident(a), this.#resident(b));
    await this.#untilLinked(a, b, true);
  }

  async joinBoth(a: Site, b: Site): Promise<void> {
    await this.#home.joinBoth(this.#resident(a), this.#resident(b));
    await this.#untilLinked(a, b, true);
  }

  async refusesEarlierLife(site: Site, impostor: Site): Promise<boolean> {
    return await this.#home.refusesEarlierLife(this.#resident(site), impostor.place);
  }

  async stall(from: Site, to: Site): Promise<{ release(): Promise<void> }> {
    return { release: await this.#home.stall(this.#resident(from), this.#resident(to)) };
  }

  async silence(from: Site, to: Site): Promise<void> {
    await this.#home.silence(this.#resident(from), this.#resident(to));
  }

  async pause(site: Site): Promise<{ resume(): Promise<void> }> {
    return { resume: await this.#home.pause(this.#resident(site)) };
  }

  async advance(ms: number): Promise<void> {
    await sleep(ms);
  }

  async moment(): Promise<void> {
    if (this.random.chance(0.3)) return;
    await sleep(this.random.int(4));
  }

  async until<T>(see: () => Promise<T> | T, holds: (seen: T) => boolean): Promise<T> {
    const limit = performance.now() + waitMaxMs;
    for (let pauseMs = 0; ; pauseMs = Math.min(pauseMs + 1, 5)) {
      const seen = await see();
      if (holds(seen)) return seen;
      if (performance.now() > limit) throw new NeverHeld(`${waitMaxMs} ms were not enough`, seen);
      await sleep(pauseMs);
    }
  }

  expectErrors(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  async close(): Promise<readonly string[]> {
    const residents = [...this.#open.values()];
    for (const resident of residents) await this.#collect(resident);
    await this.#linkAll(residents);
    // Nothing may be under way to a place that the next law gets.
    for (const { calls, place } of residents) {
      await calls.call("sync", [residents.map((other) => other.place).filter((other) => other !== place)]);
    }
    for (const resident of residents) {
      await resident.calls.call("reset");
      this.#residents.giveBack(resident);
    }
    return this.#errors.filter((line) => !this.#expected.some((known) => known.test(line)));
  }

  async abandon(): Promise<void> {
    for (const resident of this.#open.values()) {
      await this.#home.end(resident, "kill");
      await resident.gone;
    }
    this.#open.clear();
  }

  /** Ends what the law started and reads what went wrong. */
  async #collect(resident: Resident): Promise<void> {
    await resident.calls.call("clear");
    const { errors } = (await resident.calls.call("facts")) as Facts;
    this.#errors.push(...errors.filter((line) => !line.includes(onPurpose)));
  }

  async #settle(resident: Resident): Promise<Site> {
    this.#open.set(resident.place, resident);
    await this.#linkAll([...this.#open.values()]);
    return siteOf(resident);
  }

  async #linkAll(residents: readonly Resident[]): Promise<void> {
    for (const [index, resident] of residents.entries()) {
      for (const other of residents.slice(0, index)) {
        if (!(await this.#isLinked(resident, other))) await this.#home.join(resident, other);
        await this.#untilLinked(siteOf(resident), siteOf(other), true);
      }
    }
  }

  async #isLinked(a: Resident, b: Resident): Promise<boolean> {
    const { links } = (await a.calls.call("facts")) as Facts;
    return links.includes(b.place);
  }

  async #untilLinked(a: Site, b: Site, wanted: boolean): Promise<void> {
    await this.until(
      async () => [(await a.facts()).links, (await b.facts()).links],
      ([ofA, ofB]) => ofA?.includes(b.place) === wanted && ofB?.includes(a.place) === wanted,
    );
  }

  /** The place ends, or has ended, in this run. */
  #forget(site: Site): Resident {
    const resident = this.#resident(site);
    this.#open.delete(site.place);
    this.#residents.replace();
    return resident;
  }

  #resident(site: Site): Resident {
    const resident = this.#open.get(site.place);
    if (resident === undefined) throw new Error(`${site.place} is gone`);
    return resident;
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#repeat % from.length] as T;
  }
}

function siteOf({ place, calls }: Resident): Site {
  const call =
    (name: string) =>
    (...args: unknown[]) =>
      calls.call(name, args) as Promise<never>;
  return {
    place,
    at: (name) => nameAt(place, name),
    start: call("start"),
    supervise: call("supervise"),
    queue: call("queue"),
    heard: call("heard"),
    journal: call("journal"),
    facts: call("facts"),
    address: call("address"),
    meddle: call("meddle"),
    recent: call("recent"),
    drain: call("drain"),
  };
}
