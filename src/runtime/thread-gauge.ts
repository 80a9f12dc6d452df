import { createHistogram, type EventLoopUtilization, type RecordableHistogram } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { ActorSystem } from "../actors/system.ts";
import { foremost } from "./foremost.ts";
import type { LoopLag, ThreadStats } from "./thread-facade.ts";

/** Reads the figures of the thread it lives on. */
export class ThreadGauge {
  readonly #system: ActorSystem;
  readonly #lag = new LagMeter();
  #utilized: EventLoopUtilization | undefined;

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  read(): ThreadStats {
    const { place, asks, cellCount, deadLetters, world } = this.#system;
    const utilized = performance.eventLoopUtilization();
    const { utilization } =
      this.#utilized === undefined ? utilized : performance.eventLoopUtilization(utilized, this.#utilized);
    this.#utilized = utilized;
    const lag = this.#lag.read();
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

  /** Who lives where: paths by slot. */
  slots(): ReadonlyMap<number, string> {
    return new Map(this.#system.census().actors.map(({ slot, path }) => [slot, path]));
  }

  close(): void {
    this.#lag.rest();
  }
}

/** How often the loop is asked to come round, in milliseconds. Stalls that are shorter may go unseen. */
const roundEveryMs = 10;
/** Nobody has read for so long, in milliseconds: the meter rests, for it wakes an idle thread a hundred times a second. */
const unreadMs = 60_000;

/** How late this thread's loop comes round. It measures from the first reading on, for as long as readings go on. */
class LagMeter {
  #histogram: RecordableHistogram | undefined;
  #rounds: NodeJS.Timeout | undefined;
  #unread: NodeJS.Timeout | undefined;
  #roundMs = 0;

  read(): LoopLag | undefined {
    if (this.#histogram === undefined || this.#unread === undefined) {
      this.#begin();
      return undefined;
    }
    this.#unread.refresh();
    // A round that is late already counts: it may be this reading that held it up.
    this.#round();
    const { max } = this.#histogram;
    const [p50, p99] = [this.#histogram.percentile(50), this.#histogram.percentile(99)];
    this.#histogram.reset();
    return { p50Ms: p50 / 1_000, p99Ms: p99 / 1_000, maxMs: max / 1_000 };
  }

  rest(): void {
    clearInterval(this.#rounds);
    clearTimeout(this.#unread);
    this.#histogram = undefined;
  }

  #begin(): void {
    this.#histogram = createHistogram();
    this.#roundMs = performance.now();
    this.#rounds = setInterval(() => this.#round(), roundEveryMs).unref();
    this.#unread = setTimeout(() => this.rest(), unreadMs).unref();
  }

  /** Recorded in microseconds; a histogram begins at 1. */
  #round(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#roundMs - roundEveryMs;
    this.#roundMs = nowMs;
    this.#histogram?.record(Math.max(1, Math.round(lateMs * 1_000)));
  }
}
