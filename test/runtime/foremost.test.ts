import fc from "fast-check";
import { expect, test } from "vitest";
import type { ActorFigures, LinkFigures } from "../../src/actors/census.ts";
import { foremost } from "../../src/runtime/foremost.ts";

const actorsOf = fc
  .array(fc.record({ waiting: fc.nat(3), busyMs: fc.nat(5) }), { maxLength: 30 })
  .map((rows) => rows.map((row, index): ActorFigures => ({ ...actor(`/a-${index}`), ...row })));

function actor(path: string): ActorFigures {
  return { path, slot: 0, behaviour: "a", waiting: 0, behindMs: 0, handled: 0, busyMs: 0 };
}

function link(place: string, queued: number, creditBytes: number): LinkFigures {
  return { place, queued, creditBytes, windowBytes: 100 };
}

test("every actor is listed or counted, and none twice", () => {
  fc.assert(
    fc.property(actorsOf, fc.integer({ min: 1, max: 35 }), (actors, max) => {
      const { actors: listed, actorsLeftOut } = foremost({ actors, links: [] }, max, 1);
      expect(new Set(listed).size).toBe(Math.min(max, actors.length));
      expect(listed.length + actorsLeftOut).toBe(actors.length);
    }),
  );
});

test("nobody left out is further behind, or busier, than who is listed for it", () => {
  fc.assert(
    fc.property(actorsOf, fc.integer({ min: 2, max: 29 }), (actors, max) => {
      const { actors: listed, actorsLeftOut } = foremost({ actors, links: [] }, max, 1);
      fc.pre(actorsLeftOut > 0);
      const out = actors.filter((one) => !listed.includes(one));
      const most = (rows: readonly ActorFigures[], figure: "waiting" | "busyMs") =>
        rows.map((row) => row[figure]).sort((a, b) => b - a);
      const half = Math.ceil(max / 2);
      // The half with most waiting is there whole, and so is the rest of the busiest.
      expect(most(listed, "waiting").slice(0, half)).toEqual(most(actors, "waiting").slice(0, half));
      const busyListed = most(listed, "busyMs").slice(0, max - half);
      for (const { busyMs } of out) expect(busyMs).toBeLessThanOrEqual(busyListed.at(-1) ?? 0);
    }),
  );
});

test("links with most queued come first, then those with least credit", () => {
  const links = [
    link("calm", 0, 100),
    link("low", 0, 1),
    link("full", 0, 100),
    link("behind", 7, 50),
    link("far", 9, 90),
  ];
  expect(foremost({ actors: [], links }, 1, 3)).toMatchObject({
    links: [{ place: "far" }, { place: "behind" }, { place: "low" }],
    linksLeftOut: 2,
  });
});
