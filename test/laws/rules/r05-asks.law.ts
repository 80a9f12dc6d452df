import { expect } from "vitest";
import { hears, law, upTo } from "../law.ts";
import { after, answer, ask, fail, spawn, spin, stop, tell } from "../steps.ts";
import type { Site } from "../world.ts";

const outcomes = (heard: readonly string[]) => heard.filter((text) => text.startsWith("re "));

export const asks = [
  law("R5.1", "every question is settled once, at its deadline at the latest", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    for (const site of [here, there]) {
      const mute = await site.start("mute", { asked: "holds" });
      const before = (await here.heard("one")).length;
      await here.queue("one", [
        ask(mute, "short", { timeoutMs: 20 }),
        ask(mute, "short too", { timeoutMs: 20 }),
        after("meanwhile", 10, [ask(mute, "long", { timeoutMs: 60 }), ask(mute, "later", { timeoutMs: 20 })]),
      ]);
      await world.until(
        () => here.heard("one"),
        (heard) => heard.length === before + 4,
      );
      await world.advance(20);
      expect((await here.heard("one")).slice(before)).toEqual(
        ["short", "short too", "later", "long"].map((text) => `re ${text}: timeout unknown`),
      );
    }
    await world.until(here.facts, ({ asksPending }) => asksPending === 0);
  }),

  law("R5.2", "a question that has expired before its turn is dropped unrun", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    for (const site of [here, there]) {
      const target = await site.start("target");
      await here.queue("one", [ask(target, `ready ${site.place}`)]);
      await hears(world, here, "one", `re ready ${site.place}: answered`);
      await here.queue("one", [
        tell(target, "busy", { steps: [spin(60)] }),
        // More than are run between two looks at the clock.
        tell(target, "word", { count: 40 }),
        ask(target, `late ${site.place}`, { timeoutMs: 15 }),
        tell(target, "end"),
      ]);
      await hears(world, site, "target", "end");
      const heard = await world.until(
        () => here.heard("one"),
        (texts) => texts.some((text) => text.startsWith(`re late ${site.place}`)),
      );
      expect(outcomes(heard).at(-1)).toMatch(/timeout unknown$|expired not-run$/);
      expect(await site.heard("target")).not.toContain(`? late ${site.place}`);
      expect((await site.facts()).deadLetters["expired"]).toBe(1);
    }
  }),

  law("R5.3", "a reply that comes too late, or again, is dropped", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const one = await here.start("one");
    for (const site of [here, there]) {
      const target = await site.start("target", { asked: "holds" });
      const before = (await here.heard("one")).length;
      await here.queue("one", [ask(target, "late", { timeoutMs: 10 }), ask(target, "twice")]);
      await world.until(
        () => here.heard("one"),
        (heard) => heard.length === before + 1,
      );
      await hears(world, site, "target", "? twice");
      await site.queue("target", [answer("late"), answer("twice", 2), tell(one, `end ${site.place}`)]);
      const heard = await hears(world, here, "one", `end ${site.place}`);
      expect(outcomes(heard.slice(before))).toEqual(["re late: timeout unknown", "re twice: answered"]);
    }
  }),

  law("R5.4", "the end of who was asked fails the question at once", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    const endings = [
      [here, stop()],
      [here, fail()],
      [there, stop()],
      [there, fail()],
    ] as const;
    for (const [number, [site, end]] of endings.entries()) {
      const target = await site.start("target", { asked: "holds" });
      await here.queue("one", [ask(target, `held ${number}`)]);
      await world.until(
        () => site.heard("target"),
        (heard) => heard.includes(`? held ${number}`),
      );
      await site.queue("target", [end]);
      await hears(world, here, "one", `re held ${number}: down unknown`);
      await here.queue("one", [ask(target, `dead ${number}`)]);
      await hears(world, here, "one", `re dead ${number}: down not-run`);
    }
    expect((await here.facts()).asksPending).toBe(0);
  }),

  law(
    "R5.4",
    "the loss of its place fails the question at once, and what may have run is said to be unknown",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      const questioners = ["one", "two"];
      for (const name of questioners) await here.start(name);
      await there.start("target", { asked: "holds" });
      for (const name of questioners) await here.queue(name, [ask(there.at("target"), `of ${name}`, { count: 10 })]);
      for (const name of questioners) await hears(world, there, "target", `? of ${name} 10`);
      await world.lose(there);
      for (const name of questioners) {
        const heard = await world.until(
          () => here.heard(name),
          (texts) => texts.length >= 10,
        );
        expect([...heard].sort()).toEqual(
          upTo(10)
            .map((number) => `re of ${name} ${number}: down unknown`)
            .sort(),
        );
        await here.queue(name, [ask(there.at("target"), "gone")]);
        await hears(world, here, name, "re gone: down not-run");
      }
    },
  ),

  law("R5.4", "a broken link fails the question at once, and its reply is heard in no later session", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    await there.start("target", { asked: "holds" });
    await here.queue("one", [ask(there.at("target"), "question")]);
    await hears(world, there, "target", "? question");
    await world.cut(here, there);
    await hears(world, here, "one", "re question: down unknown");
    await world.join(here, there);
    await there.queue("target", [answer("question"), tell(here.at("one"), "after")]);
    expect(outcomes(await hears(world, here, "one", "after"))).toHaveLength(1);
  }),

  law("R5.4", "a question that waited unread when its actor ended has not run", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const ends = async (site: Site) => {
      await site.start("parent");
      await site.queue("parent", [spawn("child", { name: "child" }), ask("#child", "ready")]);
      await hears(world, site, "parent", "re ready: answered");
      await site.queue("parent", [ask("#child", "unread"), stop("#child")]);
      await hears(world, site, "parent", "re unread: down not-run");
      expect(await site.heard("child")).toEqual(["? ready"]);
    };
    await ends(here);
    await ends(there);
  }),
];
