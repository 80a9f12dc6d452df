import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import comlink from "comlink";
import type { ThreadFacade } from "./thread-facade.ts";

/**
 * What a thread may have of objects that have just been made, in MiB. At Node's own limit, four times as much, a thread that
 * makes much and keeps little stays as large as that.
 */
export const youngGenerationMiBMax = 48;

/** A thread did not do what was asked: it ended, it did not answer in time, or it said no. */
export class ThreadFailure extends Error {
  override readonly name = "ThreadFailure";
  readonly code: "exited" | "timeout" | "refused";

  constructor(message: string, options: { readonly code: ThreadFailure["code"]; readonly cause?: unknown }) {
    super(message, options);
    this.code = options.code;
  }
}

/** The facade from this side: every answer takes its time. */
export type RemoteFacade = {
  readonly [K in keyof ThreadFacade]: (
    ...args: Parameters<ThreadFacade[K]>
  ) => Promise<Awaited<ReturnType<ThreadFacade[K]>>>;
};

/**
 * A running worker thread as the main thread sees it. comlink neither notices that a thread has ended nor knows of
 * deadlines, and closes the connection when its proxy is collected: so every call is raced against both, and the
 * proxy is kept for as long as the thread lives.
 */
export class ThreadHandle {
  readonly name: string;
  /** Why the thread ended. Never rejects. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #facade: RemoteFacade;
  /** Calls without an answer: what was asked, and how to give it up. */
  readonly #waiting = new Map<(failure: ThreadFailure) => void, string>();
  #exit: string | undefined;
  /** Why we ended it, when we did. */
  #cause: string | undefined;

  constructor(name: string, entry: URL) {
    this.name = name;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#facade = comlink.wrap<ThreadFacade>(port1) as unknown as RemoteFacade;
    port1.unref();
    this.#worker = new Worker(entry, {
      name,
      workerData: { facade: port2 },
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMiBMax },
    });
    this.ended = this.#untilExit();
  }

  /** Calls the facade; throws a `ThreadFailure` if the thread ends, refuses, or takes longer than this. */
  async call<T>(what: string, timeoutMs: number, call: (facade: RemoteFacade) => Promise<T>): Promise<T> {
    if (this.#exit !== undefined) throw this.#gone(what);
    const { promise: failed, reject } = Promise.withResolvers<never>();
    this.#waiting.set(reject, what);
    const timeout = setTimeout(() => {
      const message = `thread ${this.name} did not answer ${what} within ${timeoutMs} ms`;
      reject(new ThreadFailure(message, { code: "timeout" }));
    }, timeoutMs);
    try {
      return await Promise.race([call(this.#facade), failed]);
    } catch (error) {
      if (error instanceof ThreadFailure) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ThreadFailure(`thread ${this.name} failed to ${what}: ${reason}`, { code: "refused", cause: error });
    } finally {
      clearTimeout(timeout);
      this.#waiting.delete(reject);
    }
  }

  /** Ends the thread wherever it is, for this reason. The port is closed first: what waits in it would be lost with the thread. */
  async terminate(reason?: string): Promise<void> {
    this.#cause ??= reason;
    this.#port.close();
    await this.#worker.terminate();
    await this.ended;
  }

  #untilExit(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let reason: string | undefined;
    this.#worker.on("error", (error: unknown) => {
      reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    });
    this.#worker.once("exit", (status) => {
      this.#exit = this.#cause ?? reason ?? `exit status ${status}`;
      this.#port.close();
      for (const [reject, what] of this.#waiting) reject(this.#gone(what));
      resolve(this.#exit);
    });
    return promise;
  }

  #gone(what: string): ThreadFailure {
    const message = `thread ${this.name} ended before it answered ${what}: ${this.#exit}`;
    return new ThreadFailure(message, { code: "exited" });
  }
}
