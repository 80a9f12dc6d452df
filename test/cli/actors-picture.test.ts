import { describe, expect, test } from "vitest";
import type { ActorFigures, LinkFigures } from "../../src/actors/census.ts";
import { type ProcessLook, picture } from "../../src/cli/actors-picture.ts";
import type { ThreadLook } from "../../src/runtime/thread-facade.ts";

type Rows = {
  readonly actors?: readonly ActorFigures[];
  readonly links?: readonly LinkFigures[];
  readonly leftOut?: number;
};

function thread(name: string, atMs: number, { actors = [], links = [], leftOut = 0 }: Rows, life = 1): ThreadLook {
  return {
    thread: name,
    stats: {
      place: `dev~1/${name}.${life}`,
      atMs,
      utilization: 0.5,
      heapUsedBytes: 1_048_576,
      actorCount: actors.length,
      asksPending: 0,
      deadLetters: {},
      rows: { actors, actorsLeftOut: leftOut, links, linksLeftOut: 0 },
    },
  };
}

function actor(path: string, figures: Partial<ActorFigures> = {}): ActorFigures {
  return { path, slot: 0, behaviour: "b", waiting: 0, behindMs: 0, handled: 0, busyMs: 0, ...figures };
}

function look(...threads: readonly ThreadLook[]): ProcessLook {
  return { threads };
}

describe("an actor's rates", () => {
  test("are what grew between two looks, by the clock of its own thread", () => {
    const before = look(
      thread("a", 1_000, { actors: [actor("/x", { handled: 100, busyMs: 10 })] }),
      thread("b", 900_000, { actors: [actor("/x", { handled: 5, busyMs: 0 })] }),
    );
    const after = look(
      thread("a", 3_000, { actors: [actor("/x", { handled: 1_100, busyMs: 510 })] }),
      thread("b", 900_500, { actors: [actor("/x", { handled: 15, busyMs: 50 })] }),
    );
    expect(picture(before, after, "busy", 10).actors).toMatchObject([
      { thread: "a", path: "/x", handledPerSecond: 500, busy: 0.25 },
      { thread: "b", path: "/x", handledPerSecond: 20, busy: 0.1 },
    ]);
  });

  test.each([
    { what: "was not there before", earlier: thread("a", 0, {}), life: 1 },
    {
      what: "has the name of one that handled more",
      earlier: thread("a", 0, { actors: [actor("/x", { handled: 9 })] }),
      life: 1,
    },
    { what: "lives on a thread that was started anew", earlier: thread("a", 0, { actors: [actor("/x")] }), life: 2 },
    { what: "lives on a thread that did not answer", earlier: { thread: "a", fault: "late" }, life: 1 },
  ])("are unknown when it $what", ({ earlier, life }) => {
    const after = look(thread("a", 1_000, { actors: [actor("/x", { handled: 5, busyMs: 5 })] }, life));
    expect(picture(look(earlier), after, "busy", 10).actors).toMatchObject([{ handledPerSecond: null, busy: null }]);
  });

  test("never show more than all of the time", () => {
    const before = look(thread("a", 0, { actors: [actor("/x")] }));
    const after = look(thread("a", 10, { actors: [actor("/x", { busyMs: 16 })] }));
    expect(picture(before, after, "busy", 10).actors).toMatchObject([{ busy: 1 }]);
  });
});

describe("the order of actors", () => {
  const actors = [
    actor("/idle"),
    actor("/busy", { busyMs: 90, handled: 10, waiting: 1 }),
    actor("/chatty", { busyMs: 20, handled: 900, waiting: 2, behindMs: 5 }),
    actor("/behind", { busyMs: 30, handled: 20, waiting: 2, behindMs: 700 }),
  ];
  const before = look(thread("a", 0, { actors: actors.map(({ path }) => actor(path)) }));
  const after = look(thread("a", 100, { actors, leftOut: 3 }));

  test.each([
    { sort: "busy", first: ["/busy", "/behind", "/chatty", "/idle"] },
    { sort: "handled", first: ["/chatty", "/behind", "/busy", "/idle"] },
    { sort: "waiting", first: ["/behind", "/chatty", "/busy", "/idle"] },
  ] as const)("by $sort", ({ sort, first }) => {
    expect(picture(before, after, sort, 10).actors.map(({ path }) => path)).toEqual(first);
  });

  test("decides who is listed, and the others are counted, also those the process left out", () => {
    const { actors: listed, actorsLeftOut } = picture(before, after, "busy", 1);
    expect([listed.map(({ path }) => path), actorsLeftOut]).toEqual([["/busy"], 6]);
  });
});

test("links name threads of the same process by thread alone, and those in trouble come first", () => {
  const links = [
    { place: "dev~1/b.1", queued: 0, creditBytes: 100, windowBytes: 100 },
    { place: "slave-1~9/slaves.1", queued: 0, creditBytes: 20, windowBytes: 100 },
    { place: "dev~1/c.1", queued: 4, creditBytes: 0, windowBytes: 100 },
  ];
  const rows = picture(look(), look(thread("a", 0, { links })), "busy", 10).links;
  expect(rows.map(({ from, to }) => [from, to])).toEqual([
    ["a", "c"],
    ["a", "slave-1/slaves"],
    ["a", "b"],
  ]);
});

test("a thread that does not answer is listed with its fault", () => {
  const fault = { thread: "a", fault: "did not answer" };
  expect(picture(look(), look(fault, thread("b", 0, {})), "busy", 10).threads).toEqual([
    fault,
    { thread: "b", utilization: 0.5, heapUsedBytes: 1_048_576, actorCount: 0, asksPending: 0, deadLetters: {} },
  ]);
});
