import { expect } from "vitest";
import { hears, law, upTo } from "../law.ts";
import { ask, spawn, stop, tell, watch } from "../steps.ts";

export const drain = [
  law(
    "R12.3",
    "a place that is shut down ends its actors in order and says so before its links close",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      const one = await here.start("one");
      const names = ["old", "young"];
      for (const name of names) await there.start(name, { stop: [tell(one, `last of ${name}`)] });
      await there.queue("old", [spawn("child", { name: "child", manner: { stop: [tell(one, "last of child")] } })]);
      await world.until(there.journal, (journal) => journal.includes("child begins"));
      await here.queue("one", [
        ...[...names, "child"].map((name) => watch(there.at(name), name)),
        ask(there.at("young"), "ready"),
      ]);
      await hears(world, here, "one", "re ready: answered");
      await world.shutDown(there);
      const heard = await world.until(
        () => here.heard("one"),
        (texts) => texts.length >= 7,
      );
      expect(heard.slice(1)).toEqual(
        ["young", "child", "old"].flatMap((name) => [`last of ${name}`, `down ${name}: shutdown dead`]),
      );
      await here.queue("one", [watch(there.at("old"), "again")]);
      await hears(world, here, "one", "down again: noconnection unknown");
    },
  ),

  law(
    "R12.2",
    "a place that is drained finishes what it has and turns away what comes from elsewhere",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      const one = await here.start("one");
      const target = await there.start("target");
      await there.start("inner");
      await here.queue("one", [watch(target, "target"), ask(target, "ready")]);
      await hears(world, here, "one", "re ready: answered");
      await there.queue(
        "inner",
        ...upTo(20).map((turn) => [tell(target, `turn ${turn}`, { count: 20, steps: [tell(one, "done")] })]),
      );
      await there.drain();
      await here.queue("one", [tell(target, "too late", { count: 3 }), ask(target, "too late")]);
      const refusal = "re too late: shutting-down not-run";
      const heard = await world.until(
        () => here.heard("one"),
        (texts) => texts.length === 402,
      );
      expect(heard.filter((text) => text === "done")).toHaveLength(400);
      expect(heard).toContain(refusal);
      const worked = await there.heard("target");
      expect(worked.slice(1)).toEqual(upTo(20).flatMap((turn) => upTo(20).map((number) => `turn ${turn} ${number}`)));
      expect((await there.facts()).deadLetters).toEqual({ stopped: 4 });
      await world.shutDown(there);
      await hears(world, here, "one", "down target: shutdown dead");
    },
  ),

  law("R12.1", "an actor that stops itself has said everything that it had said before", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const one = await here.start("one");
    await there.start("target");
    await there.queue("target", [stop(), tell(one, "word", { count: 50 })]);
    expect(await hears(world, here, "one", "word 50")).toEqual(upTo(50).map((number) => `word ${number}`));
    await world.until(there.facts, ({ actors }) => actors === 0);
  }),
];
