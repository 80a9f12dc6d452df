import { Backoff, type BackoffConfig } from "./backoff.ts";
import type { Context } from "./context.ts";
import type { ActorRef } from "./ref.ts";

export type PeerConfig = {
  /** `thread:NAME` or `HOST:PORT`. */
  readonly endpoint: string;
  /** The name under which the other side registered the actor. */
  readonly name: string;
  readonly backoff: BackoffConfig;
};

export type PeerEvents<P> = {
  /** The actor is within reach. Say hello; it may be a new one that knows nothing of us. */
  readonly up: (peer: ActorRef<P>) => void;
  /** It ended or its link broke. Called once after each `up`; reaching it again has begun. */
  readonly down: (reason: string) => void;
  /** An attempt failed; the next one follows after a pause. */
  readonly failed?: (reason: string, attempts: number) => void;
};

/** Keeps one named actor behind an endpoint in reach: dials, watches, and starts over with backoff when it is gone. */
export class Peer<P> {
  readonly #ctx: Context<unknown>;
  readonly #config: PeerConfig;
  readonly #events: PeerEvents<P>;
  readonly #backoff: Backoff;
  #ref: ActorRef<P> | undefined;

  constructor(ctx: Context<unknown>, config: PeerConfig, events: PeerEvents<P>) {
    this.#ctx = ctx;
    this.#config = config;
    this.#events = events;
    this.#backoff = new Backoff(config.backoff, ctx.random);
    this.#dial();
  }

  /** The peer while it is in reach. */
  get ref(): ActorRef<P> | undefined {
    return this.#ref;
  }

  /** The peer has accepted us: the next loss starts with the shortest pause again. */
  settled(): void {
    this.#backoff.reset();
  }

  #dial(): void {
    this.#ctx.dial(this.#config.endpoint, {
      up: (place) => this.#up(place),
      failed: (reason) => {
        this.#events.failed?.(reason, this.#backoff.attempts + 1);
        this.#retry();
      },
    });
  }

  #up(place: string): void {
    const ref = this.#ctx.named<P>(this.#config.name, place);
    this.#ref = ref;
    this.#ctx.watch(ref, ({ reason }) => {
      this.#ref = undefined;
      this.#events.down(typeof reason === "object" ? reason.failed : reason);
      this.#retry();
    });
    this.#events.up(ref);
  }

  #retry(): void {
    this.#ctx.after(`dial.${this.#config.name}@${this.#config.endpoint}`, this.#backoff.nextMs(), () => this.#dial());
  }
}
