import type { FrameworkId } from "../../protocol/ids.ts";

/**
 * Who competes for the next offer: a role among the roles beside it, or a framework among the frameworks of a role. One
 * object stands for all of them in turn: read what is needed and keep none.
 */
export type Contender = {
  /** The role, or the framework's id. */
  readonly name: string;
  /** Undefined for a role. */
  readonly frameworkId: FrameworkId | undefined;
  /** Of a role as an operator has set it, else 1. */
  readonly weight: number;
  /** The largest part that it holds of any scalar in the cluster, offered counted as held, in [0, 1]. */
  readonly share: number;
  /** In which order they came, from 0. */
  readonly arrival: number;
  /** What it holds of a scalar, in thousandths. */
  readonly allocated: (resource: string) => number;
  /** A number in [0, 1) from the allocator's own seed. */
  readonly random: () => number;
  /** The rank of whoever had the last turn among those beside it; 0 before any, and after a change of weights. */
  readonly lastTurn: number;
  /** Its rank so far; for one that has just begun to want offers, and after a change of weights, `lastTurn`. */
  readonly rank: number;
};

/**
 * An order in which frameworks are owed offers. Within each role, and among roles that stand side by side, the lowest
 * rank comes first. Between equal ranks the second rank decides, then who has had fewer allocations, then the name.
 *
 * A policy must not throw: one that does restarts the allocator from the master's book.
 */
export type Policy = {
  readonly name: string;
  /** A finite number. */
  rank(contender: Contender): number;
  /** Default 0. */
  secondRank?(contender: Contender): number;
  /**
   * When a rank is asked for: `"allocation"` (default), whenever what it depends on has changed; `"turn"`, whenever the
   * contender has had its turn: it was given an offer, or it was passed over because it did not want the slave.
   */
  readonly rankedAt?: "allocation" | "turn";
};

/** What is wrong with what a module gives as its policy, or undefined. */
export function policyFault(candidate: unknown): string | undefined {
  if (typeof candidate !== "object" || candidate === null) return "it is no object";
  const { name, rank, secondRank, rankedAt } = candidate as Partial<Record<keyof Policy, unknown>>;
  if (typeof name !== "string" || name === "") return "`name` is no text";
  if (typeof rank !== "function") return "`rank` is no function";
  if (secondRank !== undefined && typeof secondRank !== "function") return "`secondRank` is no function";
  if (![undefined, "allocation", "turn"].includes(rankedAt as Policy["rankedAt"])) {
    return '`rankedAt` is neither "allocation" nor "turn"';
  }
  return undefined;
}
