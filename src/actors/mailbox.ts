import { RingBuffer } from "../base/ring-buffer.ts";
import type { ReplySlot } from "./asks.ts";
import type { Ref } from "./refs.ts";
import type { WireBody } from "./wire-value.ts";

/** What waits in a mailbox: a user message, or with `run` a turn of the actor's own (a timer, a reply, a `down`). */
export class Letter {
  readonly kind: string;
  readonly body: WireBody | undefined;
  readonly reply: ReplySlot | undefined;
  readonly run: (() => void) | undefined;
  /** Whom the letter is for; read while it is in its sender's outbox. */
  readonly to: Ref<unknown> | undefined;
  /** Number in the flight recorder of the letter whose handling sent this one; 0 when nothing here did. */
  readonly cause: number;

  /** Positional, like nothing else here: one is made for every message. */
  constructor(
    kind: string,
    body: WireBody | undefined,
    reply: ReplySlot | undefined,
    run: (() => void) | undefined,
    to: Ref<unknown> | undefined,
    cause: number,
  ) {
    this.kind = kind;
    this.body = body;
    this.reply = reply;
    this.run = run;
    this.to = to;
    this.cause = cause;
  }
}

/** How many user messages may wait; or that there is no bound, and why that is no danger. */
export type MailboxMax = number | { readonly unbounded: string };

/** A mailbox that has this many messages waiting is a sign that its actor falls behind. */
const highWater = 1_024;

/**
 * One FIFO for messages and turns alike, so that what an actor learns keeps the order in which it happened. Only
 * user messages count against the bound: a full mailbox never loses a signal.
 */
export class Mailbox {
  readonly #letters = new RingBuffer<Letter>();
  readonly #max: number;
  readonly #fallsBehind: (messages: number) => void;
  #messages = 0;
  /** How many messages there are when somebody should look: at the high-water mark, later at the bound. */
  #attention: number;

  /** `fallsBehind`: called when 1 024 messages wait, and not again until half of them have been taken. */
  constructor(max: MailboxMax, fallsBehind: (messages: number) => void) {
    this.#max = typeof max === "number" ? max : Number.POSITIVE_INFINITY;
    this.#fallsBehind = fallsBehind;
    this.#attention = Math.min(highWater, this.#max);
  }

  get length(): number {
    return this.#letters.length;
  }

  /** False when the mailbox is full: the sender must be told. */
  offer(letter: Letter): boolean {
    if (this.#messages >= this.#attention && !this.#attend()) return false;
    this.#messages++;
    this.#letters.push(letter);
    return true;
  }

  turn(kind: string, run: () => void, cause: number): void {
    this.#letters.push(new Letter(kind, undefined, undefined, run, undefined, cause));
  }

  take(): Letter | undefined {
    const letter = this.#letters.shift();
    if (letter !== undefined && letter.run === undefined) {
      this.#messages--;
      if (this.#messages === highWater / 2) this.#attention = Math.min(highWater, this.#max);
    }
    return letter;
  }

  /** Takes back what came last, messages all of them, until so many letters are left. */
  retract(length: number): void {
    while (this.#letters.length > length) {
      this.#letters.pop();
      this.#messages--;
    }
  }

  /** The kind at the front, for traces. */
  peekKind(): string | undefined {
    return this.#letters.peek()?.kind;
  }

  /** Whether there is room for one more. */
  #attend(): boolean {
    if (this.#messages >= this.#max) return false;
    this.#attention = this.#max;
    this.#fallsBehind(this.#messages);
    return true;
  }
}
