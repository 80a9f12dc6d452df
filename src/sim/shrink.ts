import { type RunOptions, type RunResult, run } from "./run.ts";

/**
 * Runs a seed that broke a rule again with less and less of it (delta debugging: Zeller and Hildebrandt, TSE 2002):
 * first fewer faults, then fewer items of work, as long as the same rule breaks. Answers the smallest such run, at
 * worst the one given. `expired` ends the search between two runs; every run may take seconds.
 */
export function shrink(options: RunOptions, broken: RunResult, expired: () => boolean): RunResult {
  let best = broken;
  const attempt = (less: Pick<RunOptions, "faults" | "items">): boolean => {
    const result = run({ ...options, strategy: best.strategy, faults: best.faults, items: best.items, ...less });
    if (result.violation?.rule !== broken.violation?.rule) return false;
    best = result;
    return true;
  };
  minimize(best.faults, (faults) => attempt({ faults }), expired);
  const owners = best.items.flatMap((count, framework) => Array.from({ length: count }, () => framework));
  const frameworks = best.items.length;
  const counted = (left: readonly number[]) =>
    Array.from({ length: frameworks }, (_, framework) => left.filter((owner) => owner === framework).length);
  minimize(owners, (left) => attempt({ items: counted(left) }), expired);
  return best;
}

/**
 * The shortest list found that still passes the test, by leaving out ever smaller pieces (ddmin); one element at a
 * time in the end, so that nothing in it can be left out alone. The whole list is taken to pass.
 */
export function minimize<T>(
  whole: readonly T[],
  passes: (part: readonly T[]) => boolean,
  expired: () => boolean,
): readonly T[] {
  let rest = whole;
  let pieces = 1;
  while (rest.length > 0 && !expired()) {
    const size = Math.ceil(rest.length / pieces);
    const without = firstPassing(rest, size, passes, expired);
    if (without !== undefined) {
      rest = without;
      pieces = Math.max(1, Math.min(pieces, rest.length) - 1);
    } else if (size === 1) return rest;
    else pieces = Math.min(rest.length, pieces * 2);
  }
  return rest;
}

/** The list without one piece of that size, if the test still passes without it. */
function firstPassing<T>(
  list: readonly T[],
  size: number,
  passes: (part: readonly T[]) => boolean,
  expired: () => boolean,
): readonly T[] | undefined {
  for (let from = 0; from < list.length && !expired(); from += size) {
    const without = [...list.slice(0, from), ...list.slice(from + size)];
    if (passes(without)) return without;
  }
  return undefined;
}
