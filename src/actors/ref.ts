import type { Address } from "./address.ts";
import type { BodyOf, TellKind } from "./protocol.ts";

/**
 * A way to reach an actor, the same wherever it lives. Telling never throws, never runs the receiver on the
 * caller's stack, and inside a handler leaves only when the handler has returned.
 */
export type ActorRef<P> = {
  readonly address: Address<P>;
  tell<K extends TellKind<P>>(kind: K, body: BodyOf<P[K]>): void;
};
