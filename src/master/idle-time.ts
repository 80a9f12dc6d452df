import type { Counts } from "../protocol/cluster-events.ts";
import { amountIn, type Quantities } from "../protocol/quantities.ts";
import { add, noResources, type Resources, scalar, scalarsOf, sum } from "../protocol/resources.ts";
import type { IdleCause } from "../protocol/why.ts";
import type { AllocatorCounts } from "./allocator/protocol.ts";
import type { MasterState } from "./state.ts";

/** Kinds of resources that are counted; those that come later are not. */
const namesMax = 16;
/** Longest time that one look may stand for, in milliseconds: what was in between is not known. */
const stepMaxMs = 10_000;

/** What frameworks had at one moment, over all slaves. */
export type Held = { readonly used: Quantities; readonly staging: Quantities; readonly offered: Quantities };

/**
 * How long how much has been idle, and why: `allocator/idle_seconds/RESOURCE/CAUSE`, in units of the resource times seconds.
 * About once a second the amounts of that moment are counted for the time since the last look, so that the causes add up
 * to all that was idle, as they do for the moment (`Why`).
 */
export class IdleTime {
  readonly #state: () => MasterState;
  /** By name, then cause: thousandths times milliseconds. */
  readonly #sums = new Map<string, Map<IdleCause, number>>();
  #lastMs: number | undefined;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  get counts(): Counts {
    const counts: Record<string, number> = {};
    for (const [name, causes] of this.#sums) {
      for (const [cause, amount] of causes) counts[`allocator/idle_seconds/${name}/${cause}`] = amount / 1_000_000;
    }
    return counts;
  }

  held(): Held {
    const all = [...this.#state().frameworks.all()];
    const total = (part: "used" | "staging" | "offered") =>
      scalarsOf(all.reduce<Resources>((amount, framework) => add(amount, framework[part]), noResources));
    return { used: total("used"), staging: total("staging"), offered: total("offered") };
  }

  /** `held`: as the allocator was asked. */
  sample({ used, staging, offered }: Held, { total, idle }: Pick<AllocatorCounts, "total" | "idle">): void {
    const nowMs = this.#state().ctx.clock.now();
    const passedMs = Math.min(stepMaxMs, nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = nowMs;
    const free = sum(Object.values(idle));
    const inTransit = inTransitOf(total, free, { used, offered });
    const amounts = { ...idle, offered, inFlight: staging, inTransit } satisfies { [cause in IdleCause]?: Quantities };
    for (const [cause, quantities] of Object.entries(amounts)) {
      for (const [name, amount] of Object.entries(quantities)) this.#count(name, cause as IdleCause, amount * passedMs);
    }
  }

  #count(name: string, cause: IdleCause, amount: number): void {
    const causes = this.#sums.get(name) ?? new Map<IdleCause, number>();
    if (!this.#sums.has(name)) {
      if (this.#sums.size === namesMax) return;
      this.#sums.set(name, causes);
    }
    causes.set(cause, (causes.get(cause) ?? 0) + amount);
  }
}

/**
 * What the allocator has given away and the master had not heard of when it asked. Whatever the master knew then the allocator
 * had been told before it was asked, so it is never negative.
 */
export function inTransitOf(total: Quantities, free: Resources, { used, offered }: Omit<Held, "staging">): Quantities {
  const inTransit: Record<string, number> = {};
  for (const name of Object.keys(total)) {
    const amount = amountIn(total, name) - scalar(free, name) - scalar(used, name) - scalar(offered, name);
    if (amount !== 0) inTransit[name] = amount;
  }
  return inTransit;
}
