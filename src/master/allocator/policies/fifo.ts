import type { Policy } from "../policy.ts";

/** Who came first is served first. For tests and comparisons. */
export const fifo: Policy = {
  name: "fifo",
  rank: ({ arrival }) => arrival,
};
