import type { MessagePort } from "node:worker_threads";
import type { Place } from "../actors/address.ts";
import type { WireValue } from "../actors/wire-value.ts";

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
};

export type ThreadStats = {
  readonly place: string;
  readonly actors: number;
  readonly asksPending: number;
  readonly links: readonly string[];
  /** Messages that reached nobody, by reason. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly heapUsedBytes: number;
  /** Share of its time the thread was busy since it started, 0 to 1. */
  readonly utilization: number;
};

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
  /** The state of the actor with this name, as text for people; undefined when there is none. */
  inspect(name: string): string | undefined;
  /**
   * Lets the actors finish what is in their mailboxes, for so long at most, then ends them and closes everything the
   * thread holds. Answers whether they had finished.
   */
  drain(deadlineMs: number): Promise<boolean>;
};
