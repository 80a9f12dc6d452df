import type { ServerResponse } from "node:http";
import type { Codec } from "../v1/codec.ts";
import { record } from "../v1/recordio.ts";
import { Event } from "../v1/scheduler-messages.ts";
import type { InputOf } from "../v1/schema.ts";
import { EventQueue } from "./event-queue.ts";

/** What streams may hold for readers that do not read. At a limit offers are given back first. */
export type StreamLimits = {
  /** Bytes of one stream. With more that are no offers it is cut. */
  readonly streamBytesMax: number;
  /** Bytes of all streams of a gateway. With more the one that holds most gives back its offers, and then is cut. */
  readonly allBytesMax: number;
};

export const streamLimits: StreamLimits = { streamBytesMax: 64 * 1024 * 1024, allBytesMax: 256 * 1024 * 1024 };

/** Bytes handed to a socket that it has not sent. What waits behind them can still be taken back. */
const handedBytesMax = 256 * 1024;

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
      const most = others.reduce((one, other) => (other.heldBytes > one.heldBytes ? other : one), first);
      if (!most.shed()) most.cut();
    }
  }
}

/** What becomes of a stream. */
export type StreamFate = {
  /** Runs once, however the stream came to its end. */
  readonly closed: () => void;
  /** These offers were never sent, and never will be. */
  readonly shed: (offerIds: readonly string[]) => void;
};

/**
 * One response that never ends by itself: a record per event, each in one piece. What a reader has not made room for waits
 * here: an offer that is rescinded meanwhile was never made, and one heartbeat is enough.
 */
export class EventStream {
  readonly codec: Codec;
  readonly #response: ServerResponse;
  readonly #budget: StreamBudget;
  readonly #fate: StreamFate;
  readonly #queue = new EventQueue();
  #held = 0;
  /** Of what is held, what the socket has. */
  #handed = 0;
  #heartbeatWaits = false;
  #state: "open" | "ending" | "closed" = "open";

  constructor(response: ServerResponse, codec: Codec, budget: StreamBudget, fate: StreamFate) {
    this.#response = response;
    this.codec = codec;
    this.#budget = budget;
    this.#fate = fate;
    budget.add(this);
    response.on("error", () => this.cut());
    response.once("close", () => {
      this.#state = "closed";
      budget.remove(this);
      fate.closed();
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
    if (this.#state !== "open" || this.#isSpared(event)) return;
    const offers = event.offers?.offers ?? [];
    if (offers.length > 1 && this.#isBlocked) return this.#sendParts(offers, 1);
    const body = this.codec.encode(Event, event);
    if (body.length > eventBytesMax && offers.length > 1) return this.#sendParts(offers, Math.ceil(offers.length / 2));
    const bytes = record(body);
    const offerId = offers[0]?.id.value;
    if (!this.#hasRoom(bytes.length) && offerId !== undefined) {
      this.shed();
      return this.#fate.shed(offers.map(({ id }) => id.value));
    }
    if (!this.#hasRoom(bytes.length) && !(this.shed() && this.#hasRoom(bytes.length))) return this.cut();
    this.#queue.push(bytes, offerId);
    this.#hold(bytes.length);
    this.#hand();
  }

  /** Gives back the offers that wait. False when there are none. */
  shed(): boolean {
    const { offerIds } = this.#queue;
    if (offerIds.length === 0) return false;
    for (const offerId of offerIds) this.#takeBack(offerId);
    this.#fate.shed(offerIds);
    return true;
  }

  /** The reader gets what was sent, and then the end. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    if (this.#queue.length === 0) this.#response.end();
  }

  /** The reader gets nothing more. */
  cut(): void {
    this.#state = "closed";
    this.#budget.remove(this);
    this.#response.destroy();
  }

  /** Whether what is sent now waits. */
  get #isBlocked(): boolean {
    return this.#queue.length > 0 || this.#handed >= handedBytesMax;
  }

  #hasRoom(bytes: number): boolean {
    return this.#held + bytes <= this.#budget.limits.streamBytesMax;
  }

  /** Whether the reader need not be told: nothing it has heard of has changed. */
  #isSpared({ type, rescind }: SchedulerEvent): boolean {
    if (rescind !== undefined) return this.#takeBack(rescind.offer_id.value);
    if (type !== "HEARTBEAT") return false;
    const waits = this.#heartbeatWaits;
    this.#heartbeatWaits = this.#isBlocked;
    return waits;
  }

  #takeBack(offerId: string): boolean {
    const bytes = this.#queue.takeBack(offerId);
    if (bytes > 0) this.#hold(-bytes);
    return bytes > 0;
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#budget.held(this, bytes);
  }

  /** Hands the socket as much as it should have. */
  #hand(): void {
    while (this.#state !== "closed" && this.#handed < handedBytesMax) {
      const bytes = this.#queue.shift();
      if (bytes === undefined) {
        this.#heartbeatWaits = false;
        return;
      }
      this.#handed += bytes.length;
      this.#response.write(bytes, () => this.#sent(bytes.length));
    }
  }

  #sent(bytes: number): void {
    this.#handed -= bytes;
    this.#hold(-bytes);
    this.#hand();
    if (this.#state === "ending" && this.#queue.length === 0 && !this.#response.writableEnded) this.#response.end();
  }

  #sendParts(offers: NonNullable<NonNullable<SchedulerEvent["offers"]>["offers"]>, size: number): void {
    for (let start = 0; start < offers.length; start += size) {
      this.send({ type: "OFFERS", offers: { offers: offers.slice(start, start + size) } });
    }
  }
}
