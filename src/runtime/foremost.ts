import type { ActorFigures, Census, LinkFigures } from "../actors/census.ts";
import { Heap } from "../base/heap.ts";

/** Rows of one thread that an answer has; the rest are only counted. */
const actorsMaxDefault = 200;
const linksMaxDefault = 200;

export type ForemostRows = Census & {
  /** Actors and links that there are beside those listed. */
  readonly actorsLeftOut: number;
  readonly linksLeftOut: number;
};

/**
 * The rows somebody who looks for trouble wants to see: half of them for the actors with most waiting, the others for
 * those that have used most time; of links, those with most queued and then those with least credit.
 */
export function foremost(
  { actors, links }: Census,
  actorsMax: number = actorsMaxDefault,
  linksMax: number = linksMaxDefault,
): ForemostRows {
  const shownActors = actors.length <= actorsMax ? actors : foremostActors(actors, actorsMax);
  const shownLinks = links.length <= linksMax ? links : first(links, linksMax, linkBefore);
  return {
    actors: shownActors,
    actorsLeftOut: actors.length - shownActors.length,
    links: shownLinks,
    linksLeftOut: links.length - shownLinks.length,
  };
}

function foremostActors(actors: readonly ActorFigures[], max: number): readonly ActorFigures[] {
  const behind = first(
    actors.filter(({ waiting }) => waiting > 0),
    Math.ceil(max / 2),
    (a, b) => a.waiting > b.waiting || (a.waiting === b.waiting && a.path < b.path),
  );
  const seen = new Set(behind);
  const busy = first(
    actors.filter((actor) => !seen.has(actor)),
    max - behind.length,
    (a, b) => a.busyMs > b.busyMs || (a.busyMs === b.busyMs && a.path < b.path),
  );
  return [...behind, ...busy];
}

function linkBefore(a: LinkFigures, b: LinkFigures): boolean {
  if (a.queued !== b.queued) return a.queued > b.queued;
  const [shareA, shareB] = [a.creditBytes / a.windowBytes, b.creditBytes / b.windowBytes];
  return shareA < shareB || (shareA === shareB && a.place < b.place);
}

/** The first so many in this order, without sorting the rest. */
function first<T>(rows: readonly T[], max: number, before: (a: T, b: T) => boolean): T[] {
  const lastFirst = new Heap<T>((a, b) => before(b, a));
  for (const row of rows) {
    lastFirst.push(row);
    if (lastFirst.size > max) lastFirst.pop();
  }
  const kept: T[] = [];
  for (let row = lastFirst.pop(); row !== undefined; row = lastFirst.pop()) kept.push(row);
  return kept.reverse();
}
