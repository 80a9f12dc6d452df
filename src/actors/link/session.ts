import { invariant } from "../../base/invariant.ts";
import { RingBuffer } from "../../base/ring-buffer.ts";
import { type Codec, MalformedBatch } from "./codec.ts";
import { isRefusable, type LinkItem } from "./item.ts";
import { type LinkLimits, linkLimits } from "./limits.ts";
import { malformation } from "./malformation.ts";

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
  #credit: number;
  #owed = 0;

  constructor(codec: Codec, limits: LinkLimits = linkLimits) {
    this.#codec = codec;
    this.#limits = limits;
    this.#credit = limits.creditBytes;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** `refused`: tell the sender. `overrun`: so many signals wait that the peer must be given up. */
  queue(item: LinkItem): "queued" | "refused" | "overrun" {
    const waiting = this.#queue.length;
    if (waiting >= this.#limits.queueMax && isRefusable(item)) return "refused";
    if (waiting >= this.#limits.signalQueueMax) return "overrun";
    this.#queue.push(item);
    return "queued";
  }

  /** The next batch that credit allows, or undefined. `tooLarge` hears items that no frame may carry. */
  take(tooLarge: (item: LinkItem) => void): Uint8Array<ArrayBuffer> | undefined {
    for (;;) {
      const items = this.#draw();
      if (items.length === 0 && this.#owed < this.#limits.creditBytes / 2) return undefined;
      const bytes = this.#pack(items, tooLarge);
      // Nothing of what was drawn fits a frame: what waits behind it still may.
      if (bytes !== undefined) return bytes;
    }
  }

  /** What a batch carried. Throws `MalformedBatch` on anything a well-behaved peer would not send. */
  receive(bytes: Uint8Array): readonly LinkItem[] {
    const batch = this.#codec.decode(bytes);
    if (batch.firstSeq !== this.#expectedSeq) {
      throw new MalformedBatch(`batch starts at ${batch.firstSeq}, expected ${this.#expectedSeq}`);
    }
    this.#expectedSeq += batch.items.length;
    this.#credit += batch.credit;
    if (this.#credit > this.#limits.creditBytes) throw new MalformedBatch("more credit came back than was used");
    if (batch.items.length > 0) this.#owed += bytes.byteLength;
    return batch.items;
  }

  /** The items that may go into the next batch. */
  #draw(): LinkItem[] {
    const items: LinkItem[] = [];
    while (this.#credit > 0 && items.length < this.#limits.batchMax) {
      const item = this.#queue.shift();
      if (item === undefined) break;
      items.push(item);
    }
    return items;
  }

  #pack(items: readonly LinkItem[], tooLarge: (item: LinkItem) => void): Uint8Array<ArrayBuffer> | undefined {
    let kept = items;
    let bytes = this.#codec.encode({ firstSeq: this.#nextSeq, credit: this.#owed, items: kept });
    if (kept.length > 0 && !this.#fits(bytes, this.#limits.envelopeBytesMax)) {
      kept = kept.filter((item) => {
        const alone = this.#codec.encode({ firstSeq: 0, credit: 0, items: [item] });
        const fits = this.#fits(alone, this.#limits.envelopeBytesMax);
        if (!fits) tooLarge(item);
        return fits;
      });
      bytes = this.#codec.encode({ firstSeq: this.#nextSeq, credit: this.#owed, items: kept });
      if (!this.#fits(bytes, this.#limits.frameBytesMax)) return this.#packHalf(kept, tooLarge);
      if (kept.length === 0 && this.#owed === 0) return undefined;
    }
    invariant(bytes.byteLength <= this.#limits.frameBytesMax, "a batch fits a frame");
    this.#owed = 0;
    this.#nextSeq += kept.length;
    if (kept.length > 0) this.#credit -= bytes.byteLength;
    return bytes;
  }

  /** Sends the first half now and puts the second back in front of the queue. */
  #packHalf(items: readonly LinkItem[], tooLarge: (item: LinkItem) => void): Uint8Array<ArrayBuffer> | undefined {
    const middle = items.length >> 1;
    const behind: LinkItem[] = items.slice(middle);
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) behind.push(item);
    for (const item of behind) this.#queue.push(item);
    return this.#pack(items.slice(0, middle), tooLarge);
  }

  /** Whether the peer takes this much. No batch has more values than bytes, so most need not be counted. */
  #fits(bytes: Uint8Array, bytesMax: number): boolean {
    if (bytes.byteLength > bytesMax) return false;
    return bytes.byteLength <= this.#limits.valuesMax || malformation(bytes) === undefined;
  }
}
