import { RingBuffer } from "../../base/ring-buffer.ts";
import type { WireValue } from "../wire-value.ts";
import { type Batch, type Codec, MalformedBatch } from "./codec.ts";
import type { IngressBudget } from "./ingress-budget.ts";
import { isRefusable, type LinkItem } from "./item.ts";
import { type LinkLimits, linkLimits } from "./limits.ts";
import { malformation } from "./malformation.ts";
import { isPlain, plainBytesMax, plainItemsMax } from "./plain-batch.ts";
import { firstWindow, Window } from "./window.ts";

/** Hears of an item that cannot be sent, and why. */
export type Unsendable = (item: LinkItem, why: string) => void;

export type SessionOptions = {
  readonly limits?: LinkLimits;
  /** Of this thread, for a peer on another host; both ends must agree that it is one. */
  readonly budget?: IngressBudget | undefined;
  readonly trusted?: boolean;
  /** Bytes in front of each batch that the channel fills. */
  readonly headBytes?: number;
};

/**
 * One life of a link, as bytes in and items out: numbering, batching and credit, with no socket and no clock.
 * Items reach the peer in the order they were queued or not at all, and what is lost is lost from the tail.
 */
export class LinkSession {
  readonly #codec: Codec;
  readonly #limits: LinkLimits;
  readonly #queue = new RingBuffer<LinkItem>();
  #nextSeq = 0;
  #expectedSeq = 0;
  /** Bytes that the peer lets us send. */
  #credit: number;
  /** Bytes that we let the peer send. */
  readonly #window: Window;
  /** Whether the peer is a thread of this same process, whose bytes need no inspection. */
  readonly #trusted: boolean;
  readonly #headBytes: number;
  /** Items that may go into the next batch: as many as make one of the usual size, going by the one before. */
  #drawMax: number;

