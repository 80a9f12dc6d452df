import { describe, expect, test } from "vitest";
import { type PlantName, plantNames } from "../../src/sim/plants.ts";
import { run } from "../../src/sim/run.ts";

/** The first seed that catches each bug, and the rule that does. After a change: `mesolite sim --seed 1 --seeds 2000 --plant all`. */
const caught: Readonly<Record<PlantName, { readonly seed: number; readonly rule: string }>> = {
  "double-release": { seed: 1, rule: "no actor fails by a bug of its own" },
  "forgotten-ack": { seed: 1, rule: "no update waits for ever" },
  "skipped-rescind": { seed: 3, rule: "no scheduler holds an offer that is not outstanding" },
  "silent-loss": { seed: 3, rule: "all work gets done" },
  "ignored-kill": { seed: 1, rule: "a task that is to end ends" },
  "lost-recovery": { seed: 2, rule: "nothing is left that somebody wants to be offered" },
  "kept-slave": { seed: 6, rule: "the allocator's book is the master's" },
  "double-offer": { seed: 1, rule: "no actor fails by a bug of its own" },
  "lost-filter": { seed: 1, rule: "what was declined is not offered again before its time" },
  "wrong-order": { seed: 1, rule: "what is free goes to the framework that is owed most" },
  "wrong-level": { seed: 2, rule: "what is free goes to the framework that is owed most" },
  "forgotten-weight": { seed: 3, rule: "what is free goes to the framework that is owed most" },
  "forgotten-limit": { seed: 1, rule: "nobody is offered more than the limits of a role leave" },
  "forgotten-guarantee": { seed: 6, rule: "what is free goes to the framework that is owed most" },
  "shared-reservation": { seed: 2, rule: "what is reserved is offered to its role or one below it" },
  "hasty-filter": { seed: 1, rule: "what was declined is not offered again before its time" },
  "forgotten-candidate": { seed: 1, rule: "nothing is left that somebody wants to be offered" },
  "kept-offers": { seed: 3, rule: "an offer is of somebody who is there to somebody who is there" },
  "unreturned-offers": { seed: 7, rule: "an offer is of somebody who is there to somebody who is there" },
  "double-launch": { seed: 1, rule: "a task begins once" },
  "forgotten-news": { seed: 9, rule: "a task that has ended is forgotten" },
  "lone-end": { seed: 15, rule: "a task that is to end ends" },
  "kept-executor": { seed: 3, rule: "nothing is offered or used twice" },
  "stale-epoch": { seed: 31, rule: "an order of a superseded master changes nothing" },
  "eager-update": { seed: 4, rule: "an update is on disk before it is sent" },
  "early-commit": { seed: 1, rule: "what a disk has promised is on it" },
  "early-journal": { seed: 2, rule: "what a disk has promised is on it" },
  "torn-tail": { seed: 8, rule: "no actor fails by a bug of its own" },
  "lying-sync": { seed: 1, rule: "what a disk has promised is on it" },
  "same-epoch": { seed: 1, rule: "epochs and terms only grow" },
  "reused-generation": { seed: 1, rule: "an address reaches one life of an actor" },
  "lost-down": { seed: 1, rule: "whoever watches hears of the end" },
  "late-timer": { seed: 1, rule: "a cancelled timer does not run" },
  overtaking: { seed: 1, rule: "frames of a link stay in order" },
};

describe("a planted bug", () => {
  test.each(plantNames)("%s is caught by the rule that is there for it", (plant) => {
    const { seed, rule } = caught[plant];
    expect(run({ seed, plant }).violation?.rule).toBe(rule);
  });

  test("is what is caught: without it the same seeds break nothing", () => {
    for (const seed of new Set(Object.values(caught).map((found) => found.seed))) {
      expect([seed, run({ seed }).violation]).toEqual([seed, undefined]);
    }
  });
});
