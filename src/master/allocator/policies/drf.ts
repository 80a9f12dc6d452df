import type { Policy } from "../policy.ts";

/**
 * Weighted dominant resource fairness (Ghodsi et al., NSDI 2011, §4.3): whose largest share of any resource is smallest,
 * weights counted in, comes first.
 */
export const drf: Policy = {
  name: "drf",
  rank: ({ share, weight }) => share / weight,
};
