import { expect } from "vitest";
import { hears, law, upTo } from "../law.ts";
import { ask, fail, note, spawn, stop, tell, unwatch, watch } from "../steps.ts";

const downs = (heard: readonly string[]) => heard.filter((text) => text.startsWith("down"));

export const watches = [
  law("R9.1", "each watch hears of one end, once", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const one = await here.start("one");
    for (const site of [here, there]) {
      const before = (await here.heard("one")).length;
      const target = await site.start("target");
      await here.queue("one", [
        watch(target, "a"),
        watch(target, "b"),
        watch(site.at("target"), "c"),
        ask(target, "ready"),
      ]);
      await world.until(
        () => here.heard("one"),
        (heard) => heard.slice(before).includes("re ready: answered"),
      );
      await site.queue("target", [tell(one, "last"), stop()]);
      await world.until(
        () => here.heard("one"),
        (heard) => heard.length === before + 5,
      );
      await site.start("target");
      await site.queue("target", [tell(one, `end ${site.place}`), stop()]);
      const heard = await hears(world, here, "one", `end ${site.place}`);
      expect(downs(heard.slice(before)).sort()).toEqual(["a", "b", "c"].map((as) => `down ${as}: normal dead`));
    }
  }),

  law("R9.2", "a watch on who is dead, was never there, or cannot be reached is answered at once", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    const dead = [await here.start("dead"), await there.start("dead")];
    for (const site of [here, there]) {
      await site.queue("dead", [stop()]);
      await world.until(site.journal, (journal) => journal.includes("dead ends: normal"));
    }
    const watched = [
      ...dead.map((address, index) => watch(address, `dead ${index}`)),
      watch(here.at("nobody"), "nobody 0"),
      watch(there.at("nobody"), "nobody 1"),
      watch("elsewhere~1/main.1:@nobody", "elsewhere"),
    ];
    await here.queue("one", watched);
    const heard = await world.until(
      () => here.heard("one"),
      (texts) => texts.length === watched.length,
    );
    expect([...heard].sort()).toEqual([
      "down dead 0: noproc dead",
      "down dead 1: noproc dead",
      "down elsewhere: noconnection unknown",
      "down nobody 0: noproc dead",
      "down nobody 1: noproc dead",
    ]);
  }),

  law("R9.3", "a watch that was given up hears nothing, not even what is in line already", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    // The end of the child stands in line behind the turn that gives the watch up.
    await here.queue(
      "one",
      [spawn("child"), watch("#child", "child")],
      [stop("#child")],
      [unwatch("child")],
      [note("given up")],
    );
    await hears(world, here, "one", "given up");

    const target = await there.start("target");
    await here.queue("one", [watch(target, "target"), ask(target, "ready")]);
    await hears(world, here, "one", "re ready: answered");
    await here.queue("one", [unwatch("target"), tell(target, "x", { steps: [tell(here.at("one"), "end"), stop()] })]);
    await hears(world, here, "one", "end");
    await here.queue("one", [watch(target, "again")]);
    expect(downs(await hears(world, here, "one", "down again: noproc dead"))).toHaveLength(1);
  }),

  law("R9.4", "the news says how it ended, and whether that is certain", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    for (const name of ["a", "b", "c", "parent"]) await there.start(name);
    await there.queue("parent", [spawn("child", { name: "child" })]);
    const backoff = { minMs: 1, maxMs: 2, factor: 1 };
    const children = ["d", "e"].map((name) => ({ name }));
    await there.supervise("guard", { strategy: "one-for-all", backoff, children });
    await world.until(there.journal, (journal) => ["child begins", "e begins"].every((line) => journal.includes(line)));
    const names = ["a", "b", "c", "child", "d", "e"];
    await here.queue("one", [...names.map((name) => watch(there.at(name), name)), ask(there.at("a"), "ready")]);
    await hears(world, here, "one", "re ready: answered");
    await there.queue("a", [stop()]);
    await there.queue("b", [{ do: "stop", reason: "shutdown" }]);
    await there.queue("c", [fail("why")]);
    await there.queue("parent", [stop()]);
    await there.queue("d", [fail("why")]);
    const heard = await world.until(
      () => here.heard("one"),
      (texts) => downs(texts).length === names.length,
    );
    expect([...downs(heard)].sort()).toEqual([
      "down a: normal dead",
      "down b: shutdown dead",
      "down c: failed Error: why on purpose dead",
      "down child: shutdown dead",
      "down d: failed Error: why on purpose dead",
      "down e: restarted dead",
    ]);
  }),

  law("R9.5", "a name is free by the time anybody hears of the end of who had it", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const target = await here.start("target");
    const heir = spawn("heir", { name: "target", manner: { start: [tell(there.at("far"), "born")] } });
    await here.start("one");
    await there.start("far");
    await here.queue("one", [watch(target, "target", [heir])]);
    await here.queue("target", [stop()]);
    await hears(world, there, "far", "born");
    await there.queue("far", [ask(here.at("target"), "who is there")]);
    await hears(world, there, "far", "re who is there: answered");
  }),

  law("R9.6", "a child watched in the turn that spawns it cannot end unseen", async (world) => {
    const here = await world.place();
    await here.start("one");
    await here.queue("one", [
      spawn("stillborn", { manner: { start: [fail("stillborn")] } }),
      watch("#stillborn", "stillborn"),
      spawn("brief", { manner: { start: [stop()] } }),
      watch("#brief", "brief"),
    ]);
    await hears(world, here, "one", "down stillborn: failed Error: stillborn on purpose dead");
    await hears(world, here, "one", "down brief: normal dead");
  }),

  law("R9.8", "the loss of a place reaches every watch on an actor of it, once, and no other", async (world) => {
    const [here, there, third] = [await world.place(), await world.place(), await world.place()];
    const watchers = upTo(5).map((number) => `w${number}`);
    const targets = upTo(20).map((number) => `t${number}`);
    for (const name of targets) await there.start(name);
    await third.start("spared");
    for (const name of watchers) {
      await here.start(name);
      const all = targets.map((target) => watch(there.at(target), target));
      await here.queue(name, [...all, watch(third.at("spared"), "spared"), ask(there.at("t20"), "ready")]);
      await hears(world, here, name, "re ready: answered");
    }
    await world.lose(there);
    for (const name of watchers) {
      const heard = await world.until(
        () => here.heard(name),
        (texts) => downs(texts).length === targets.length,
      );
      expect([...downs(heard)].sort()).toEqual(targets.map((target) => `down ${target}: noconnection unknown`).sort());
      await here.queue(name, [ask(third.at("spared"), "end")]);
      expect(downs(await hears(world, here, name, "re end: answered"))).toHaveLength(targets.length);
    }
  }),
];
