import { parsePlace } from "../actors/address.ts";
import type { ActorFigures, LinkFigures } from "../actors/census.ts";
import type { ThreadLook, ThreadStats } from "../runtime/thread-facade.ts";

/** What a process answers to a look. */
export type ProcessLook = { readonly threads: readonly ThreadLook[] };

export const sortings = ["busy", "waiting", "handled"] as const;
export type Sorting = (typeof sortings)[number];

/** What grew between two looks is a rate; it is null for what was not there at the first. */
export type ActorRow = Omit<ActorFigures, "handled" | "busyMs"> & {
  readonly thread: string;
  readonly handledPerSecond: number | null;
  /** Share of the time that its turns took, 0 to 1. */
  readonly busy: number | null;
};

export type LinkRow = Omit<LinkFigures, "place"> & { readonly from: string; readonly to: string };

export type ThreadRow = { readonly thread: string } & (
  | Omit<ThreadStats, "place" | "atMs" | "rows">
  | { readonly fault: string }
);

export type Picture = {
  readonly threads: readonly ThreadRow[];
  readonly actors: readonly ActorRow[];
  /** Actors that there are beside those listed. */
  readonly actorsLeftOut: number;
  /** Those with most queued first, then those with the smallest share of their credit. */
  readonly links: readonly LinkRow[];
  readonly linksLeftOut: number;
};

/** What two looks at a process show: the later one, and how much has been done since the earlier one. */
export function picture(before: ProcessLook, after: ProcessLook, sort: Sorting, rowsMax: number): Picture {
  const earlier = new Map(statsOf(before).map((stats) => [stats.place, stats]));
  const now = statsOf(after);
  const actors = now.flatMap((stats) => actorRows(stats, earlier.get(stats.place))).sort(sorters[sort]);
  const listed = actors.slice(0, rowsMax);
  const leftOut = (of: "actorsLeftOut" | "linksLeftOut") => now.reduce((sum, { rows }) => sum + rows[of], 0);
  return {
    threads: after.threads.map(threadRow),
    actors: listed,
    actorsLeftOut: leftOut("actorsLeftOut") + actors.length - listed.length,
    links: now.flatMap(linkRows).sort(byTrouble),
    linksLeftOut: leftOut("linksLeftOut"),
  };
}

function statsOf({ threads }: ProcessLook): readonly ThreadStats[] {
  return threads.flatMap((look) => ("stats" in look ? [look.stats] : []));
}

function threadRow(look: ThreadLook): ThreadRow {
  if ("fault" in look) return look;
  const { place: _place, atMs: _atMs, rows: _rows, ...figures } = look.stats;
  return { thread: look.thread, ...figures };
}

function actorRows(stats: ThreadStats, before: ThreadStats | undefined): ActorRow[] {
  const passedMs = stats.atMs - (before?.atMs ?? stats.atMs);
  const earlier = new Map(before?.rows.actors.map((actor) => [actor.path, actor]));
  return stats.rows.actors.map(({ handled, busyMs, ...figures }) => {
    const known = earlier.get(figures.path);
    // What has handled less than before is another actor that has taken over the name.
    const same = known !== undefined && known.handled <= handled && passedMs > 0;
    return {
      ...figures,
      thread: threadOf(stats.place),
      handledPerSecond: same ? ((handled - known.handled) / passedMs) * 1_000 : null,
      busy: same ? Math.min(1, Math.max(0, busyMs - known.busyMs) / passedMs) : null,
    };
  });
}

function linkRows(stats: ThreadStats): LinkRow[] {
  const node = parsePlace(stats.place)?.node;
  return stats.rows.links.map(({ place, ...figures }) => {
    const far = parsePlace(place);
    const to = far === undefined ? place : far.node === node ? far.thread : `${far.node}/${far.thread}`;
    return { from: threadOf(stats.place), to, ...figures };
  });
}

function threadOf(place: string): string {
  return parsePlace(place)?.thread ?? place;
}

const sorters: Readonly<Record<Sorting, (a: ActorRow, b: ActorRow) => number>> = {
  busy: (a, b) => (b.busy ?? -1) - (a.busy ?? -1) || byHandled(a, b) || byPlace(a, b),
  waiting: (a, b) => b.waiting - a.waiting || b.behindMs - a.behindMs || byHandled(a, b) || byPlace(a, b),
  handled: (a, b) => byHandled(a, b) || b.waiting - a.waiting || byPlace(a, b),
};

function byHandled(a: ActorRow, b: ActorRow): number {
  return (b.handledPerSecond ?? -1) - (a.handledPerSecond ?? -1);
}

function byPlace(a: ActorRow, b: ActorRow): number {
  return compare(a.thread, b.thread) || compare(a.path, b.path);
}

function byTrouble(a: LinkRow, b: LinkRow): number {
  const share = ({ creditBytes, windowBytes }: LinkRow) => creditBytes / windowBytes;
  return b.queued - a.queued || share(a) - share(b) || compare(a.from, b.from) || compare(a.to, b.to);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
