import type { OfferId } from "../protocol/ids.ts";
import type { Offer } from "../protocol/offer.ts";

/** What became of the offers of a framework so far. */
export type OfferCounts = {
  readonly seen: number;
  readonly accepted: number;
  readonly declined: number;
  readonly rescinded: number;
};

type Held = { readonly offer: Offer; shown: boolean; kept: boolean };

/**
 * The offers a scheduler has not answered yet. Each leaves exactly once: answered, rescinded, or forgotten with its
 * master. Their number is bounded by the master, which keeps at most so many outstanding per framework.
 */
export class HeldOffers {
  readonly #held = new Map<OfferId, Held>();
  #seen = 0;
  #accepted = 0;
  #declined = 0;
  #rescinded = 0;

  get counts(): OfferCounts {
    return { seen: this.#seen, accepted: this.#accepted, declined: this.#declined, rescinded: this.#rescinded };
  }

  get all(): readonly Offer[] {
    return [...this.#held.values()].map(({ offer }) => offer);
  }

  add(offers: readonly Offer[]): void {
    this.#seen += offers.length;
    for (const offer of offers) this.#held.set(offer.id, { offer, shown: false, kept: false });
  }

  /** Those of the offers that are still held; from now on their author knows them. */
  show(offers: readonly Offer[]): readonly Offer[] {
    return offers.filter(({ id }) => {
      const held = this.#held.get(id);
      if (held !== undefined) held.shown = true;
      return held !== undefined;
    });
  }

  keep(ids: readonly OfferId[]): void {
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held !== undefined) held.kept = true;
    }
  }

  /** Those of the offers that nobody has answered or kept. */
  unanswered(offers: readonly Offer[]): readonly OfferId[] {
    return offers.map(({ id }) => id).filter((id) => this.#held.get(id)?.kept === false);
  }

  accept(ids: readonly OfferId[]): void {
    this.#accepted += this.#remove(ids).length;
  }

  /** Answers with those that were held. */
  decline(ids: readonly OfferId[]): readonly OfferId[] {
    const removed = this.#remove(ids).map(({ offer }) => offer.id);
    this.#declined += removed.length;
    return removed;
  }

  /** Answers with those that their author knows. */
  rescind(ids: readonly OfferId[]): readonly OfferId[] {
    const removed = this.#remove(ids);
    this.#rescinded += removed.length;
    return removed.filter(({ shown }) => shown).map(({ offer }) => offer.id);
  }

  /** The master that made them is gone, and they with it. */
  forget(): void {
    this.#rescinded += this.#held.size;
    this.#held.clear();
  }

  #remove(ids: readonly OfferId[]): readonly Held[] {
    return ids.flatMap((id) => {
      const held = this.#held.get(id);
      this.#held.delete(id);
      return held === undefined ? [] : [held];
    });
  }
}
