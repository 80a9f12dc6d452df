import type { Random } from "../actors/world.ts";

/** Randomness for jitter and lotteries; secrets come from `node:crypto`. */
export const systemRandom: Random = {
  unit: () => Math.random(),
  int: (below) => Math.floor(Math.random() * below),
};
