import { type EventLoopUtilization, monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { ActorSystem } from "../actors/system.ts";
import { foremost } from "./foremost.ts";
import type { LoopLag, ThreadStats } from "./thread-facade.ts";

/** How often the loop is asked to come round while somebody looks, in milliseconds. Shorter stalls may go unseen. */
const lagEveryMs = 10;
/** Nobody has looked for so long, in milliseconds: the lag is no longer measured, for it costs more than an idle thread. */
const unseenMs = 60_000;

/** Reads the figures of the thread it lives on. */
export class ThreadGauge {
  readonly #system: ActorSystem;
  readonly #unseen: NodeJS.Timeout;
  #delays: ReturnType<typeof monitorEventLoopDelay> | undefined;
  #utilized: EventLoopUtilization | undefined;

  constructor(system: ActorSystem) {
    this.#system = system;
    this.#unseen = setTimeout(() => this.#rest(), unseenMs).unref();
  }

  read(): ThreadStats {
    const { place, asks, cellCount, deadLetters, world } = this.#system;
    const utilized = performance.eventLoopUtilization();
    const { utilization } =
      this.#utilized === undefined ? utilized : performance.eventLoopUtilization(utilized, this.#utilized);
    this.#utilized = utilized;
    const lag = this.#lag();
    return {
      place,
      atMs: world.clock.now(),
      utilization,
      ...(lag === undefined ? {} : { lag }),
      heapUsedBytes: getHeapStatistics().used_heap_size,
      actorCount: cellCount,
      asksPending: asks.size,
      deadLetters: Object.fromEntries(deadLetters.counts),
      rows: foremost(this.#system.census()),
    };
  }

  /** The paths of the actors that have names, by slot; the others have their slot in their path. */
  slots(): ReadonlyMap<number, string> {
    const slots = new Map<number, string>();
    for (const { path } of this.#system.census().actors) {
      const cell = this.#system.find(path.slice(path.lastIndexOf("/") + 1));
      if (cell !== undefined) slots.set(cell.slot, path);
    }
    return slots;
  }

  close(): void {
    clearTimeout(this.#unseen);
    this.#rest();
  }

  /** Absent at the first look after a while: measuring begins with it. */
  #lag(): LoopLag | undefined {
    this.#unseen.refresh();
    const delays = this.#delays;
    if (delays === undefined) {
      this.#delays = monitorEventLoopDelay({ resolution: lagEveryMs });
      this.#delays.enable();
      return undefined;
    }
    const lag = {
      p50Ms: lateMs(delays.percentile(50)),
      p99Ms: lateMs(delays.percentile(99)),
      maxMs: lateMs(delays.max),
    };
    delays.reset();
    return lag;
  }

  #rest(): void {
    this.#delays?.disable();
    this.#delays = undefined;
  }
}

/** The histogram holds the time from one round of the loop to the next, in nanoseconds, its own pause included. */
function lateMs(betweenNs: number): number {
  return Math.max(0, Math.round(betweenNs / 1e4 - lagEveryMs * 100) / 100);
}
