import type { Log } from "../actors/world.ts";
import type { ThreadBoot } from "../runtime/thread-facade.ts";
import type { Threads } from "../runtime/threads.ts";

/** A thread that is lost so often within so many milliseconds takes its process with it. */
const restartsMax = 3;
const restartsWithinMs = 60_000;

/**
 * Starts threads, and starts them again when they are lost: with a new epoch, so that nobody takes the new one for the
 * old. What a thread that comes back too often suffers from is beyond this process.
 */
export class ThreadKeeper {
  readonly #threads: () => Threads;
  readonly #log: Log;
  readonly #givenUp: (thread: string, reason: string) => void;
  readonly #boots = new Map<string, ThreadBoot>();
  readonly #losses = new Map<string, number[]>();

  constructor(threads: () => Threads, log: Log, givenUp: (thread: string, reason: string) => void) {
    this.#threads = threads;
    this.#log = log;
    this.#givenUp = givenUp;
  }

  /** `again` false: its actors are not themselves without what they knew, so losing them is for others to mend. */
  async start(name: string, boot: ThreadBoot, again = true): Promise<void> {
    if (again) this.#boots.set(name, boot);
    await this.#threads().start(name, boot);
  }

  /** Changes how the thread will be started the next time. */
  amend(name: string, change: (boot: ThreadBoot) => ThreadBoot): void {
    const boot = this.#boots.get(name);
    if (boot !== undefined) this.#boots.set(name, change(boot));
  }

  lost(name: string, reason: string): void {
    const boot = this.#boots.get(name);
    if (boot === undefined) return this.#givenUp(name, reason);
    const now = performance.now();
    const losses = (this.#losses.get(name) ?? []).filter((at) => now - at < restartsWithinMs);
    this.#losses.set(name, [...losses, now]);
    if (losses.length >= restartsMax) return this.#givenUp(name, reason);
    this.#log("error", "threads", `the thread ${name} is lost and started again`, { reason });
    this.#threads()
      .start(name, boot)
      .then(() => this.#restartDependents(name))
      .catch((error: unknown) => this.#givenUp(name, error instanceof Error ? error.message : String(error)));
  }

  /** Whoever keeps its journals there knows only the thread that was lost: it learns of the new one when it starts. */
  async #restartDependents(name: string): Promise<void> {
    for (const [dependent, { storageThread }] of this.#boots) {
      if (storageThread === name && dependent !== name) await this.#threads().kill(dependent);
    }
  }
}
