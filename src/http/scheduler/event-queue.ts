import { RingBuffer } from "../../base/ring-buffer.ts";

/** An event that waits; without bytes it was taken back. */
type Waiting = { bytes: Uint8Array | undefined; readonly offerId: string | undefined };

/** Below this many events that were taken back the queue is never rebuilt. */
const takenBackKeptMin = 64;

/**
 * Encoded events that wait for a reader, in order. An offer can be taken back while it waits; everything else stays until
 * it is read.
 */
export class EventQueue {
  readonly #events = new RingBuffer<Waiting>();
  readonly #offers = new Map<string, Waiting>();
  #takenBack = 0;

  /** Events that will still be sent. */
  get length(): number {
    return this.#events.length - this.#takenBack;
  }

  /** `offerId`: the one offer that the event is about. */
  push(bytes: Uint8Array, offerId: string | undefined): void {
    const waiting: Waiting = { bytes, offerId };
    this.#events.push(waiting);
    if (offerId !== undefined) this.#offers.set(offerId, waiting);
  }

  shift(): Uint8Array | undefined {
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      if (next.bytes === undefined) {
        this.#takenBack--;
        continue;
      }
      if (next.offerId !== undefined) this.#offers.delete(next.offerId);
      return next.bytes;
    }
    return undefined;
  }

  /** Takes an offer back. Answers the bytes that it took; 0: it does not wait here. */
  takeBack(offerId: string): number {
    const waiting = this.#offers.get(offerId);
    const bytes = waiting?.bytes?.length ?? 0;
    if (waiting === undefined) return 0;
    this.#offers.delete(offerId);
    waiting.bytes = undefined;
    this.#takenBack++;
    if (this.#takenBack > takenBackKeptMin && this.#takenBack > this.#events.length / 2) {
      this.#events.retain((event) => event.bytes !== undefined);
      this.#takenBack = 0;
    }
    return bytes;
  }

  /** The offers that wait. */
  get offerIds(): readonly string[] {
    return [...this.#offers.keys()];
  }
}
