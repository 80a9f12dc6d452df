import { expect, test } from "vitest";
import type { Picture } from "../../src/cli/actors-picture.ts";
import { screenText } from "../../src/cli/actors-screen.ts";

const actor = { slot: 0, behaviour: "b", thread: "master", waiting: 0, behindMs: 0, handledPerSecond: 0, busy: 0 };

const shown: Picture = {
  threads: [
    {
      thread: "master",
      lag: { p50Ms: 0.1, p99Ms: 2.345, maxMs: 17.8 },
      utilization: 0.123,
      heapUsedBytes: 20_000_000,
      actorCount: 3,
      asksPending: 1,
      deadLetters: { noproc: 2, stopped: 1 },
    },
    { thread: "slaves", fault: "thread slaves did not answer stats within 1000 ms" },
  ],
  actors: [
    { ...actor, path: "/supervisor/master", waiting: 12, behindMs: 3.2, handledPerSecond: 1_234.5, busy: 0.42 },
    { ...actor, path: "/supervisor/new", handledPerSecond: null, busy: null },
    { ...actor, path: "/supervisor", handledPerSecond: 0.5, busy: 0.005 },
  ],
  actorsLeftOut: 4,
  links: [
    { from: "master", to: "slaves", queued: 3, creditBytes: 0, windowBytes: 1_048_576 },
    { from: "slaves", to: "master", queued: 0, creditBytes: 1_000_000, windowBytes: 1_048_576 },
  ],
  linksLeftOut: 0,
};

test("a picture reads as three tables", () => {
  expect(screenText("title", shown).split("\n")).toEqual([
    "title",
    "",
    "THREAD  LAG P99 MS  MAX MS  BUSY %  HEAP MIB  ACTORS  ASKS  DEAD LETTERS",
    "master         2.3      18      12      19.1       3     1             3",
    "slaves           -       -       -         -       -     -             -",
    "thread slaves did not answer stats within 1000 ms",
    "",
    "ACTOR               THREAD  WAITING  BEHIND MS  HANDLED/S  BUSY %",
    "/supervisor/master  master       12        3.2       1235      42",
    "/supervisor/new     master        0        0.0          -       -",
    "/supervisor         master        0        0.0        0.5     0.5",
    "and 4 more",
    "",
    "LINK FROM  TO      QUEUED  CREDIT",
    "master     slaves       3  0 % of 1024 KiB",
    "and 1 more: nothing queued, credit to spare",
  ]);
});

test("a picture is cut to its terminal, and says what is not there", () => {
  const many = Array.from({ length: 40 }, (_, index) => ({ ...actor, path: `/supervisor/a-${index}` }));
  const lines = screenText("title", { ...shown, actors: many }, { columns: 40, lines: 24 }).split("\n");
  // One line stays free for the cursor.
  expect(lines).toHaveLength(23);
  expect(Math.max(...lines.map((line) => line.length))).toBe(40);
  expect(lines).toContain("and 34 more");
});

test("links without anything on the way take one line", () => {
  const quiet = { ...shown, links: shown.links.slice(1) };
  expect(screenText("title", quiet).split("\n").at(-1)).toBe("1 link: nothing queued, credit to spare");
});
