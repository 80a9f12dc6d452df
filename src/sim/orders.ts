import type { WireBody } from "../actors/wire-value.ts";
import { isOlderLead, type Lead } from "../protocol/lead.ts";

type Order = { readonly kind: string; readonly body: WireBody };
type Leadership = { readonly lead: Lead; readonly orders: Order[]; readonly former: readonly Order[] };

/** Orders of one leadership that are kept of each slave: the last. */
const keptMax = 8;

/** The orders that slaves have had of their present master and of the one before, for those that come late. */
export class Orders {
  readonly #leaderships = new Map<string, Leadership>();

  remember(slave: string, kind: string, body: WireBody & { readonly lead: Lead }): void {
    if (kind === "ping") return;
    const known = this.#leaderships.get(slave);
    if (known !== undefined && isOlderLead(body.lead, known.lead)) return;
    const present = known === undefined || isOlderLead(known.lead, body.lead) ? this.#begin(slave, body.lead) : known;
    present.orders.push({ kind, body });
    if (present.orders.length > keptMax) present.orders.shift();
  }

  /** One of the former master's, chosen by a number in [0, 1). */
  former(slave: string, which: number): Order | undefined {
    const { former = [] } = this.#leaderships.get(slave) ?? {};
    return former[Math.floor(which * former.length)];
  }

  #begin(slave: string, lead: Lead): Leadership {
    const leadership: Leadership = { lead, orders: [], former: this.#leaderships.get(slave)?.orders ?? [] };
    this.#leaderships.set(slave, leadership);
    return leadership;
  }
}
