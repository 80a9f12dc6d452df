import type { Policy } from "../policy.ts";

/**
 * Strict priorities (paper §3.3): a role of greater weight that still wants offers gets every free resource before lesser
 * ones; the same weight means the same priority, and there dominant shares decide.
 */
export const priority: Policy = {
  name: "priority",
  rank: ({ weight }) => -weight,
  secondRank: ({ share }) => share,
};
