import { invariant } from "../base/invariant.ts";
import type { OfferId, SlaveId } from "../protocol/ids.ts";
import type { Offer } from "../protocol/offer.ts";
import { add, contains, type Resources, subtract } from "../protocol/resources.ts";

/** What goes to one slave in one reply. */
export type Bundle<Request> = {
  /** Every offer of the slave: together they hold the requests. */
  readonly offerIds: readonly OfferId[];
  readonly slaveId: SlaveId;
  readonly hostname: string;
  readonly requests: readonly Request[];
};

export type PackOptions = {
  /** Fills slave after slave (`first`, the default), or hands one request to each slave in turn (`spread`). */
  readonly fit?: "first" | "spread";
  /** How many requests a slave may get. Default: as many as fit. */
  readonly room?: (slaveId: SlaveId) => number;
};

type Bin<Request> = {
  readonly offerIds: OfferId[];
  readonly slaveId: SlaveId;
  readonly hostname: string;
  free: Resources;
  room: number;
  readonly requests: Request[];
};

/**
 * First fit: puts each request, in order, on the first slave whose offers still hold it. Requests that fit nowhere
 * are left out, as are slaves that got nothing.
 */
export function pack<Request extends { readonly resources: Resources }>(
  requests: Iterable<Request>,
  offers: readonly Offer[],
  options: PackOptions = {},
): readonly Bundle<Request>[] {
  const bins = binsOf<Request>(offers, options.room ?? (() => Number.POSITIVE_INFINITY));
  /** What has fitted nowhere will not fit later: bins only fill up. By identity, as like requests share it. */
  const hopeless = new Set<Resources>();
  let turn = 0;
  for (const request of requests) {
    const { resources } = request;
    if (hopeless.has(resources)) continue;
    const chosen = firstFit(bins, resources, options.fit === "spread" ? turn : 0);
    const bin = chosen === undefined ? undefined : bins[chosen];
    if (chosen === undefined || bin === undefined) {
      hopeless.add(resources);
      continue;
    }
    bin.free = subtract(bin.free, resources);
    bin.room--;
    bin.requests.push(request);
    turn = (chosen + 1) % bins.length;
  }
  return bins.filter((bin) => bin.requests.length > 0);
}

/** Index of the first bin, from `start` on and around, that holds the resources. */
function firstFit(
  bins: readonly Pick<Bin<never>, "free" | "room">[],
  resources: Resources,
  start: number,
): number | undefined {
  for (let step = 0; step < bins.length; step++) {
    const index = (start + step) % bins.length;
    const bin = bins[index];
    invariant(bin !== undefined, "a bin within the list");
    if (bin.room > 0 && contains(bin.free, resources)) return index;
  }
  return undefined;
}

function binsOf<Request>(offers: readonly Offer[], room: (slaveId: SlaveId) => number): readonly Bin<Request>[] {
  const bins = new Map<SlaveId, Bin<Request>>();
  for (const { id, slaveId, hostname, resources } of offers) {
    const bin = bins.get(slaveId);
    if (bin === undefined) {
      bins.set(slaveId, { offerIds: [id], slaveId, hostname, free: resources, room: room(slaveId), requests: [] });
      continue;
    }
    bin.offerIds.push(id);
    bin.free = add(bin.free, resources);
  }
  return [...bins.values()];
}
