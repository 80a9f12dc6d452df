import type { Context } from "../actors/context.ts";
import { RingBuffer } from "../base/ring-buffer.ts";
import { taskKey } from "../protocol/cluster-events.ts";
import type { FrameworkId, TaskId } from "../protocol/ids.ts";
import { isTerminal, type StatusUpdate, type TaskStatus } from "../protocol/task.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { SlaveConfig } from "./config.ts";

/** Only what is on disk is sent. */
type Waiting = { readonly update: StatusUpdate; durable: boolean };

type Stream = {
  readonly key: string;
  readonly pending: RingBuffer<Waiting>;
  /** Pause before the head is sent again. */
  retryMs: number;
};

/**
 * One acknowledged stream per task: the head is sent, and sent again with growing pauses, until the scheduler has
 * acknowledged its uuid; then the next. So a scheduler sees each update at least once and in order, whatever breaks.
 */
export class StatusUpdates {
  readonly #ctx: Context<unknown>;
  readonly #config: SlaveConfig;
  readonly #checkpoint: Checkpoint;
  readonly #send: (update: StatusUpdate) => void;
  readonly #streams = new Map<string, Stream>();

  constructor(
    ctx: Context<unknown>,
    config: SlaveConfig,
    checkpoint: Checkpoint,
    send: (update: StatusUpdate) => void,
  ) {
    this.#ctx = ctx;
    this.#config = config;
    this.#checkpoint = checkpoint;
    this.#send = send;
  }

  /** Updates that wait for their acknowledgement. */
  get pending(): number {
    let count = 0;
    for (const stream of this.#streams.values()) count += stream.pending.length;
    return count;
  }

  /** What the scheduler is to be told next of a task. */
  head(frameworkId: FrameworkId, taskId: TaskId): TaskStatus | undefined {
    return this.#streams.get(taskKey(frameworkId, taskId))?.pending.peek()?.update.status;
  }

  /** The update is on disk before it is sent: a slave that dies in between sends it in its next life. */
  append(update: StatusUpdate): void {
    const { frameworkId, status } = update;
    const key = taskKey(frameworkId, status.taskId);
    const stream = this.#streams.get(key) ?? this.#open(key);
    const waiting: Waiting = { update, durable: false };
    stream.pending.push(waiting);
    this.#checkpoint.write({ type: "updated", frameworkId, status }, () => {
      waiting.durable = true;
      // While it was on its way to disk the task may have been given up: nobody wants to hear of it, nor ever answers.
      const wanted = this.#streams.get(key) === stream;
      if (wanted && stream.pending.peek() === waiting) this.#sendHead(stream);
    });
  }

  /** Takes up the stream of an earlier life; `resendAll` sends its head. */
  restore(frameworkId: FrameworkId, taskId: TaskId, pending: readonly TaskStatus[]): void {
    const stream = this.#open(taskKey(frameworkId, taskId));
    for (const status of pending) stream.pending.push({ update: { frameworkId, status }, durable: true });
  }

  /** True when this was the last word of a finished task: the slave may forget it. */
  acknowledge(frameworkId: FrameworkId, taskId: TaskId, uuid: string): boolean {
    const stream = this.#streams.get(taskKey(frameworkId, taskId));
    const head = stream?.pending.peek();
    if (stream === undefined || head === undefined || head.update.status.uuid !== uuid) return false;
    stream.pending.shift();
    this.#checkpoint.write({ type: "acknowledged", frameworkId, taskId, uuid }, () => {});
    this.#ctx.cancel(`retry.${stream.key}`);
    stream.retryMs = this.#config.updateRetryMinMs;
    if (stream.pending.length > 0) this.#sendHead(stream);
    else if (isTerminal(head.update.status.state)) return this.#streams.delete(stream.key);
    return false;
  }

  /** Sends every head at once: a new master or scheduler is there to hear. */
  resendAll(): void {
    for (const stream of this.#streams.values()) {
      stream.retryMs = this.#config.updateRetryMinMs;
      if (stream.pending.length > 0) this.#sendHead(stream);
    }
  }

  /** Nobody wants to hear of the task any more. */
  drop(frameworkId: FrameworkId, taskId: TaskId): void {
    const key = taskKey(frameworkId, taskId);
    this.#ctx.cancel(`retry.${key}`);
    this.#streams.delete(key);
  }

  #open(key: string): Stream {
    const stream: Stream = { key, pending: new RingBuffer(), retryMs: this.#config.updateRetryMinMs };
    this.#streams.set(key, stream);
    return stream;
  }

  #sendHead(stream: Stream): void {
    const head = stream.pending.peek();
    if (head?.durable !== true) return;
    this.#send(head.update);
    this.#ctx.after(`retry.${stream.key}`, stream.retryMs, () => {
      stream.retryMs = Math.min(stream.retryMs * 2, this.#config.updateRetryMaxMs);
      this.#sendHead(stream);
    });
  }
}
