import type { WireBody } from "../actors/wire-value.ts";
import type { Lead } from "../protocol/lead.ts";

export type Order = { readonly kind: string; readonly body: WireBody };

/** Orders of one leadership that are kept of each slave. */
const keptMax = 8;

/** The orders that slaves have had of their present master and of the one before, for those that come late. */
export class Orders {
  readonly #present = new Map<string, Order[]>();
  readonly #former = new Map<string, readonly Order[]>();

  remember(slave: string, kind: string, body: WireBody): void {
    if (kind === "ping") return;
    const present = this.#present.get(slave) ?? [];
    const [first] = present;
    const isNew = first !== undefined && leadOf(first.body) < leadOf(body);
    if (isNew) this.#former.set(slave, present);
    const kept = isNew ? [] : present;
    kept.push({ kind, body });
    this.#present.set(slave, kept.slice(-keptMax));
  }

  /** One of the former master's, chosen by a number in [0, 1). */
  former(slave: string, which: number): Order | undefined {
    const former = this.#former.get(slave) ?? [];
    return former[Math.floor(which * former.length)];
  }
}

function leadOf(body: WireBody): number {
  const { epoch, term } = (body as unknown as { readonly lead: Lead }).lead;
  return epoch * 1_000_000 + term;
}
