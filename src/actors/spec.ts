import type { Context } from "./context.ts";
import type { MailboxMax } from "./mailbox.ts";
import type { Handlers, ProtocolTable } from "./protocol.ts";

/**
 * A behaviour as a value. `start` makes the state, closes over it, and returns the handlers; nothing survives a
 * restart but what `start` makes again. Handlers run to completion, one message at a time, and are synchronous:
 * returning a promise fails the actor.
 */
export type Spec<P, Args> = {
  readonly name: string;
  readonly protocol: ProtocolTable<P>;
  /** How many user messages may wait; beyond that the sender is refused. Default 8 192. */
  readonly mailboxMax?: MailboxMax;
  start(ctx: Context<P>, args: Args): Behaviour<P>;
};

export type Behaviour<P> = Handlers<P> & Hooks;

type Hooks = {
  /** Messages of ours that a full mailbox refused, at most one call per receiver, kind and turn. */
  readonly onRefused?: (refused: Refused) => void;
  /** The last thing that runs. What it tells or starts on the world still leaves; it may not spawn, ask or wait. */
  readonly onStop?: (reason: DownReason) => void;
  /** The live state, for oracles and inspection; never sent anywhere. */
  readonly inspect?: () => unknown;
};

export type Refused = { readonly to: string; readonly kind: string; readonly count: number };

export type DownReason = "normal" | "shutdown" | "restarted" | "noproc" | "noconnection" | { readonly failed: string };

/** The end of a watched actor. Only `noconnection` leaves open whether it is dead: its host may just be out of reach. */
export type Down = { readonly who: string; readonly reason: DownReason; readonly certainty: "dead" | "unknown" };
