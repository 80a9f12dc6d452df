import { expect } from "vitest";
import { hears, law, upTo } from "../law.ts";
import { after, ask, fail, note, spawn, spin, tell, watch } from "../steps.ts";

export const handlers = [
  law("R6.1", "an actor does one thing at a time, from its beginning to its end", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const one = await here.start("one");
    await there.start("two");
    await here.start("three");
    const turn = [
      note("in"),
      tell("self", "nested"),
      ask("self", "own"),
      after("timer", 0, []),
      spin(0.1),
      note("out"),
    ];
    for (const [site, name] of [
      [there, "two"],
      [here, "three"],
    ] as const)
      await site.queue(name, ...upTo(10).map(() => [tell(one, "begin", { steps: turn })]));
    const heard = await world.until(
      () => here.heard("one"),
      (texts) => texts.filter((text) => text === "nested").length === 20,
    );
    for (const [index, text] of heard.entries()) {
      if (text === "begin") expect(heard.slice(index, index + 3)).toEqual(["begin", "in", "out"]);
    }
  }),

  law("R6.1", "a turn that throws has done nothing, and what earlier turns did stays done", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const witnesses = [await here.start("near"), await there.start("far")];
    await here.start("one");
    await here.start("watcher");
    await here.queue("watcher", [watch(here.at("one"), "one"), ask(here.at("one"), "ready")]);
    await hears(world, here, "watcher", "re ready: answered");
    await here.queue(
      "one",
      witnesses.map((witness) => tell(witness, "done")),
      [
        ...witnesses.flatMap((witness) => [tell(witness, "undone"), ask(witness, "undone")]),
        spawn("child", { name: "unborn" }),
        after("timer", 0, [tell(here.at("near"), "undone")]),
        watch(here.at("near"), "near"),
        fail("in the middle"),
      ],
    );
    await hears(world, here, "watcher", "down one: failed Error: in the middle on purpose dead");
    await here.queue("watcher", [...witnesses.map((witness) => tell(witness, "end"))]);
    expect(await hears(world, here, "near", "end")).toEqual(["done", "end"]);
    expect(await hears(world, there, "far", "end")).toEqual(["done", "end"]);
    expect(await here.journal()).not.toContain("unborn begins");
    // The name of the child that never was is free.
    await here.start("unborn");
  }),

  law("R6.2", "an actor whose handler returns a promise fails", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    world.expectErrors(/returned a promise: actors are synchronous$/);
    await here.start("one");
    const target = await there.start("target");
    await here.queue("one", [
      watch(target, "target"),
      tell(target, "x", { steps: [{ do: "promise" }] }),
      tell(target, "y"),
    ]);
    const heard = await world.until(
      () => here.heard("one"),
      (texts) => texts.length > 0,
    );
    expect(heard).toEqual([
      "down target: failed InvariantViolation: the handler of say in /stage/target returned a promise: actors are synchronous dead",
    ]);
    expect(await there.heard("target")).toEqual(["x"]);
  }),
];
