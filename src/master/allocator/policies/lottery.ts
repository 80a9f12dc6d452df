import type { Policy } from "../policy.ts";

/**
 * A draw for each offer, with chances in proportion to weights among those who want it (paper §4.3). Each contender's
 * turns are a Poisson process with its weight as rate: who is next is then a draw that remembers nothing, and costs no more
 * than any other order.
 */
export const lottery: Policy = {
  name: "lottery",
  rankedAt: "turn",
  rank: ({ rank, weight, random }) => rank - Math.log(1 - random()) / weight,
};
