import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { Piscina } from "piscina";
import type { FunctionCall, FunctionOutcome, TaskPool } from "../actors/world.ts";
import { sibling } from "./sibling.ts";
import type { run } from "./task-pool-worker.ts";

export type TaskPoolConfig = {
  /** Threads at most; they start when needed. At least 1. */
  readonly threadsMax: number;
  /** Calls that may wait for a thread. The next one comes back as a failure. Default 10 000. */
  readonly queueMax?: number;
  /** A thread without work ends after this, in milliseconds. Default 30 000. */
  readonly idleTimeoutMs?: number;
  /** JavaScript heap of one thread, in MiB. A task that needs more loses its thread and fails. Default: Node's. */
  readonly heapMiBMax?: number;
  /** Where the modules named `mesolite:NAME` are. */
  readonly bundled?: Readonly<Record<string, URL>>;
};

const closeTimeoutMs = 5_000;
/** The sources run as they are in development and as JavaScript when published; this file tells which. */
const workerUrl = sibling("./task-pool-worker", import.meta.url);

/**
 * Function tasks on threads of their own, one at a time on each: so an aborted call takes nothing with it but the
 * thread that ran it.
 */
export class ThreadTaskPool implements TaskPool {
  readonly #piscina: Piscina<Parameters<typeof run>[0], Awaited<ReturnType<typeof run>>>;
  readonly #threadsMax: number;
  readonly #queueMax: number;
  readonly #bundled: ReadonlyMap<string, URL>;
  readonly #running = new Set<AbortController>();
  #closed = false;

  constructor(config: TaskPoolConfig) {
    this.#threadsMax = config.threadsMax;
    this.#queueMax = config.queueMax ?? 10_000;
    this.#bundled = new Map(Object.entries(config.bundled ?? {}));
    this.#piscina = new Piscina({
      filename: workerUrl.href,
      minThreads: 0,
      maxThreads: this.#threadsMax,
      // The bound that counts is ours: Piscina's does not see calls that can be aborted and were put back.
      maxQueue: this.#threadsMax + this.#queueMax,
      idleTimeout: config.idleTimeoutMs ?? 30_000,
      concurrentTasksPerWorker: 1,
      // Tasks use timers and files: a thread that waits on shared memory would hold both up.
      atomics: "disabled",
      closeTimeout: closeTimeoutMs,
      recordTiming: false,
      ...(config.heapMiBMax === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: config.heapMiBMax } }),
    });
    // A thread that dies rejects the call it ran; the event says nothing more, and unheard it would end the process.
    this.#piscina.on("error", () => {});
  }

  /** Calls that have no outcome yet. */
  get size(): number {
    return this.#running.size;
  }

  /** Threads there are now, working or idle. */
  get threads(): number {
    return this.#piscina.threads.length;
  }

  call(call: FunctionCall, outcome: (outcome: FunctionOutcome) => void): () => void {
    const abort = new AbortController();
    const url = this.#refusal() ?? this.#resolve(call.module);
    this.#running.add(abort);
    void this.#run(call, url, abort.signal).then((result) => {
      this.#running.delete(abort);
      outcome(result);
    });
    return () => abort.abort();
  }

  /** Aborts every call and ends every thread. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const abort of this.#running) abort.abort();
    await this.#piscina.destroy();
  }

  async #run(call: FunctionCall, url: URL | string, signal: AbortSignal): Promise<FunctionOutcome> {
    if (typeof url === "string") return { kind: "threw", message: url };
    const { module, export: name, args, context } = call;
    try {
      return await this.#piscina.run({ url: url.href, module, export: name, args, context }, { name: "run", signal });
    } catch (error) {
      if (signal.aborted) return { kind: "aborted" };
      return { kind: "threw", message: error instanceof Error ? error.message : String(error) };
    }
  }

  #refusal(): string | undefined {
    if (this.#closed) return "the task pool is closed";
    if (this.#running.size < this.#threadsMax + this.#queueMax) return undefined;
    return `the task pool is full: ${this.#queueMax} calls are waiting`;
  }

  /** Where the module is, or why that is not known. */
  #resolve(module: string): URL | string {
    if (module.startsWith("mesolite:")) {
      const known = [...this.#bundled.keys()].map((name) => `mesolite:${name}`);
      const found = this.#bundled.get(module.slice("mesolite:".length));
      return found ?? `no bundled module ${module}; there are: ${known.join(", ") || "none"}`;
    }
    if (isAbsolute(module)) return pathToFileURL(module);
    if (module.startsWith("file:") && URL.canParse(module)) return new URL(module);
    return `module ${module} is not an absolute path, a file: URL or mesolite:NAME`;
  }
}
