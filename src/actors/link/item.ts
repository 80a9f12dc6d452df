import type { AskFailure } from "../context.ts";
import type { DownReason } from "../spec.ts";
import type { WireBody, WireValue } from "../wire-value.ts";

/** Whom a message on a link is for: an actor's slot in its present life, or the holder of a name. */
export type ItemTarget =
  | { readonly slot: number; readonly generation: number; readonly name?: undefined }
  | { readonly name: string };

/** One message on a link, in either direction. Signals share the stream with messages, so order is kept. */
export type LinkItem =
  /**
   * What follows was sent by this actor, in the turn that has this number in its thread's flight recorder; by none and
   * because of none when all three are 0.
   */
  | { readonly type: "by"; readonly slot: number; readonly generation: number; readonly cause: number }
  | { readonly type: "tell"; readonly to: ItemTarget; readonly kind: string; readonly body: WireBody }
  | {
      readonly type: "ask";
      readonly to: ItemTarget;
      readonly kind: string;
      readonly body: WireBody;
      readonly correlation: number;
      readonly remainingMs: number;
    }
  | { readonly type: "reply"; readonly correlation: number; readonly value: WireValue }
  | {
      readonly type: "askFailed";
      readonly correlation: number;
      readonly code: AskFailure;
      readonly outcome: "unknown" | "not-run";
    }
  /** So many messages of this kind, told by the actor, found a full mailbox at the address. */
  | {
      readonly type: "refused";
      readonly slot: number;
      readonly generation: number;
      readonly to: string;
      readonly kind: string;
      readonly count: number;
    }
  | { readonly type: "watch"; readonly to: ItemTarget; readonly watch: number }
  | { readonly type: "unwatch"; readonly watch: number }
  | { readonly type: "down"; readonly watch: number; readonly who: string; readonly reason: DownReason };

/** Whether the item is a user message, which a full queue may refuse. */
export function isRefusable(item: LinkItem): boolean {
  return item.type === "tell" || item.type === "ask";
}
