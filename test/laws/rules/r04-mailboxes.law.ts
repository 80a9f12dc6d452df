import { expect } from "vitest";
import { hears, law, numbersOf, upTo } from "../law.ts";
import { after, answer, ask, spawn, spin, stop, tell, watch } from "../steps.ts";

export const mailboxes = [
  law("R4.1", "an end overtakes the messages that wait", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const two = await there.start("two");
    await here.start("parent");
    await here.queue("parent", [spawn("child", { name: "child" }), ask("#child", "ready")]);
    await hears(world, here, "parent", "re ready: answered");
    await here.queue("parent", [
      watch("#child", "child"),
      tell("#child", "word", { count: 10, steps: [tell(two, "relayed")] }),
      ask("#child", "question"),
      stop("#child"),
    ]);
    const heard = await hears(world, here, "parent", "down child: normal dead");
    expect(heard).toContain("re question: down not-run");
    expect(await here.heard("child")).toEqual(["? ready"]);
    expect((await here.facts()).deadLetters).toEqual({ stopped: 11 });
  }),

  law("R4.2", "a mailbox holds what it was made for, and refuses what is more", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    for (const site of [here, there]) {
      const target = await site.start("target", { mailboxMax: 7 });
      await here.queue("one", [ask(target, `ready ${site.place}`)]);
      await hears(world, here, "one", `re ready ${site.place}: answered`);
      await here.queue("one", [tell(target, "word", { count: 20 })]);
      await world.until(site.facts, ({ deadLetters }) => deadLetters["refused"] === 13);
      expect(numbersOf(await hears(world, site, "target", "word 7"), "word")).toEqual(upTo(7));
      await here.queue("one", [tell(target, "again")]);
      await hears(world, site, "target", "again");
    }
  }),

  law(
    "R4.2",
    "8 192 messages may wait unless an actor says otherwise",
    async (world) => {
      const here = await world.place();
      await here.start("one");
      const usual = await here.start("usual");
      const roomy = await here.start("roomy", { mailboxMax: { unbounded: "a law says so" } });
      await here.queue("one", [tell(usual, "word", { count: 9_000 }), tell(roomy, "word", { count: 9_000 })]);
      await hears(world, here, "one", "refused say 808");
      expect(numbersOf(await hears(world, here, "usual", "word 8192"), "word")).toEqual(upTo(8_192));
      expect(numbersOf(await hears(world, here, "roomy", "word 9000"), "word")).toEqual(upTo(9_000));
    },
    { share: 0.1 },
  ),

  law("R4.3", "news, replies and timers are never refused, however full the mailbox is", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const target = await here.start("target", { mailboxMax: 2 });
    const far = await there.start("far", { asked: "holds" });
    await here.start("parent", { asked: "holds" });
    await here.queue("parent", [spawn("child", { name: "child" }), ask("#child", "ready")]);
    await hears(world, here, "parent", "re ready: answered");
    const [child, parent] = [here.at("child"), here.at("parent")];
    await here.queue("target", [watch(child, "child"), watch(far, "far"), ask(parent, "near"), ask(far, "far")]);
    await hears(world, here, "parent", "? near");
    await hears(world, there, "far", "? far");
    await here.queue("target", [after("timer", 1)], ...upTo(40).map(() => [spin(0.2)]));
    await here.queue("parent", [tell(target, "word", { count: 50 }), answer("near"), stop("#child")]);
    await there.queue("far", [tell(target, "word", { count: 50 }), answer("far"), stop()]);
    for (const text of [
      "timer",
      "re near: answered",
      "re far: answered",
      "down child: normal dead",
      "down far: normal dead",
    ])
      await hears(world, here, "target", text);
    await world.until(here.facts, ({ deadLetters }) => (deadLetters["refused"] ?? 0) >= 48);
  }),
];
