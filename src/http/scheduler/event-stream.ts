import type { ServerResponse } from "node:http";
import type { Codec } from "../v1/codec.ts";
import { record } from "../v1/recordio.ts";
import { Event } from "../v1/scheduler-messages.ts";
import type { InputOf } from "../v1/schema.ts";

/** What streams may hold for readers that do not read. */
export type StreamLimits = {
  /** Bytes of one stream. With more it is cut. */
  readonly streamBytesMax: number;
  /** Bytes of all streams of a gateway. With more the one that holds most is cut. */
  readonly allBytesMax: number;
};

export const streamLimits: StreamLimits = { streamBytesMax: 8 * 1024 * 1024, allBytesMax: 128 * 1024 * 1024 };

/** Bytes of one event: the largest frame that Mesos's Go library takes. */
const eventBytesMax = 4 * 1024 * 1024 - 1;

export type SchedulerEvent = InputOf<typeof Event>;

/** The streams of a gateway, and what they hold together. */
export class StreamBudget {
  readonly limits: StreamLimits;
  readonly #streams = new Set<EventStream>();
  #bytes = 0;

  constructor(limits: StreamLimits) {
    this.limits = limits;
  }

  add(stream: EventStream): void {
    this.#streams.add(stream);
  }

  remove(stream: EventStream): void {
    if (this.#streams.delete(stream)) this.#bytes -= stream.heldBytes;
  }

  held(stream: EventStream, bytes: number): void {
    if (!this.#streams.has(stream)) return;
    this.#bytes += bytes;
    while (this.#bytes > this.limits.allBytesMax) {
      const [first, ...others] = this.#streams;
      if (first === undefined) return;
      others.reduce((most, other) => (other.heldBytes > most.heldBytes ? other : most), first).cut();
    }
  }
}

/** One response that never ends by itself: a record per event, each in one piece. */
export class EventStream {
  readonly codec: Codec;
  readonly #response: ServerResponse;
  readonly #budget: StreamBudget;
  #held = 0;
  #open = true;

  /** `closed` runs once, however the stream came to its end. */
  constructor(response: ServerResponse, codec: Codec, budget: StreamBudget, closed: () => void) {
    this.#response = response;
    this.codec = codec;
    this.#budget = budget;
    budget.add(this);
    response.on("error", () => this.cut());
    response.once("close", () => {
      this.#open = false;
      budget.remove(this);
      closed();
    });
  }

  /** Begins the answer. */
  begin(headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(200, { "content-type": this.codec.mediaType, ...headers });
    this.#response.flushHeaders();
  }

  /** Bytes that the reader has not taken yet. */
  get heldBytes(): number {
    return this.#held;
  }

  send(event: SchedulerEvent): void {
    if (!this.#open) return;
    const body = this.codec.encode(Event, event);
    const offers = event.offers?.offers ?? [];
    if (body.length > eventBytesMax && offers.length > 1) return this.#sendHalves(offers);
    const bytes = record(body);
    if (this.#held + bytes.length > this.#budget.limits.streamBytesMax) return this.cut();
    this.#held += bytes.length;
    this.#response.write(bytes, () => {
      this.#held -= bytes.length;
      this.#budget.held(this, -bytes.length);
    });
    this.#budget.held(this, bytes.length);
  }

  /** The reader gets what was sent, and then the end. */
  end(): void {
    if (this.#open) this.#response.end();
  }

  /** The reader gets nothing more. */
  cut(): void {
    this.#open = false;
    this.#budget.remove(this);
    this.#response.destroy();
  }

  #sendHalves(offers: NonNullable<NonNullable<SchedulerEvent["offers"]>["offers"]>): void {
    const middle = Math.ceil(offers.length / 2);
    this.send({ type: "OFFERS", offers: { offers: offers.slice(0, middle) } });
    this.send({ type: "OFFERS", offers: { offers: offers.slice(middle) } });
  }
}
