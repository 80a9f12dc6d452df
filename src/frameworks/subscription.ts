import { Backoff } from "../actors/backoff.ts";
import type { Context } from "../actors/context.ts";
import { Peer } from "../actors/peer.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { FrameworkInfo } from "../protocol/framework-info.ts";
import type { FrameworkId } from "../protocol/ids.ts";
import { type MasterProtocol, masterName } from "../protocol/master-api.ts";
import type { SchedulerProtocol } from "../protocol/scheduler-api.ts";

export type SubscriptionEvents = {
  /** The master that had subscribed us is out of reach. */
  readonly lost: (reason: string) => void;
  /** An attempt to reach a master failed; the next one follows. */
  readonly trying: (reason: string, attempts: number) => void;
};

/** Between attempts to reach the master, in milliseconds. */
const dialBackoff = { minMs: 100, maxMs: 10_000, factor: 2 };
/** Between hellos to a master in reach that has not answered yet, in milliseconds; the limits are Mesos's. */
const helloBackoff = { minMs: 1_000, maxMs: 60_000, factor: 2 };

/**
 * A framework's standing with the master: `away → greeting → subscribed`, and back to `away` when the master is
 * lost. It returns under the same framework id for as long as it lives.
 */
export class Subscription {
  readonly #ctx: Context<SchedulerProtocol>;
  readonly #info: FrameworkInfo;
  readonly #peer: Peer<MasterProtocol>;
  readonly #hellos: Backoff;
  #frameworkId: FrameworkId | undefined;
  #subscribed = false;

  constructor(ctx: Context<SchedulerProtocol>, endpoint: string, info: FrameworkInfo, events: SubscriptionEvents) {
    this.#ctx = ctx;
    this.#info = info;
    this.#frameworkId = info.id;
    this.#hellos = new Backoff(helloBackoff, ctx.random);
    this.#peer = new Peer<MasterProtocol>(
      ctx,
      { endpoint, name: masterName, backoff: dialBackoff },
      {
        up: () => this.#hello(),
        down: (reason) => {
          ctx.cancel("subscribe");
          const before = this.#subscribed;
          this.#subscribed = false;
          if (before) events.lost(reason);
        },
        failed: events.trying,
      },
    );
  }

  get frameworkId(): FrameworkId | undefined {
    return this.#frameworkId;
  }

  /** The master while it has us subscribed. */
  get master(): ActorRef<MasterProtocol> | undefined {
    return this.#subscribed ? this.#peer.ref : undefined;
  }

  /** Whether the master may know of us. */
  get begun(): boolean {
    return this.#frameworkId !== undefined || this.#peer.ref !== undefined;
  }

  /** The master's answer. False when it only repeats an earlier one, or comes from a master that is gone. */
  confirm(frameworkId: FrameworkId): boolean {
    if (this.#peer.ref === undefined || this.#subscribed) return false;
    this.#ctx.cancel("subscribe");
    this.#hellos.reset();
    this.#peer.settled();
    this.#frameworkId = frameworkId;
    this.#subscribed = true;
    return true;
  }

  #hello(): void {
    const info = this.#frameworkId === undefined ? this.#info : { ...this.#info, id: this.#frameworkId };
    this.#peer.ref?.tell("subscribe", { self: this.#ctx.self.address, info });
    this.#ctx.after("subscribe", this.#hellos.nextMs(), () => this.#hello());
  }
}
