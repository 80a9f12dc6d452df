import type { Policy } from "../policy.ts";
import { drf } from "./drf.ts";
import { fifo } from "./fifo.ts";
import { lottery } from "./lottery.ts";
import { priority } from "./priority.ts";

/** The policies that come with the product, by the names under which they are chosen. */
export const namedPolicies = { drf, priority, lottery, fifo } as const satisfies Record<string, Policy>;

export type PolicyName = keyof typeof namedPolicies;

export function isPolicyName(name: string): name is PolicyName {
  return Object.hasOwn(namedPolicies, name);
}
