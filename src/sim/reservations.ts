import type { Prng } from "../base/prng.ts";
import { reserve, unreserve } from "../frameworks/operations.ts";
import type { Offer, ReservationOperation } from "../protocol/offer.ts";
import type { OperationStatus } from "../protocol/operation-status.ts";
import { reservationOf } from "../protocol/reservation.ts";
import { contains, isEmpty, type Resources } from "../protocol/resources.ts";
import { defaultRole } from "../protocol/role.ts";

/** What a simulated framework reserves now and then, and what it has heard of that; the simulator's, and survives crashes. */
export class Reservations {
  readonly #name: string;
  readonly #states = new Map<string, OperationStatus["state"]>();
  #made = 0;
  /** The first operation of which something was heard that cannot be, and what. */
  misheard: string | undefined;
  /** Operations that were carried out. */
  finished = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** What to do with an offer before anything is launched on it. With no work left nothing stays reserved. */
  wanted(
    { role, resources }: Offer,
    needed: Resources,
    { chance, random, busy }: { readonly chance: number; readonly random: Prng; readonly busy: boolean },
  ): readonly ReservationOperation[] {
    const reserved = dynamicOf(resources);
    const operationId = () => (random.chance(0.5) ? undefined : `${this.#name}-op${++this.#made}`);
    if (!isEmpty(reserved) && (!busy || random.chance(chance))) return [unreserve(reserved, operationId())];
    const may = busy && role !== defaultRole && chance > 0 && contains(resources, needed);
    if (!may || !random.chance(chance)) return [];
    const labels = random.chance(0.3) ? { labels: [{ key: this.#name }] } : {};
    return [reserve(needed, { role, ...labels }, operationId())];
  }

  hear({ operationId, state }: OperationStatus): void {
    const before = this.#states.get(operationId);
    this.#states.set(operationId, state);
    if (state === "finished" && before !== "finished") this.finished++;
    if (before !== undefined && before !== state) {
      this.misheard ??= `${this.#name} heard of operation ${operationId}: ${before} and then ${state}`;
    }
  }
}

/** What of the resources is reserved by a call. */
export function dynamicOf(resources: Resources): Resources {
  return Object.fromEntries(Object.entries(resources).filter(([key]) => reservationOf(key)?.dynamic === true));
}
