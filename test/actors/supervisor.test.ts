import { describe, expect, test } from "vitest";
import { type ChildSpec, child, type SupervisorArgs, supervisor } from "../../src/actors/supervisor.ts";
import { Puppet, type Site, Stage } from "./kit.ts";

const strategies = ["one-for-one", "one-for-all", "rest-for-one"] as const;

/** A supervisor over three puppets that write their lives into one diary. */
function family(
  args: Partial<SupervisorArgs>,
  restart: Readonly<Record<string, ChildSpec["restart"]>> = {},
  seed = "one",
) {
  const stage = new Stage();
  const site = stage.site(seed);
  const diary: string[] = [];
  const [a, b, c] = ["a", "b", "c"].map(
    (name) =>
      new Puppet(name, {
        start: () => diary.push(`${name} up`),
        onStop: () => diary.push(`${name} down`),
        say: () => {
          throw new Error("poison");
        },
      }),
  ) as [Puppet, Puppet, Puppet];
  const children = [a, b, c].map((puppet) =>
    child(puppet.spec.name, puppet.spec, undefined, { restart: restart[puppet.spec.name] ?? "permanent" }),
  );
  site.system.spawn(supervisor, { strategy: "one-for-one", children, ...args }, { name: "supervisor" });
  site.turns();
  expect(diary.splice(0)).toEqual(["a up", "b up", "c up"]);
  return { stage, site, a, b, c, diary };
}

function crash(site: Site, puppet: Puppet): void {
  puppet.ref.tell("say", { text: "poison" });
  site.turns();
}

describe("a child that fails", () => {
  const expected = {
    "one-for-one": ["b down", "b up"],
    "one-for-all": ["b down", "c down", "a down", "a up", "b up", "c up"],
    "rest-for-one": ["b down", "c down", "b up", "c up"],
  } as const;

  test.each(strategies)("takes down and up with it whom %s says, in reverse order and in order", (strategy) => {
    const { stage, site, b, diary } = family({ strategy });
    crash(site, b);
    stage.advance(100);
    expect(diary).toEqual(expected[strategy]);
  });

  test("R8.2 comes back as a new generation under its old name: old refs stay dead", () => {
    const { stage, site, b } = family({});
    const old = b.ref;
    const named = stage.sites[0]?.system.refs.at<never>({ place: site.system.place, name: "b" });
    crash(site, b);
    stage.advance(100);
    old.tell("say", { text: "poison" });
    site.turns();
    expect(b.lives).toBe(2);
    expect(site.deadLetters).toEqual(["say noproc"]);
    expect(site.system.find("b")).toBe(site.cell(b));
    named?.tell("say" as never, { text: "poison" } as never);
    site.turns();
    expect(site.system.find("b")).toBeUndefined();
  });

  test("waits for its backoff first, with full jitter below a limit that doubles", () => {
    const { stage, site, b } = family({
      backoff: { minMs: 1_000, maxMs: 4_000, factor: 2 },
      intensity: { max: 100, withinMs: 1e9 },
    });
    const pauses = [1_000, 2_000, 4_000, 4_000, 4_000].map((limitMs) => {
      crash(site, b);
      const failedAt = stage.clock.now();
      const { lives } = b;
      while (b.lives === lives) stage.advance(10);
      const pauseMs = stage.clock.now() - failedAt;
      expect(pauseMs).toBeLessThanOrEqual(limitMs + 10);
      return pauseMs;
    });
    expect(Math.max(...pauses)).toBeGreaterThan(1_010);
  });

  test("starts with the shortest pause again once its failures have left the window", () => {
    const { stage, site, b } = family({
      backoff: { minMs: 100, maxMs: 1_000_000, factor: 10 },
      intensity: { max: 5, withinMs: 30_000 },
    });
    for (let round = 0; round < 6; round++) {
      crash(site, b);
      stage.advance(100);
      expect(b.lives).toBe(round + 2);
      stage.advance(40_000);
    }
  });
});

