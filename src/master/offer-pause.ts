import type { PauseProgress } from "../protocol/cluster-events.ts";
import type { SlaveId } from "../protocol/ids.ts";
import type { MasterState } from "./state.ts";

/** How much of the slaves must be back before offers are made again, and how long that may take, as in Mesos. */
const backPercent = 80;
const pauseMaxMs = 600_000;

/**
 * After a restart of the master no offers are made until most slaves are back, if any role has a quota: with half of the
 * cluster missing it would be judged wrongly who has too much and who too little.
 */
export class OfferPause {
  readonly #state: () => MasterState;
  readonly #awaited = new Set<SlaveId>();
  #known = 0;
  #on = false;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  get isOn(): boolean {
    return this.#on;
  }

  /** How many of the slaves that were known are back; undefined when offers are made. */
  get progress(): PauseProgress | undefined {
    return this.#on ? { back: this.#known - this.#awaited.size, known: this.#known } : undefined;
  }

  /** `known`: the slaves of the registry. */
  begin(known: readonly SlaveId[]): void {
    const { ctx, registrar, publisher } = this.#state();
    if (known.length === 0 || registrar.registry.quotas.size === 0) return;
    for (const slaveId of known) this.#awaited.add(slaveId);
    this.#known = known.length;
    this.#on = true;
    publisher.pauseChanged();
    ctx.log("info", "no offers until most slaves are back", { known: known.length });
    ctx.after("offerPause", pauseMaxMs, () => this.end());
  }

  /** A slave has come back, or is given up. */
  settled(slaveId: SlaveId): void {
    if (!this.#on || !this.#awaited.delete(slaveId)) return;
    this.#state().publisher.pauseChanged();
    const back = this.#known - this.#awaited.size;
    if (back * 100 >= this.#known * backPercent) this.end();
  }

  /** Also when no role has a quota any more. */
  end(): void {
    const { ctx, allocator, publisher } = this.#state();
    if (!this.#on) return;
    publisher.pauseChanged();
    this.#on = false;
    ctx.cancel("offerPause");
    ctx.log("info", "offers are made again", { missing: this.#awaited.size });
    allocator.resume();
  }
}
