import type { ActorSystem } from "../actors/system.ts";
import type { Condition } from "./condition.ts";
import type { Ready } from "./strategy.ts";

type Waiting = Ready & { readonly condition: Condition };

/**
 * The threads that wait for a turn, in the order in which they began to. A thread waits from the moment its system
 * asks its host to be woken, as it would on a real machine, until it is given a turn.
 */
export class Turns {
  readonly #now: () => number;
  readonly #waiting: Waiting[] = [];
  readonly #systems = new Set<ActorSystem>();
  #waits = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  wake(node: string, system: ActorSystem, condition: Condition): void {
    if (this.#systems.has(system)) return;
    this.#systems.add(system);
    this.#waiting.push({ node, system, condition, sinceMs: this.#now(), order: this.#waits++ });
  }

  /** Those that could go now: a node that stands still or rests cannot. Valid until the next change. */
  ready(): readonly Ready[] {
    const nowMs = this.#now();
    const can = ({ condition }: Waiting) => !condition.paused && condition.restsUntilMs <= nowMs;
    for (const waiting of this.#waiting) if (!can(waiting)) return this.#waiting.filter(can);
    return this.#waiting;
  }

  /** The thread has its turn, or will never have one again. */
  remove(system: ActorSystem): void {
    if (!this.#systems.delete(system)) return;
    const index = this.#waiting.findIndex((waiting) => waiting.system === system);
    this.#waiting.splice(index, 1);
  }
}
