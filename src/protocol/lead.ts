import { count, object } from "./shape.ts";

/**
 * Which leadership an order comes from. `epoch` grows with every election (or restart) of a master, `term` with every
 * restart of the master actor within it. A slave refuses orders of a lower pair than the highest it has seen.
 */
export type Lead = { readonly epoch: number; readonly term: number };

export function isOlderLead(a: Lead, b: Lead): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.term < b.term);
}

export const leadShape = object<Lead>({ epoch: count, term: count });
