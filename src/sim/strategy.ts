import type { ActorSystem } from "../actors/system.ts";
import type { Prng } from "../base/prng.ts";

/** A thread that has something to run. */
export type Ready = {
  readonly node: string;
  readonly system: ActorSystem;
  /** When it began to wait for its turn, and the number of that wait: smaller is earlier. */
  readonly sinceMs: number;
  readonly order: number;
};

/** What goes next: the clock (the next timer or frame), or the ready cell `cell` places from the front of a thread. */
export type Choice = { readonly ready: Ready; readonly cell: number } | "clock";

/** One way to resolve the only freedom that a run has. All take the same code through other interleavings. */
export type Strategy = {
  readonly name: StrategyName;
  /** At least one thread is ready; `dueMs` is the time of the next timer, if there is one. */
  pick(ready: readonly Ready[], nowMs: number, dueMs: number | undefined): Choice;
};

export type StrategyName = keyof typeof strategies;

const strategies = { uniform, pct, delays, "node-at-a-time": nodeAtATime, fifo };

export const strategyNames = Object.keys(strategies) as readonly StrategyName[];

export function strategyOf(name: StrategyName, random: Prng): Strategy {
  return strategies[name](random);
}

/** Every choice is as likely as every other. */
function uniform(random: Prng): Strategy {
  return {
    name: "uniform",
    pick(ready, nowMs, dueMs) {
      if (dueMs !== undefined && dueMs <= nowMs && random.chance(0.5)) return "clock";
      return anyCell(ready, random);
    },
  };
}

/** Frames arrive before letters are read, and letters are read in the order in which they came. */
function fifo(): Strategy {
  return { name: "fifo", pick: inOrder };
}

/** Deviations from the order of arrival in one run: most bugs of ordering need very few (delay-bounded scheduling). */
const deviationsMax = 8;
/** Most choices, of those with an alternative, between two deviations. */
const deviationGapMax = 150;

/** FIFO, except that a few times in a run somebody else goes first. */
function delays(random: Prng): Strategy {
  let left = 1 + random.int(deviationsMax);
  let gap = random.int(deviationGapMax);
  return {
    name: "delays",
    pick(ready, nowMs, dueMs) {
      if (left === 0 || !isContested(ready, nowMs, dueMs) || gap-- > 0) return inOrder(ready, nowMs, dueMs);
      left--;
      gap = random.int(deviationGapMax);
      return anyCell(ready, random);
    },
  };
}

/** Most points at which the thread that would have gone next becomes the last of all. */
const changePointsMax = 5;
/** Choices with an alternative among which the change points are drawn. */
const changeHorizon = 1_500;
/** A letter waits no longer than this for time to pass by, in milliseconds. */
const overtakenMaxMs = 50;

/**
 * Priorities drawn once; the first in rank always goes. A bug that needs d orderings is found with a probability that
 * does not fall exponentially (PCT: Burckhardt et al., ASPLOS 2010). The clock has a rank as well.
 */
function pct(random: Prng): Strategy {
  const ranks = new Map<string, number>();
  const points = new Set(Array.from({ length: 1 + random.int(changePointsMax) }, () => random.int(changeHorizon)));
  let contested = 0;
  let last = 0;
  const rank = (key: string): number => {
    const known = ranks.get(key) ?? random.unit();
    ranks.set(key, known);
    return known;
  };
  const leader = (ready: readonly Ready[], mayPass: boolean): Choice => {
    const [first, ...others] = ready;
    if (first === undefined) return "clock";
    let best = first;
    for (const other of others) if (rank(other.system.place) > rank(best.system.place)) best = other;
    return mayPass && rank("clock") > rank(best.system.place) ? "clock" : { ready: best, cell: 0 };
  };
  return {
    name: "pct",
    pick(ready, _nowMs, dueMs) {
      const oldestMs = Math.min(...ready.map(({ sinceMs }) => sinceMs));
      const mayPass = dueMs !== undefined && dueMs <= oldestMs + overtakenMaxMs;
      const choice = leader(ready, mayPass);
      if (ready.length + (mayPass ? 1 : 0) < 2 || !points.has(contested++)) return choice;
      ranks.set(choice === "clock" ? "clock" : choice.ready.system.place, --last);
      return leader(ready, mayPass);
    },
  };
}

/** Longest time for which one node has the world to itself, in milliseconds: less than a link takes for silence. */
const stretchMaxMs = 300;

/** One node runs for a while, and time with it; all others wait, until the next one has waited longest. */
function nodeAtATime(random: Prng): Strategy {
  let favourite: string | undefined;
  let untilMs = 0;
  return {
    name: "node-at-a-time",
    pick(ready, nowMs, dueMs) {
      if (favourite === undefined || nowMs >= untilMs) {
        favourite = earliest(ready).node;
        untilMs = nowMs + random.int(stretchMaxMs);
      }
      const own = ready.filter(({ node }) => node === favourite);
      if (own.length > 0) return anyCell(own, random);
      if (dueMs !== undefined && dueMs < untilMs) return "clock";
      favourite = earliest(ready).node;
      untilMs = nowMs + random.int(stretchMaxMs);
      return anyCell(
        ready.filter(({ node }) => node === favourite),
        random,
      );
    },
  };
}

function isContested(ready: readonly Ready[], nowMs: number, dueMs: number | undefined): boolean {
  const [first] = ready;
  return ready.length > 1 || (first?.system.choices ?? 0) > 1 || (dueMs !== undefined && dueMs <= nowMs);
}

function inOrder(ready: readonly Ready[], nowMs: number, dueMs: number | undefined): Choice {
  return dueMs !== undefined && dueMs <= nowMs ? "clock" : { ready: earliest(ready), cell: 0 };
}

function earliest(ready: readonly Ready[]): Ready {
  let best = ready[0] as Ready;
  for (const other of ready) if (other.order < best.order) best = other;
  return best;
}

function anyCell(ready: readonly Ready[], random: Prng): Choice {
  const chosen = ready[random.int(ready.length)] ?? earliest(ready);
  return { ready: chosen, cell: random.int(chosen.system.choices) };
}
