import type { Address } from "./address.ts";
import type { AskKind, BodyOf, ReplyOf } from "./protocol.ts";
import type { ActorRef } from "./ref.ts";
import type { Down, DownReason, Spec } from "./spec.ts";
import type { WireValue } from "./wire-value.ts";
import type { Clock, Ids, LogLevel, Random, World } from "./world.ts";

/**
 * The only door to the outside, and an outbox: what a turn tells, spawns, arms or starts leaves when the turn
 * returns; a turn that throws has done nothing. Continuations (`settled`, `run`, `down`, …) are turns of the same actor.
 * Once the actor has stopped, every method throws `Fenced`.
 */
export type Context<P> = {
  readonly self: ActorRef<P>;
  readonly clock: Pick<Clock, "now" | "wall">;
  readonly random: Random;
  readonly ids: Ids;
  log(level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>): void;

  ref<Q>(address: Address<Q>): ActorRef<Q>;
  /** The holder of a name, on this thread or at a place; resolved at every send. */
  named<Q>(name: string, place?: string): ActorRef<Q>;

  /** A child; it dies with this actor. Messages sent before it has started wait for it. */
  spawn<Q, Args>(spec: Spec<Q, Args>, args: Args, options?: SpawnOptions): ActorRef<Q>;
  /** Ends a child or this actor itself when the turn has returned, before anything that waits in its mailbox. */
  stop(target?: ActorRef<unknown>, reason?: DownReason): void;

  /** Exactly one `down` follows, also when the actor is dead already or never was. */
  watch(ref: ActorRef<unknown>, down: (down: Down) => void): Watch;
  /** Afterwards no `down` for this watch runs, even if it is queued. */
  unwatch(watch: Watch): void;

  /** Asks with a deadline; `settled` hears exactly one outcome. */
  ask<Q, K extends AskKind<Q>>(ref: ActorRef<Q>, kind: K, body: BodyOf<Q[K]>, options: AskOptions<ReplyOf<Q[K]>>): void;

  /** Runs after a delay; arming a key again replaces what it held. A cancelled timer never runs. */
  after(key: string, delayMs: number, run: () => void): void;
  every(key: string, periodMs: number, run: () => void): void;
  cancel(key: string): void;

  /** Appends the record to this actor's journal and runs `then` once it is on disk: the gate for what is promised. */
  afterDurable(record: WireValue, then: () => void): void;

  /** Hears every record of this actor's journal, in order: what it had promised in earlier lives. */
  recoverJournal(recovered: (records: readonly WireValue[]) => void): void;
  /** Puts these records in place of the whole journal, in one step. */
  replaceJournal(records: readonly WireValue[], then: () => void): void;

  /** Starts an effect on the world when the turn has returned. */
  act(effect: (world: World) => void): void;
  /** Runs work that takes its time outside; its outcome comes back as a turn, or not at all if the actor is gone. */
  pipe<T>(work: (signal: AbortSignal) => Promise<T>, then: (outcome: Outcome<T>) => void): void;

  /** Opens a link to an endpoint; `up` or `failed` follows once. */
  dial(endpoint: string, on: { readonly up: (place: string) => void; readonly failed: (reason: string) => void }): void;
};

export type Watch = { readonly id: number };

export type SpawnOptions = {
  /** Unique on its thread while the actor lives. */
  readonly name?: string;
  /** Whether other hosts may reach the name. Default false. */
  readonly exported?: boolean;
};

export type AskOptions<R> = {
  readonly timeoutMs: number;
  readonly settled: (outcome: AskOutcome<R>) => void;
};

/** What became of an ask. `unknown`: the request may have run. `not-run`: it has not and will not. */
export type AskOutcome<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly code: AskFailure; readonly outcome: "unknown" | "not-run" };

export type AskFailure = "timeout" | "down" | "overloaded" | "expired" | "shutting-down";

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };
