import { availableParallelism } from "node:os";
import { Piscina } from "piscina";
import { sibling } from "../runtime/sibling.ts";
import { isOver, runSeeds, type SeedRange, type SeedRun } from "./seed-run.ts";

/** Seeds that one thread runs at a time: a second or two of work. */
const portion = 8;
/** Portions that wait for each thread, so that none runs dry. */
const waitingPerThread = 2;

/** Threads that run seeds side by side: one per processor unless somebody says otherwise. */
export class SimPool implements AsyncDisposable {
  readonly threads: number;
  readonly #piscina: Piscina<SeedRange, readonly SeedRun[]> | undefined;

  /** `seeds`: how many there are to run. A few are run here, before a thread would have started. */
  constructor(seeds: number, threads: number = availableParallelism()) {
    this.threads = Math.max(1, Math.min(threads, Math.floor(seeds / portion)));
    if (this.threads === 1) return;
    this.#piscina = new Piscina({
      filename: sibling("./seed-run", import.meta.url).href,
      minThreads: this.threads,
      maxThreads: this.threads,
      recordTiming: false,
      // A run makes many short-lived things and leaves none: room for them to die in spares most of the collecting.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
    // What threads still answer when the pool ends nobody waits for; unheard the event would end the process.
    this.#piscina.on("error", () => {});
  }

  /** The runs in the order of their seeds, up to the first that is the last. */
  async *run({ first, count, options }: SeedRange): AsyncGenerator<SeedRun> {
    const end = first + count;
    const under: Promise<readonly SeedRun[]>[] = [];
    let next = first;
    while (next < end || under.length > 0) {
      while (next < end && under.length < this.threads * (1 + waitingPerThread)) {
        const size = Math.min(this.threads === 1 ? 1 : portion, end - next);
        under.push(this.#start({ first: next, count: size, options }));
        next += size;
      }
      for (const seedRun of (await under.shift()) ?? []) {
        yield seedRun;
        if (isOver(seedRun)) return;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#piscina?.destroy();
  }

  #start(range: SeedRange): Promise<readonly SeedRun[]> {
    const runs = this.#piscina?.run(range, { name: runSeeds.name }) ?? Promise.resolve(range).then(runSeeds);
    // What is not wanted any more when the pool ends has nobody to fail for.
    runs.catch(() => {});
    return runs;
  }
}
