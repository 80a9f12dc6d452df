import type { Clock, Log, Processes, TaskPool, Transport, World } from "../actors/world.ts";
import { RealClock } from "./clock.ts";
import { systemIds } from "./ids.ts";
import { systemRandom } from "./random.ts";

/** A part of the world that holds something of the machine and gives it back. */
type Closable = { close?(): Promise<void> | void };

export type WorldParts = {
  readonly log: Log;
  /** Absent on a thread that dials no other node: its actors' attempts fail with a reason that says so. */
  readonly transport?: Transport & Closable;
  /** Default: a `RealClock` that keeps nothing alive. */
  readonly clock?: Clock;
  /** Absent on a thread that runs no tasks: its actors' calls come back as failures that say so. */
  readonly pool?: TaskPool & Closable;
  /** Absent on a thread that starts no processes: its actors' commands fail with a reason that says so. */
  readonly processes?: Processes & Closable;
};

export type OpenWorld = World & {
  /** Ends every process and pool thread that was started through this world, then its connections. */
  close(): Promise<void>;
};

/** This machine, as actors see it. */
export function openWorld(parts: WorldParts): OpenWorld {
  const { log, transport, clock = new RealClock(), pool, processes } = parts;
  return {
    clock,
    log,
    transport: transport ?? noTransport,
    random: systemRandom,
    ids: systemIds,
    pool: pool ?? noPool,
    processes: processes ?? noProcesses,
    async close() {
      await processes?.close?.();
      await pool?.close?.();
      await transport?.close?.();
    },
  };
}

const noTransport: Transport = {
  dial(_endpoint, _opened, failed) {
    queueMicrotask(() => failed("this thread dials no other node"));
  },
};

const noPool: TaskPool = {
  call(_call, outcome) {
    queueMicrotask(() => outcome({ kind: "threw", message: "this thread has no task pool" }));
    return () => {};
  },
};

const noProcesses: Processes = {
  start(_command, on) {
    queueMicrotask(() => on.failed("this thread starts no processes"));
  },
  signal() {},
  endStrays() {},
};
