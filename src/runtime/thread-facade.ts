import type { MessagePort } from "node:worker_threads";
import type { Place } from "../actors/address.ts";
import type { WireValue } from "../actors/wire-value.ts";
import type { ForemostRows } from "./foremost.ts";
import type { Pulse } from "./thread-watch.ts";

/** What a thread is to run. Behaviours travel as names: the thread's entry file knows the values. */
export type ThreadBoot = {
  /** Started under one supervisor, in this order. */
  readonly roots: readonly ThreadRoot[];
  /** The thread whose storage actor keeps the journals of this one; started before it, or itself. */
  readonly storageThread?: string;
  /** Anything else the entry file wants to know. */
  readonly options: WireValue;
};

export type ThreadRoot = {
  readonly name: string;
  readonly behaviour: string;
  readonly args: WireValue;
  /** Whether other hosts may reach it by name. Default false. */
  readonly exported?: boolean;
};

/** Everything a new thread is told before its first actor starts. */
export type BootConfig = {
  readonly place: Place;
  readonly storagePlace?: string;
  readonly boot: ThreadBoot;
  /** A port to each thread that was there before. */
  readonly links: readonly { readonly place: Place; readonly port: MessagePort }[];
  /** Where the thread shows that it turns; absent when nobody watches. */
  readonly heartbeat?: Heartbeat;
};

/** An idle thread beats as well: so often, in milliseconds. */
export type Heartbeat = { readonly pulse: Pulse; readonly everyMs: number };

/** How late the thread's loop came round since the last look, in milliseconds. */
export type LoopLag = { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };

/** Figures of one thread: lengths, ages and times, and never a message. */
export type ThreadStats = {
  readonly place: string;
  /** When this was read, on the thread's own clock: what has grown since another look grew in the time between. */
  readonly atMs: number;
  /** Share of its time the thread was busy since the last look, or since its start, 0 to 1. */
  readonly utilization: number;
  /** Absent at the first look after a minute without one. */
  readonly lag?: LoopLag;
  readonly heapUsedBytes: number;
  readonly actorCount: number;
  readonly asksPending: number;
  /** Messages that reached nobody, by reason. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly rows: ForemostRows;
};

/** One thread of the process: its figures, or why it did not give them. */
export type ThreadLook =
  | { readonly thread: string; readonly stats: ThreadStats }
  | { readonly thread: string; readonly fault: string };

/**
 * What the main thread asks of a worker thread, tens of calls a second at most. Carried by comlink over a port of
 * its own; actors' messages never travel here.
 */
export type ThreadFacade = {
  /** Builds the actor system, links it, starts the roots. Answers with what `assemble` wants the main thread to know. */
  boot(config: BootConfig): Promise<WireValue>;
  /** Links a thread that started later. */
  connect(place: Place, port: MessagePort): void;
  stats(): ThreadStats;
  /** The paths of the actors that have names, by slot: what a thread that is stuck can no longer tell. */
  slots(): ReadonlyMap<number, string>;
  /** The state of the actor with this name, as text for people; undefined when there is none. */
  inspect(name: string): string | undefined;
  /**
   * Lets the actors finish what is in their mailboxes, for so long at most, then ends them and closes everything the
   * thread holds. Answers whether they had finished.
   */
  drain(deadlineMs: number): Promise<boolean>;
};
