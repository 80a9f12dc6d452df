import type { Policy } from "../policy.ts";

/**
 * A draw for each offer, with chances in proportion to weights among those who want it (paper §4.3). Each contender's
 * turns are a Poisson process with its weight as rate: who is next is then a draw that remembers nothing, and costs no more
 * than any other order. Whoever had a turn draws anew from the present instant, `lastTurn`, also when it was passed over: a
 * turn that lies in the past would be a better chance than others have.
 */
export const lottery: Policy = {
  name: "lottery",
  rankedAt: "turn",
  rank: ({ lastTurn, weight, random }) => lastTurn - Math.log(1 - random()) / weight,
};
