import type { ReplySlot } from "./asks.ts";
import type { ItemTarget, LinkItem } from "./link/item.ts";
import { Letter } from "./mailbox.ts";
import type { ActorSystem } from "./system.ts";

/** A message that a link brings. */
export type Arrival = Extract<LinkItem, { readonly type: "tell" | "ask" }>;

/** What the link takes back to where a message came from. */
export type Backwards = {
  /** True between processes: only exported actors are reachable. */
  readonly crossesHosts: boolean;
  answer(item: LinkItem): void;
  /** The actor at this address had no room for a told message. */
  refuse(to: string, kind: string): void;
};

/** Brings the messages of links to the mailboxes of one thread, or says why not. */
export class Arrivals {
  readonly #system: ActorSystem;
  #shut = false;

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
    const cell = this.#system.reachable(to, back.crossesHosts);
    if (cell === undefined) {
      deadLetters.add(this.#label(to), kind, this.#system.lookup(to) === undefined ? "noproc" : "unauthorised");
      return notRun(item, "down", back);
    }
    if (this.#shut) {
      deadLetters.add(cell.path, kind, "stopped");
      return notRun(item, "shutting-down", back);
    }
    const slot = item.type === "ask" ? this.#slot(item, back) : undefined;
    if (this.#system.post(cell, new Letter(kind, body, slot, undefined, undefined, cause))) return;
    deadLetters.add(cell.path, kind, "refused");
    if (item.type === "ask") return notRun(item, "overloaded", back);
    back.refuse(this.#label(to), kind);
  }

  #slot({ correlation, remainingMs }: Extract<Arrival, { readonly type: "ask" }>, back: Backwards): ReplySlot {
    return {
      deadline: this.#system.turnMs + remainingMs,
      answer: (value) => back.answer({ type: "reply", correlation, value }),
      fail: (code, outcome) => back.answer({ type: "askFailed", correlation, code, outcome }),
    };
  }

  #label(target: ItemTarget): string {
    const { place } = this.#system;
    return target.name === undefined ? `${place}:${target.slot}.${target.generation}` : `${place}:@${target.name}`;
  }
}

function notRun(item: Arrival, code: "down" | "shutting-down" | "overloaded", back: Backwards): void {
  if (item.type === "ask") {
    back.answer({ type: "askFailed", correlation: item.correlation, code, outcome: "not-run" });
  }
}
