import type { ReplySlot } from "./asks.ts";
import type { Cell } from "./cell.ts";
import type { AskFailure } from "./context.ts";
import type { ItemTarget, LinkItem } from "./link/item.ts";
import { Letter } from "./mailbox.ts";
import type { ActorSystem } from "./system.ts";
import type { WireValue } from "./wire-value.ts";

/** A message that a link brings. */
export type Arrival = Extract<LinkItem, { readonly type: "tell" | "ask" }>;

type Question = Extract<Arrival, { readonly type: "ask" }>;

/** What the link takes back to where a message came from. */
export type Backwards = {
  /** True between processes: only exported actors are reachable. */
  readonly crossesHosts: boolean;
  answer(item: LinkItem): void;
  /** The actor at this address had no room for a told message. */
  refuse(to: string, kind: string): void;
  /** No peer of ours sends what came: the link that brought it ends, and the peer is told why. */
  malformed(what: string, fault: string): void;
};

/** Brings the messages of links to the mailboxes of one thread, or says why not. */
export class Arrivals {
  readonly #system: ActorSystem;
  #shut = false;
  /** Whom the last message was for: messages come in runs. A link uses the same target object for a whole run. */
  #lastTo: ItemTarget | undefined;
  #lastCell: Cell | undefined;

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** From now on every message is turned away: the thread finishes what it has. */
  shut(): void {
    this.#shut = true;
  }

  deliver(item: Arrival, back: Backwards): void {
    const { deadLetters, cause } = this.#system;
    const { to, kind, body } = item;
    const known = to === this.#lastTo && this.#lastCell?.state !== "stopped" ? this.#lastCell : undefined;
    const cell = known ?? this.#system.reachable(to, back.crossesHosts);
    this.#lastTo = to;
    this.#lastCell = cell;
    if (cell === undefined) {
      deadLetters.add(this.#label(to), kind, this.#system.lookup(to) === undefined ? "noproc" : "unauthorised");
      return notRun(item, "down", back);
    }
    if (this.#shut) {
      deadLetters.add(cell.path, kind, "stopped");
      return notRun(item, "shutting-down", back);
    }
    const fault = back.crossesHosts ? cell.spec.protocol.fault?.(kind, body) : undefined;
    if (fault !== undefined) {
      deadLetters.add(cell.path, kind, "malformed");
      return back.malformed(kind, fault);
    }
    const slot = item.type === "ask" ? new FarQuestion(item, this.#system.turnMs + item.remainingMs, back) : undefined;
    if (this.#system.post(cell, new Letter(kind, body, slot, undefined, undefined, cause))) return;
    deadLetters.add(cell.path, kind, "refused");
    if (item.type === "ask") return notRun(item, "overloaded", back);
    back.refuse(this.#label(to), kind);
  }

  #label(target: ItemTarget): string {
    const { place } = this.#system;
    return target.name === undefined ? `${place}:${target.slot}.${target.generation}` : `${place}:@${target.name}`;
  }
}

/** A question of an actor at another place. */
class FarQuestion implements ReplySlot {
  readonly deadline: number;
  readonly #correlation: number;
  readonly #back: Backwards;
  #settled = false;

  constructor({ correlation }: Question, deadline: number, back: Backwards) {
    this.deadline = deadline;
    this.#correlation = correlation;
    this.#back = back;
  }

  answer(value: WireValue): void {
    this.#settle({ type: "reply", correlation: this.#correlation, value });
  }

  fail(code: AskFailure, outcome: "unknown" | "not-run"): void {
    this.#settle({ type: "askFailed", correlation: this.#correlation, code, outcome });
  }

  #settle(item: LinkItem): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#back.answer(item);
  }
}

function notRun(item: Arrival, code: "down" | "shutting-down" | "overloaded", back: Backwards): void {
  if (item.type === "ask") {
    back.answer({ type: "askFailed", correlation: item.correlation, code, outcome: "not-run" });
  }
}