describe("restart", () => {
  test("permanent also follows a normal end, transient a failure only, temporary neither", () => {
    const { stage, site, a, b, c } = family({}, { b: "transient", c: "temporary" });
    for (const puppet of [a, b, c]) site.do(puppet, (ctx) => ctx.stop());
    stage.advance(1_000);
    expect([a.lives, b.lives, c.lives]).toEqual([2, 1, 1]);

    const again = family({}, { b: "transient", c: "temporary" });
    for (const puppet of [again.a, again.b, again.c]) crash(again.site, puppet);
    again.stage.advance(1_000);
    expect([again.a.lives, again.b.lives, again.c.lives]).toEqual([2, 2, 1]);
  });

  test("temporary stays down also when a sibling took it down", () => {
    const { stage, site, b, diary } = family({ strategy: "one-for-all" }, { c: "temporary" });
    crash(site, b);
    stage.advance(100);
    expect(diary).toEqual(["b down", "c down", "a down", "a up", "b up"]);
  });

  test("rest-for-one never starts a child before one that stands earlier and is down", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { stage, site, a, b, diary } = family({ strategy: "rest-for-one" }, {}, `seed-${seed}`);
      crash(site, b);
      crash(site, a);
      stage.advance(2_000);
      expect(diary).toEqual(["b down", "c down", "a down", "a up", "b up", "c up"]);
    }
  });
});

describe("intensity", () => {
  test.each(strategies)("R8.5 one restart too many ends the %s supervisor as failed, children first", (strategy) => {
    const { stage, site, b, diary } = family({ strategy, intensity: { max: 2, withinMs: 30_000 } });
    for (let count = 0; count < 2; count++) {
      crash(site, b);
      stage.advance(1_000);
    }
    expect(site.ended).toEqual([]);
    diary.length = 0;
    crash(site, b);
    stage.advance(60_000);
    expect(site.ended).toEqual(["/supervisor failed b was restarted too often; last: Error: poison"]);
    expect(diary).toEqual(["b down", "c down", "a down"]);
    expect(site.system.cellCount).toBe(0);
  });

  test("counts each child of one-for-one by itself, and a group together", () => {
    const intensity = { max: 1, withinMs: 30_000 };
    for (const [strategy, ended] of [
      ["one-for-one", 0],
      ["one-for-all", 1],
    ] as const) {
      const { stage, site, a, b } = family({ strategy, intensity });
      crash(site, a);
      stage.advance(1_000);
      crash(site, b);
      stage.advance(1_000);
      expect(site.ended).toHaveLength(ended);
    }
  });

  test("forgets restarts that have left the window", () => {
    const { stage, site, b } = family({ intensity: { max: 1, withinMs: 10_000 } });
    for (let round = 0; round < 5; round++) {
      crash(site, b);
      stage.advance(11_000);
    }
    expect([b.lives, site.ended]).toEqual([6, []]);
  });
});

test("R8.3 a child whose start fails is restarted, and counts against the intensity", () => {
  const stage = new Stage();
  const site = stage.site();
  let tries = 0;
  const stillborn = new Puppet("stillborn", {
    start: () => {
      tries++;
      throw new Error("no such file");
    },
  });
  const children = [child("stillborn", stillborn.spec, undefined)];
  const args = { strategy: "one-for-one", intensity: { max: 3, withinMs: 1e9 }, children } as const;
  site.system.spawn(supervisor, args, { name: "supervisor" });
  stage.advance(60_000);
  expect(tries).toBe(4);
  expect(site.ended).toEqual(["/supervisor failed stillborn was restarted too often; last: Error: no such file"]);
});

test("a supervisor that ends stops its children in reverse, and restarts none", () => {
  const { stage, site, diary } = family({ strategy: "one-for-all" });
  site.system.find("supervisor")?.terminate("shutdown");
  stage.advance(60_000);
  expect(diary).toEqual(["c down", "b down", "a down"]);
});
