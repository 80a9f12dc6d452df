import { expect } from "vitest";
import { hears, law } from "../law.ts";
import { ask, spawn, stop, tell, watch } from "../steps.ts";

export const addressing = [
  law("R1.1", "tell, ask and watch are the same to an actor here and to one elsewhere", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    for (const site of [here, there]) {
      const target = await site.start("target");
      await here.queue("one", [watch(target, site.place), tell(target, "hello"), ask(target, site.place)]);
      await hears(world, here, "one", `re ${site.place}: answered`);
      await site.queue("target", [stop()]);
      await hears(world, here, "one", `down ${site.place}: normal dead`);
      expect(await site.heard("target")).toEqual(["hello", `? ${site.place}`]);
    }
  }),

  law("R1.3", "an address of an earlier generation is dead for ever", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    const first = await there.start("target");
    await there.queue("target", [stop()]);
    await world.until(there.journal, (journal) => journal.includes("target ends: normal"));
    const second = await there.start("target");
    expect(second.split(".").slice(0, -1)).toEqual(first.split(".").slice(0, -1));
    expect(second).not.toBe(first);

    await here.queue("one", [tell(first, "late"), ask(first, "late"), watch(first, "first"), tell(second, "new")]);
    await hears(world, there, "target", "new");
    await hears(world, here, "one", "down first: noproc dead");
    expect(await hears(world, here, "one", "re late: down not-run")).toHaveLength(2);
    expect(await there.heard("target")).toEqual(["new"]);
    expect((await there.facts()).deadLetters["noproc"]).toBeGreaterThan(0);
  }),

  law("R1.3", "an address of a place's earlier life reaches nobody in its next", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    const first = await there.start("target");
    await world.lose(there);
    const again = await world.restart(there);
    const second = await again.start("target");
    expect(second).not.toBe(first);
    await here.queue("one", [tell(first, "late"), ask(first, "late"), watch(first, "first"), tell(second, "new")]);
    await hears(world, again, "target", "new");
    await hears(world, here, "one", "down first: noconnection unknown");
    await hears(world, here, "one", "re late: down not-run");
    expect(await again.heard("target")).toEqual(["new"]);
  }),

  law("R1.4", "a name is resolved again at every send", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    for (const site of [here, there]) {
      const name = site.at("target");
      for (const life of [1, 2]) {
        const text = `${life} ${site.place}`;
        await site.start("target");
        await here.queue("one", [tell(name, text), ask(name, text)]);
        await hears(world, here, "one", `re ${text}: answered`);
        await site.queue("target", [stop()]);
        await world.until(site.journal, (journal) => endings(journal) === life);
        await here.queue("one", [watch(name, text)]);
        await hears(world, here, "one", `down ${text}: noproc dead`);
      }
      expect(await site.heard("target")).toEqual(
        [1, 2].flatMap((life) => [`${life} ${site.place}`, `? ${life} ${site.place}`]),
      );
    }
  }),

  law("R1.5", "an address in a message reaches the actor from wherever it is read", async (world) => {
    const [here, there, third] = [await world.place(), await world.place(), await world.place()];
    await here.start("one");
    const reader = await there.start("reader");
    const target = await third.start("target");
    await here.queue("one", [tell(reader, "read", { steps: [tell(target, "from the reader")] })]);
    await hears(world, third, "target", "from the reader");
  }),

  law("R1.5", "a child can be reached by the address that it has before it has started", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await there.start("target");
    await here.start("parent");
    await here.queue("parent", [spawn("child", { name: "child" }), tell("#child", "early")]);
    await hears(world, here, "child", "early");
    await there.queue("target", [tell(await here.address("child"), "from afar")]);
    await hears(world, here, "child", "from afar");
    expect(await here.heard("child")).toEqual(["early", "from afar"]);
  }),
];

function endings(journal: readonly string[]): number {
  return journal.filter((line) => line === "target ends: normal").length;
}
