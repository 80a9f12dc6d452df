import { expect } from "vitest";
import { hears, law } from "../law.ts";
import { after, answer, ask, cancel, note, type Step, spawn, stop, tell, watch } from "../steps.ts";

export const time = [
  law("R7.1", "a timer may be set as far off as one likes", async (world) => {
    const here = await world.place();
    await here.start("one");
    await here.queue("one", [after("far off", 2 ** 31 + 1_000), after("farther", 1e15), after("soon", 15)]);
    expect(await hears(world, here, "one", "soon")).toEqual(["soon"]);
  }),

  law(
    "R7.1",
    "a timer that is set again replaces itself; one that repeats does so until it is cancelled",
    async (world) => {
      const here = await world.place();
      await here.start("one");
      await here.queue("one", [after("key", 5, [note("old")]), after("key", 10, [note("new")])]);
      await here.queue("one", [{ do: "every", key: "tick", ms: 2 }]);
      await world.until(
        () => here.heard("one"),
        (heard) => heard.includes("new") && heard.filter((text) => text === "tick").length > 3,
      );
      await here.queue("one", [cancel("tick"), note("cancelled"), after("over", 15)]);
      const heard = await hears(world, here, "one", "over");
      expect(heard).not.toContain("old");
      expect(heard.slice(heard.indexOf("cancelled"))).toEqual(["cancelled", "over"]);
    },
  ),

  law("R7.1", "the timers of an actor end with it", async (world) => {
    const here = await world.place();
    const two = await here.start("two");
    await here.start("one");
    await here.queue("one", [after("key", 8, [tell(two, "from the dead")]), after("key too", 1, [stop()])]);
    await world.until(here.journal, (journal) => journal.includes("one ends: normal"));
    await here.start("one");
    await here.queue("one", [after("key", 25, [tell(two, "from the living")])]);
    expect(await hears(world, here, "two", "from the living")).toEqual(["from the living"]);
  }),

  law("R7.5", "the context of an actor that has stopped does nothing but throw", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const two = await there.start("two");
    await here.start("one", { asked: "holds" });
    await there.queue("two", [ask(here.at("one"), "question")]);
    await hears(world, here, "one", "? question");
    await here.queue("one", [watch(two, "two"), stop()]);
    await hears(world, there, "two", "re question: down unknown");
    const steps: readonly Step[] = [
      spawn("child", { name: "child" }),
      stop(),
      watch(two, "again"),
      { do: "unwatch", as: "two" },
      ask(two, "late"),
      after("key", 0),
      { do: "every", key: "key", ms: 1 },
      cancel("key"),
      { do: "pipe", text: "work" },
    ];
    for (const step of steps) expect([step.do, await here.meddle("one", step)]).toEqual([step.do, "Fenced"]);
    // A reply is no method of the context; it is void all the same.
    await here.meddle("one", answer("question"));
    await here.start("three");
    await here.queue("three", [tell(two, "end")]);
    expect(await hears(world, there, "two", "end")).toEqual(["re question: down unknown", "end"]);
    expect(await here.heard("one")).toEqual(["? question"]);
  }),

  law("R7.5", "work that an actor started outside cannot speak for it once it has stopped", async (world) => {
    const here = await world.place();
    await here.start("one");
    await here.queue("one", [{ do: "pipe", text: "alive" }]);
    await hears(world, here, "one", "piped alive");
    await here.queue("one", [{ do: "pipe", text: "dead" }, stop()]);
    await world.until(here.journal, (journal) => journal.includes("one ends: normal"));
    await here.start("one");
    await here.queue("one", [{ do: "pipe", text: "again" }]);
    expect(await hears(world, here, "one", "piped again")).toEqual(["piped alive", "piped again"]);
  }),
];
