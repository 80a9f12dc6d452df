import type { Context } from "../actors/context.ts";
import { InvariantViolation } from "../base/invariant.ts";
import { RingBuffer } from "../base/ring-buffer.ts";
import type { Settled } from "./scheduler.ts";

export type Callback = {
  /** For the log. */
  readonly name: string;
  readonly run: () => Settled;
  /** The callback has ended, and what it asked for is done. */
  readonly settled?: (succeeded: boolean) => void;
};

/** Callbacks that may wait for the one that runs. The driver looks before it adds what it can do without. */
const waitingMax = 10_000;

/**
 * The border to a framework author's code, which may be slow, async, or broken: one callback at a time, in order.
 *
 *     enqueue ──► waiting ──► running ──► settled        calls made by author code, in or out of a callback,
 *                                │                       are performed in a turn of the actor: at the end of the
 *                                └─ call() … call()      callback's synchronous part, else in one of their own
 *
 * A synchronous callback runs and settles within the turn that enqueues it, so a simulated scheduler stays exact.
 */
export class Callbacks {
  readonly #ctx: Context<unknown>;
  readonly #afterEach: () => void;
  readonly #waiting = new RingBuffer<Callback>();
  #calls: (() => void)[] = [];
  /** Name of the callback that runs, or waits for its promise. */
  #running: string | undefined;
  #inTurn = false;
  #closed = false;
  #wake = (): void => {};

  constructor(ctx: Context<unknown>, afterEach: () => void) {
    this.#ctx = ctx;
    this.#afterEach = afterEach;
    this.#listen();
  }

  get idle(): boolean {
    return this.#running === undefined;
  }

  /** The callback that has not settled. */
  get running(): string | undefined {
    return this.#running;
  }

  get full(): boolean {
    return this.#waiting.length >= waitingMax;
  }

  /** Adds a callback, and runs it at once when none is running. */
  enqueue(callback: Callback): void {
    if (this.#closed) return;
    this.#waiting.push(callback);
    this.#next();
  }

  /** Does something for the author, who may be anywhere. */
  call(action: () => void): void {
    if (this.#closed) return;
    this.#calls.push(action);
    if (!this.#inTurn) this.#wake();
  }

  /** Nothing runs any more. */
  close(): void {
    this.#closed = true;
    this.#calls = [];
  }

  #next(): void {
    while (this.#running === undefined && !this.#closed) {
      const callback = this.#waiting.shift();
      if (callback === undefined) return;
      this.#start(callback);
    }
  }

  #start(callback: Callback): void {
    this.#perform();
    this.#running = callback.name;
    this.#inTurn = true;
    let result: Settled;
    try {
      result = callback.run();
    } catch (error) {
      // A broken invariant is a bug of ours, for the supervisor; anything else is the author's.
      if (error instanceof InvariantViolation) throw error;
      this.#inTurn = false;
      this.#calls = [];
      return this.#settle(callback, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    this.#inTurn = false;
    this.#perform();
    if (result === undefined) return this.#settle(callback);
    this.#ctx.pipe(
      () => Promise.resolve(result),
      (outcome) => {
        this.#perform();
        this.#settle(callback, outcome.ok ? undefined : outcome.error);
        this.#next();
      },
    );
  }

  #settle(callback: Callback, error?: string): void {
    this.#running = undefined;
    if (this.#closed) return;
    if (error !== undefined) this.#ctx.log("error", `the scheduler's ${callback.name} failed: ${error}`);
    callback.settled?.(error === undefined);
    if (!this.#closed) this.#afterEach();
  }

  #perform(): void {
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call();
  }

  /** Waits for calls from outside any turn: a promise is the one way back in. */
  #listen(): void {
    this.#ctx.pipe(
      () =>
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      () => {
        this.#listen();
        this.#perform();
      },
    );
  }
}
