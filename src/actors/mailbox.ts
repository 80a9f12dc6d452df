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

  /** Positional, like nothing else here: one is made for every message. */
  constructor(
    kind: string,
    body: WireBody | undefined,
    reply: ReplySlot | undefined,
    run: (() => void) | undefined,
    to: Ref<unknown> | undefined,
  ) {
    this.kind = kind;
    this.body = body;
    this.reply = reply;
    this.run = run;
    this.to = to;
  }
}

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
  offer(letter: Letter): boolean {
    if (this.#messages >= this.#max) return false;
    this.#messages++;
    this.#letters.push(letter);
    return true;
  }

  turn(kind: string, run: () => void): void {
    this.#letters.push(new Letter(kind, undefined, undefined, run, undefined));
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
