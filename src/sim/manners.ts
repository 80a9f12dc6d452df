import type { OfferId, TaskId } from "../protocol/ids.ts";
import type { TaskState } from "../protocol/task.ts";
import type { Deed } from "./witness.ts";

/** A rule that a scheduler broke, and how. */
export type Breach = {
  readonly rule: string;
  readonly what: string;
  /** The task or offer it is about: the words a story is searched for. Undefined: everything. */
  readonly about?: string;
};

/** `void`: it went with its master. */
type OfferState = "held" | "answered" | "rescinded" | "void";
type KnownOffer = { readonly shownMs: number; state: OfferState; kept: boolean; launchesTooLate: number };

/**
 * The rules that every scheduler has to keep, checked against what it hears and does. They are rules of the
 * conversation alone: whatever the framework is for, breaking one costs it work or costs others their share.
 */
export class Manners {
  readonly #now: () => number;
  readonly #hoardMaxMs: number;
  readonly #launched = new Set<TaskId>();
  readonly #heard = new Map<TaskId, TaskState>();
  readonly #offers = new Map<OfferId, KnownOffer>();
  #breach: Breach | undefined;
  #progressedMs = 0;

  constructor(now: () => number, hoardMaxMs: number) {
    this.#now = now;
    this.#hoardMaxMs = hoardMaxMs;
  }

  /** The first rule that was broken. */
  get breach(): Breach | undefined {
    return this.#breach ?? this.#hoarded();
  }

  /** When the framework last launched something, or heard something new. */
  get progressedMs(): number {
    return this.#progressedMs;
  }

  hear(deed: Deed): void {
    switch (deed.kind) {
      case "offered":
        for (const { id } of deed.offers)
          this.#offers.set(id, { shownMs: this.#now(), state: "held", kept: false, launchesTooLate: 0 });
        return;
      case "considered":
        // What was neither answered nor kept is declined by the driver.
        for (const { id } of deed.offers) if (this.#offers.get(id)?.kept === false) this.#end(id, "answered");
        return;
      case "kept":
        for (const id of deed.offerIds) {
          const offer = this.#offers.get(id);
          if (offer !== undefined) offer.kept = true;
        }
        return;
      case "rescinded":
        return this.#end(deed.offerId, "rescinded");
      case "disconnected":
        for (const id of this.#offers.keys()) this.#end(id, "void");
        return;
      case "declined":
        for (const id of deed.offerIds) this.#end(id, "answered");
        return;
      case "replied":
        for (const { taskId } of deed.tasks) this.#launch(taskId);
        for (const id of deed.offerIds) this.#use(id);
        return;
      case "told":
        if (this.#heard.get(deed.status.taskId) !== deed.status.state) this.#progressedMs = this.#now();
        this.#heard.set(deed.status.taskId, deed.status.state);
        return;
      case "threw":
        return this.#broken({ rule: "a callback does not throw", what: `${deed.callback} threw: ${deed.message}` });
      case "ended":
        // What it held went back with it.
        this.#offers.clear();
        if (deed.ending.kind !== "done") {
          this.#broken({ rule: "a framework does not give up", what: `it ended: ${deed.ending.message}` });
        }
        return;
      default:
        return;
    }
  }

  #launch(taskId: TaskId): void {
    if (this.#launched.has(taskId)) {
      this.#broken({ rule: "a task id is launched once", what: `it launched ${taskId} twice`, about: taskId });
    }
    this.#launched.add(taskId);
    this.#progressedMs = this.#now();
  }

  /** A reply can cross with a rescind, so the first one that comes too late is no mistake. */
  #use(id: OfferId): void {
    const offer = this.#offers.get(id);
    if (offer === undefined || offer.state === "held") return this.#end(id, "answered");
    offer.launchesTooLate++;
    if (offer.state === "answered") {
      this.#broken({ rule: "an offer is answered once", what: `it launched on ${id} after answering it`, about: id });
    } else if (offer.launchesTooLate > 1) {
      const what = `it launched again and again on ${id}, which was gone`;
      this.#broken({ rule: "an offer that is gone is not used", what, about: id });
    }
  }

  #end(id: OfferId, state: OfferState): void {
    const offer = this.#offers.get(id);
    if (offer?.state === "held") offer.state = state;
  }

  #hoarded(): Breach | undefined {
    for (const [id, { state, shownMs }] of this.#offers) {
      const heldMs = this.#now() - shownMs;
      if (state !== "held" || heldMs <= this.#hoardMaxMs) continue;
      const what = `it has held ${id} for ${Math.round(heldMs / 1_000)} s and not answered`;
      return { rule: "offers are answered", what, about: id };
    }
    return undefined;
  }

  #broken(breach: Breach): void {
    this.#breach ??= breach;
  }
}
