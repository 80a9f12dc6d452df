import { RingBuffer } from "../base/ring-buffer.ts";
import type { ReplySlot } from "./asks.ts";
import type { WireBody } from "./wire-value.ts";

/** A user message, or a turn of the actor's own: a timer, a reply, a `down`, something durable. */
export type Letter =
  | { readonly kind: string; readonly body: WireBody; readonly reply: ReplySlot | undefined; readonly run: undefined }
  | { readonly kind: string; readonly body: undefined; readonly reply: undefined; readonly run: () => void };

/**
 * One FIFO for messages and turns alike, so that what an actor learns keeps the order in which it happened. Only
 * user messages count against the bound: a full mailbox never loses a signal.
 */
export class Mailbox {
  readonly #letters = new RingBuffer<Letter>();
  readonly #max: number;
  #messages = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#letters.length;
  }

  /** False when the mailbox is full: the sender must be told. */
  offer(kind: string, body: WireBody, reply: ReplySlot | undefined): boolean {
    if (this.#messages >= this.#max) return false;
    this.#messages++;
    this.#letters.push({ kind, body, reply, run: undefined });
    return true;
  }

  turn(kind: string, run: () => void): void {
    this.#letters.push({ kind, body: undefined, reply: undefined, run });
  }

  take(): Letter | undefined {
    const letter = this.#letters.shift();
    if (letter !== undefined && letter.run === undefined) this.#messages--;
    return letter;
  }

  /** The kind at the front, for traces. */
  peekKind(): string | undefined {
    return this.#letters.peek()?.kind;
  }
}