  constructor(codec: Codec, { limits = linkLimits, budget, trusted = false, headBytes = 0 }: SessionOptions = {}) {
    this.#codec = codec;
    this.#limits = limits;
    this.#credit = firstWindow(limits, budget);
    this.#window = new Window(limits, budget);
    this.#trusted = trusted;
    this.#headBytes = headBytes;
    this.#drawMax = limits.batchMax;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Bytes that may still be sent. */
  get credit(): number {
    return this.#credit;
  }

  /** Bytes that the peer may have on its way. */
  get windowBytes(): number {
    return this.#window.bytes;
  }

  /**
   * `by`: goes before the item, if the item goes. `refused`: tell the sender. `overrun`: so many signals wait that the
   * peer must be given up.
   */
  queue(item: LinkItem, by?: LinkItem): "queued" | "refused" | "overrun" {
    const waiting = this.#queue.length;
    if (waiting >= this.#limits.queueMax && isRefusable(item)) return "refused";
    if (waiting >= this.#limits.signalQueueMax) return "overrun";
    if (by !== undefined) this.#queue.push(by);
    this.#queue.push(item);
    return "queued";
  }

  /** The next batch that credit allows, behind its head, or undefined. `unsendable` hears items that no frame can carry, and why. */
  take(unsendable: Unsendable): Uint8Array | undefined {
    for (;;) {
      const items = this.#draw();
      if (items.length === 0 && !this.#window.due) return undefined;
      const bytes = this.#pack(items, this.#window.settle(), unsendable);
      // Nothing of what was drawn fits a frame: what waits behind it still may.
      if (bytes !== undefined) return bytes;
    }
  }

  /** The same for a channel that clones what it carries: a small batch as its values, which need not be packed. */
  takePlain(unsendable: Unsendable): Uint8Array | readonly WireValue[] | undefined {
    const waiting = this.#queue.length;
    if (waiting === 0 || waiting > plainItemsMax) return this.take(unsendable);
    const items = this.#draw();
    if (items.length === 0) return this.take(unsendable);
    const credit = this.#window.settle();
    const { values } = this.#codec.flatten({ firstSeq: this.#nextSeq, credit, items });
    if (!isPlain(values)) return this.#pack(items, credit, unsendable) ?? this.take(unsendable);
    this.#sent(items.length, plainBytesMax);
    return values;
  }

  /** What a batch carried. Throws `MalformedBatch` on anything a well-behaved peer would not send. */
  receive(bytes: Uint8Array): readonly LinkItem[] {
    return this.#received(this.#codec.decode(bytes, this.#trusted), bytes.byteLength);
  }

  receivePlain(values: readonly WireValue[]): readonly LinkItem[] {
    return this.#received(this.#codec.read(values), plainBytesMax);
  }

  #received(batch: Batch, byteLength: number): readonly LinkItem[] {
    if (batch.firstSeq !== this.#expectedSeq) {
      throw new MalformedBatch(`batch starts at ${batch.firstSeq}, expected ${this.#expectedSeq}`);
    }
    this.#expectedSeq += batch.items.length;
    this.#credit += batch.credit;
    if (this.#credit > this.#limits.creditBytes) throw new MalformedBatch("more credit came than a link may have");
    if (batch.items.length > 0 && !this.#window.took(byteLength)) {
      throw new MalformedBatch("a batch came without credit for it");
    }
    return batch.items;
  }

  /** Gives back what the peer was allowed to send. Nothing else of the session may be used afterwards. */
  close(): void {
    this.#window.close();
  }

  /** The items that may go into the next batch. */
  #draw(): LinkItem[] {
    const items: LinkItem[] = [];
    while (this.#credit > 0 && items.length < this.#drawMax) {
      const item = this.#queue.shift();
      if (item === undefined) break;
      items.push(item);
    }
    return items;
  }

  #pack(items: readonly LinkItem[], credit: number, unsendable: Unsendable): Uint8Array | undefined {
    let kept = items;
    const { envelopeBytesMax, frameBytesMax, threadEnvelopeBytesMax } = this.#limits;
    const oneMax = this.#trusted ? threadEnvelopeBytesMax : envelopeBytesMax;
    let bytes = this.#packed(kept, credit, envelopeBytesMax);
    if (typeof bytes === "string") {
      kept = kept.filter((item) => {
        const alone = this.#packed([item], 0, oneMax);
        if (typeof alone === "string") unsendable(item, alone);
        return typeof alone !== "string";
      });
      // Between threads a message may be larger than a batch of several.
      bytes = this.#packed(kept, credit, kept.length === 1 ? Math.max(oneMax, frameBytesMax) : frameBytesMax);
      if (typeof bytes === "string") return this.#packHalf(kept, credit, unsendable);
      if (kept.length === 0 && credit === 0) return undefined;
    }
    const byteLength = bytes.byteLength - this.#headBytes;
    this.#sent(kept.length, byteLength);
    const usual = Math.ceil((this.#limits.batchBytes * Math.max(1, kept.length)) / byteLength);
    this.#drawMax = Math.min(this.#limits.batchMax, 2 * this.#drawMax, usual);
    return bytes;
  }

  /** A batch of these items, or why there can be none. */
  #packed(items: readonly LinkItem[], credit: number, bytesMax: number): Uint8Array | string {
    try {
      const { values, nested } = this.#codec.flatten({ firstSeq: this.#nextSeq, credit, items });
      const bytes = this.#codec.pack(values, this.#headBytes);
      return this.#fault(bytes.subarray(this.#headBytes), nested, bytesMax) ?? bytes;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #sent(items: number, byteLength: number): void {
    this.#window.gave();
    this.#nextSeq += items;
    if (items > 0) this.#credit -= byteLength;
  }

  /** Sends the first half now and puts the second back in front of the queue. */
  #packHalf(items: readonly LinkItem[], credit: number, unsendable: Unsendable): Uint8Array | undefined {
    const middle = items.length >> 1;
    const behind: LinkItem[] = items.slice(middle);
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) behind.push(item);
    for (const item of behind) this.#queue.push(item);
    return this.#pack(items.slice(0, middle), credit, unsendable);
  }

  /** Why the peer would not take this. A batch of few values, none of which has an inside, need not be walked. */
  #fault(bytes: Uint8Array, nested: boolean, bytesMax: number): string | undefined {
    if (bytes.byteLength > bytesMax) return `${bytes.byteLength} bytes, the limit is ${bytesMax}`;
    if (this.#trusted || (!nested && bytes.byteLength <= this.#limits.valuesMax)) return undefined;
    return malformation(bytes);
  }
}
