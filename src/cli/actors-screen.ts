import { styleText } from "node:util";
import type { ActorRow, LinkRow, Picture, ThreadRow } from "./actors-picture.ts";
import { table } from "./table.ts";

/** A loop that came round so late is worth a look, in milliseconds, and so is a mailbox that was not empty for so long. */
const lateMs = 100;
/** Of the links with something queued, or with less credit than this share, so many are listed; the rest are counted. */
const creditLow = 0.9;
const linksShownMax = 8;
/** Lines that are neither of these: three empty ones, the headings of the actors, how many more there are, the cursor. */
const spareLines = 6;
/** Fewer actors are not shown, however small the terminal is. */
const actorsShownMin = 3;

export type Screen = {
  /** Width and height of the terminal; absent where there is none, and nothing is cut. */
  readonly columns?: number;
  readonly lines?: number;
};

/** A picture as text: threads, actors, links. */
export function screenText(title: string, picture: Picture, { columns, lines }: Screen = {}): string {
  const threads = threadsText(picture.threads, columns);
  const links = linksText(picture, columns);
  const taken = [title, threads, links].join("\n").split("\n").length + spareLines;
  const room = lines === undefined ? picture.actors.length : Math.max(actorsShownMin, lines - taken);
  return [title.slice(0, columns), "", threads, "", actorsText(picture, room, columns), "", links].join("\n");
}

function threadsText(threads: readonly ThreadRow[], columns: number | undefined): string {
  const rows = threads.map((row) => {
    if ("fault" in row) return [row.thread, ...Array(7).fill("-")];
    const { lag, utilization, heapUsedBytes, actorCount, asksPending, deadLetters } = row;
    return [
      row.thread,
      lag === undefined ? "-" : milliseconds(lag.p99Ms),
      lag === undefined ? "-" : milliseconds(lag.maxMs),
      percent(utilization),
      (heapUsedBytes / 1_048_576).toFixed(1),
      String(actorCount),
      String(asksPending),
      String(Object.values(deadLetters).reduce((sum, count) => sum + count, 0)),
    ];
  });
  const numbers = ["LAG P99 MS", "MAX MS", "BUSY %", "HEAP MIB", "ACTORS", "ASKS", "DEAD LETTERS"];
  const text = table(["THREAD", ...numbers], rows, {
    numbers,
    ...(columns === undefined ? {} : { columns }),
    paint: (index) => {
      const row = threads[index];
      if (row === undefined) return undefined;
      if ("fault" in row) return "red";
      return (row.lag?.p99Ms ?? 0) > lateMs ? "yellow" : undefined;
    },
  });
  const faults = threads.flatMap((row) => ("fault" in row ? [row.fault.slice(0, columns)] : []));
  return [text, ...faults.map((fault) => styleText("red", fault, { stream: process.stdout }))].join("\n");
}

function actorsText({ actors, actorsLeftOut }: Picture, room: number, columns: number | undefined): string {
  const shown = actors.slice(0, room);
  const numbers = ["WAITING", "BEHIND MS", "HANDLED/S", "BUSY %"];
  const text = table(["ACTOR", "THREAD", ...numbers], shown.map(actorCells), {
    numbers,
    ...(columns === undefined ? {} : { columns }),
    paint: (index) => ((shown[index]?.behindMs ?? 0) > lateMs ? "yellow" : undefined),
  });
  const more = actorsLeftOut + actors.length - shown.length;
  return more === 0 ? text : `${text}\nand ${more} more`;
}

function actorCells({ path, thread, waiting, behindMs, handledPerSecond, busy }: ActorRow): string[] {
  return [
    path,
    thread,
    String(waiting),
    milliseconds(behindMs),
    handledPerSecond === null ? "-" : handledPerSecond.toFixed(handledPerSecond < 10 ? 1 : 0),
    busy === null ? "-" : percent(busy),
  ];
}

function linksText({ links, linksLeftOut }: Picture, columns: number | undefined): string {
  const laden = links.filter(
    ({ queued, creditBytes, windowBytes }) => queued > 0 || creditBytes < creditLow * windowBytes,
  );
  const shown = laden.slice(0, linksShownMax);
  const others = links.length + linksLeftOut - shown.length;
  const quiet = linksLeftOut === 0 && shown.length === laden.length;
  const state = quiet ? ": nothing queued, credit to spare" : "";
  if (shown.length === 0) return `${others === 1 ? "1 link" : `${others} links`}${state}`.slice(0, columns);
  const text = table(["LINK FROM", "TO", "QUEUED", "CREDIT"], shown.map(linkCells), {
    numbers: ["QUEUED"],
    ...(columns === undefined ? {} : { columns }),
    paint: (index) => ((shown[index]?.queued ?? 0) > 0 ? "yellow" : undefined),
  });
  return others === 0 ? text : `${text}\n${`and ${others} more${state}`.slice(0, columns)}`;
}

function linkCells({ from, to, queued, creditBytes, windowBytes }: LinkRow): string[] {
  const share = percent(creditBytes / windowBytes);
  return [from, to, String(queued), `${share} % of ${Math.round(windowBytes / 1_024)} KiB`];
}

function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

function percent(share: number): string {
  return (share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0);
}
