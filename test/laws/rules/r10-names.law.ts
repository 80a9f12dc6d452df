import { expect } from "vitest";
import { hears, law } from "../law.ts";
import { ask, fail, spawn, stop, tell, watch } from "../steps.ts";

export const names = [
  law(
    "R10.1",
    "who spawns may speak to the child at once: what it says waits until the child has begun",
    async (world) => {
      const here = await world.place();
      await here.start("one");
      await here.queue("one", [
        spawn("child", { name: "child", manner: { start: [tell("self", "own")] } }),
        tell("#child", "early", { count: 3 }),
        ask("#child", "early"),
      ]);
      await hears(world, here, "one", "re early: answered");
      expect(await hears(world, here, "child", "own")).toEqual(["early 1", "early 2", "early 3", "? early", "own"]);
      expect((await here.journal())[1]).toBe("child begins");
    },
  ),

  law("R10.4", "a name belongs to one actor of a place at a time, and is free when that has ended", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    world.expectErrors(/the name taken is taken on this thread$/);
    await here.start("taken");
    await there.start("taken");
    await here.start("one");
    await there.start("two");
    await there.queue("two", [watch(here.at("one"), "one"), ask(here.at("taken"), "ready")]);
    await hears(world, there, "two", "re ready: answered");
    await here.queue("one", [spawn("second", { name: "taken" })]);
    const heard = await world.until(
      () => there.heard("two"),
      (texts) => texts.length === 2,
    );
    expect(heard.at(-1)).toBe("down one: failed InvariantViolation: the name taken is taken on this thread dead");
    await there.queue("two", [ask(here.at("taken"), "still the first")]);
    await hears(world, there, "two", "re still the first: answered");

    for (const [life, end] of [stop(), fail()].entries()) {
      await here.queue("taken", [end]);
      await world.until(
        here.journal,
        (journal) => journal.filter((line) => line.startsWith("taken ends")).length > life,
      );
      await here.start("taken");
    }
    await there.queue("two", [ask(here.at("taken"), "the third")]);
    await hears(world, there, "two", "re the third: answered");
  }),

  law(
    "R10.4",
    "between processes only what is exported can be reached, and nobody is let in by its address",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      await here.start("one");
      const open = await there.start("open");
      const inner = await there.start("inner", { exported: false });
      await here.queue("one", [
        tell(there.at("inner"), "by name"),
        tell(inner, "by address"),
        ask(inner, "question"),
        watch(there.at("inner"), "inner"),
        ask(open, "end"),
      ]);
      const heard = await hears(world, here, "one", "re end: answered");
      if (!world.crossesHosts) {
        expect(await hears(world, there, "inner", "? question")).toEqual(["by name", "by address", "? question"]);
        return;
      }
      await hears(world, here, "one", "down inner: noproc dead");
      expect(heard).toContain("re question: down not-run");
      expect(await there.heard("inner")).toEqual([]);
      expect((await there.facts()).deadLetters).toEqual({ unauthorised: 3 });
      // At home it is like any other.
      await there.queue("open", [tell(inner, "from home")]);
      await hears(world, there, "inner", "from home");
    },
  ),
];
