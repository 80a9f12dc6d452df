import { invariant } from "../base/invariant.ts";
import type { OfferId, SlaveId } from "../protocol/ids.ts";
import type { Offer } from "../protocol/offer.ts";
import { add, type Resources, subtract } from "../protocol/resources.ts";
import { cover } from "./cover.ts";

/** What goes to one slave in one reply. */
export type Bundle<Request> = {
  /** Every offer of one part of the slave: together they hold the requests. */
  readonly offerIds: readonly OfferId[];
  readonly slaveId: SlaveId;
  readonly hostname: string;
  readonly requests: readonly Request[];
  /** What each of the requests takes: reserved resources first. */
  readonly taken: readonly Resources[];
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
  readonly taken: Resources[];
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
    const fit = firstFit(bins, resources, options.fit === "spread" ? turn : 0);
    if (fit === undefined) {
      hopeless.add(resources);
      continue;
    }
    const { bin, taken } = fit;
    bin.free = subtract(bin.free, taken);
    bin.room--;
    bin.requests.push(request);
    bin.taken.push(taken);
    turn = (fit.index + 1) % bins.length;
  }
  return bins.filter((bin) => bin.requests.length > 0);
}

/** The first bin, from `start` on and around, that holds the resources, and what of it they take. */
function firstFit<Request>(bins: readonly Bin<Request>[], resources: Resources, start: number) {
  for (let step = 0; step < bins.length; step++) {
    const index = (start + step) % bins.length;
    const bin = bins[index];
    invariant(bin !== undefined, "a bin within the list");
    const taken = bin.room > 0 ? cover(bin.free, resources) : undefined;
    if (taken !== undefined) return { index, bin, taken };
  }
  return undefined;
}

/** The parts of a slave are accepted apart. */
function binsOf<Request>(offers: readonly Offer[], room: (slaveId: SlaveId) => number): readonly Bin<Request>[] {
  const bins = new Map<string, Bin<Request>>();
  for (const { id, slaveId, hostname, resources, maxTaskMs } of offers) {
    const part = `${slaveId} ${maxTaskMs}`;
    const bin = bins.get(part);
    if (bin === undefined) {
      const empty = { room: room(slaveId), requests: [], taken: [] };
      bins.set(part, { offerIds: [id], slaveId, hostname, free: resources, ...empty });
      continue;
    }
    bin.offerIds.push(id);
    bin.free = add(bin.free, resources);
  }
  return [...bins.values()];
}
