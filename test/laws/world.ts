import type { Prng } from "../../src/base/prng.ts";
import type { LocalSite } from "./local-site.ts";

/**
 * The world a law is written against. It has three homes: virtual time and a seed; worker threads; processes that talk
 * over TCP through a proxy. What is under test is the production runtime in each.
 */
export const modes = ["sim", "threads", "processes"] as const;

export type Mode = (typeof modes)[number];

type Calls = Omit<LocalSite, "logged" | "clear" | "reset" | "sync">;

/** One life of a place, from outside. Its calls reach it beside its links, so that no fault of theirs touches them. */
export type Site = {
  readonly place: string;
  /** The address of whoever has the name there. */
  at(name: string): string;
} & {
  readonly [K in keyof Calls]: (...args: Parameters<Calls[K]>) => Promise<ReturnType<Calls[K]>>;
};

export type TestWorld = {
  readonly mode: Mode;
  /** What the law leaves to chance. */
  readonly random: Prng;
  /** Whether places lie in different processes, so that only what is exported can be reached. */
  readonly crossesHosts: boolean;

  /** Opens a place and links it with all others that the law has opened. */
  place(): Promise<Site>;
  /** Ends a place without warning, in one of the ways this world knows. It is gone when this returns. */
  lose(site: Site): Promise<void>;
  /** Waits until a place has ended by itself. */
  ended(site: Site): Promise<void>;
  /** Another life of a place that is gone, linked with all others. */
  restart(site: Site): Promise<Site>;
  /** Ends every actor of the place in order, then its links, as a process does that is told to stop. */
  shutDown(site: Site): Promise<void>;

  /** Breaks the link between two places. Both live, and stay apart until they are joined again. */
  cut(a: Site, b: Site): Promise<void>;
  /** Links two places anew; what link there was is given up. */
  join(a: Site, b: Site): Promise<void>;
  /** Has both places dial one another at once. Where nobody dials it joins them. */
  joinBoth(a: Site, b: Site): Promise<void>;
  /** A connection from an earlier life of `impostor` comes to `site`: whether it is refused. */
  refusesEarlierLife(site: Site, impostor: Site): Promise<boolean>;
  /** Keeps back what is on its way from one place to another; `release` lets it go on. Nothing is lost. */
  stall(from: Site, to: Site): Promise<{ release(): Promise<void> }>;
  /** What the first sends never reaches the second, for as long as their link lasts. */
  silence(from: Site, to: Site): Promise<void>;
  /** The place stands still. */
  pause(site: Site): Promise<{ resume(): Promise<void> }>;

  /** Lets time pass. */
  advance(ms: number): Promise<void>;
  /** Lets an arbitrary short time pass, so that what follows comes in the middle of something. */
  moment(): Promise<void>;
  /** Waits until what is seen holds, and answers with it. Gives up with what was last seen. */
  until<T>(see: () => Promise<T> | T, holds: (seen: T) => boolean): Promise<T>;
  /** Failures that the law causes beside those that have `on purpose` in their message. */
  expectErrors(pattern: RegExp): void;
  /** Ends the run; answers with errors that nobody expected. */
  close(): Promise<readonly string[]>;
  /** Ends a run that has failed. */
  abandon(): Promise<void>;
};

/** Thrown when a world waited in vain. */
export class NeverHeld extends Error {
  override readonly name = "NeverHeld";

  constructor(why: string, seen: unknown) {
    super(`${why}; last seen: ${inspectShort(seen)}`);
  }
}

function inspectShort(seen: unknown): string {
  const text = JSON.stringify(seen, (_, value) => (typeof value === "bigint" ? `${value}n` : value), 1) ?? "undefined";
  return text.length > 2_000 ? `${text.slice(0, 1_000)}…${text.slice(-1_000)}` : text;
}
