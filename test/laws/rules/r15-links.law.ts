import { expect } from "vitest";
import { hears, law, numbersOf, upTo } from "../law.ts";
import { ask, note, tell, watch } from "../steps.ts";

export const links = [
  law("R15.2", "an earlier life of a place is refused, and its later life keeps its link", async (world) => {
    const [here, first] = [await world.place(), await world.place()];
    await here.start("one");
    await world.lose(first);
    const there = await world.restart(first);
    await there.start("target");
    await here.queue("one", [watch(there.at("target"), "target"), ask(there.at("target"), "ready")]);
    await hears(world, here, "one", "re ready: answered");
    expect(await world.refusesEarlierLife(here, there)).toBe(true);
    await here.queue("one", [ask(there.at("target"), "end")]);
    expect(await hears(world, here, "one", "re end: answered")).toHaveLength(2);
    expect((await here.facts()).links).toContain(there.place);
  }),

  law("R15.2", "of two connections made at the same time one is kept, at both ends the same", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await world.cut(here, there);
    await world.joinBoth(here, there);
    await here.start("one");
    await there.start("two");
    await here.queue("one", [watch(there.at("two"), "two"), ask(there.at("two"), "question")]);
    await there.queue("two", [watch(here.at("one"), "one"), ask(here.at("one"), "question")]);
    await hears(world, here, "one", "re question: answered");
    await hears(world, there, "two", "re question: answered");
    for (const [site, other] of [
      [here, there],
      [there, here],
    ] as const) {
      expect((await site.facts()).links.filter((place) => place === other.place)).toEqual([other.place]);
    }
  }),

  law("R15.3", "what was lost with a session is in no later one", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    await there.start("two");
    for (const session of [1, 2, 3]) {
      const { release } = await world.stall(here, there);
      await here.queue("one", [tell(there.at("two"), `session ${session}`, { count: 200 }), note(`told ${session}`)]);
      await hears(world, here, "one", `told ${session}`);
      const cut = world.cut(here, there);
      await release();
      await cut;
      await world.join(here, there);
      await here.queue("one", [tell(there.at("two"), `end ${session}`)]);
      await hears(world, there, "two", `end ${session}`);
    }
    const heard = await there.heard("two");
    for (const session of [1, 2, 3]) {
      const end = heard.indexOf(`end ${session}`);
      const told = numbersOf(heard, `session ${session}`);
      expect(told).toEqual(upTo(told.length));
      expect(numbersOf(heard.slice(end), `session ${session}`)).toEqual([]);
    }
  }),

  law("R15.5", "one slow actor does not hold up the others behind a link", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    const slow = await there.start("slow", { mailboxMax: 2 });
    const quick = await there.start("quick");
    // Three times what may be on its way over a link before the receiver has taken it.
    const rounds = world.mode === "sim" ? 20 : 60;
    await here.queue(
      "one",
      ...upTo(rounds).map((round) => [tell(slow, `round ${round}`, { count: 10, bytes: 5_000 })]),
    );
    await here.queue("one", [ask(quick, "question")]);
    await hears(world, here, "one", "re question: answered");
    const heard = (await there.heard("slow")).length;
    expect((await there.facts()).deadLetters["refused"] ?? 0).toBeGreaterThan(0);
    await world.until(
      async () => [(await there.heard("slow")).length, (await there.facts()).deadLetters["refused"] ?? 0],
      ([read = 0, refused = 0]) => read + refused === rounds * 10,
    );
    expect(heard).toBeGreaterThan(0);
  }),

  law(
    "R15.5",
    "what a link cannot take is refused and its sender is told; signals still pass",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      const count = 80_000;
      await here.start("one");
      await there.start("two", { mailboxMax: count });
      await here.queue("one", [ask(there.at("two"), "ready")]);
      await hears(world, here, "one", "re ready: answered");
      const { resume } = await world.pause(there);
      await here.queue("one", [
        tell(there.at("two"), "word", { count, bytes: 100 }),
        ask(there.at("two"), "overload"),
        watch(there.at("nobody"), "nobody"),
      ]);
      const refused = await world.until(
        () => here.heard("one"),
        (heard) => heard.some((text) => text.startsWith("refused say")),
      );
      await resume();
      await hears(world, here, "one", "down nobody: noproc dead");
      expect(refused).toContain("re overload: overloaded not-run");
      const lost = Number(
        refused
          .find((text) => text.startsWith("refused"))
          ?.split(" ")
          .at(-1),
      );
      expect((await here.facts()).deadLetters).toEqual({ refused: lost + 1 });
      await here.queue("one", [ask(there.at("two"), "end")]);
      await hears(world, here, "one", "re end: answered");
      expect(numbersOf(await there.heard("two"), "word")).toEqual(upTo(count - lost));
    },
    { share: 0.03 },
  ),

  law("R15.7", "a link that stalls for a while loses nothing", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    await there.start("two");
    await here.queue("one", [watch(there.at("two"), "two"), ask(there.at("two"), "ready")]);
    await hears(world, here, "one", "re ready: answered");
    const { release } = await world.stall(here, there);
    await here.queue("one", ...upTo(20).map((turn) => [tell(there.at("two"), `turn ${turn}`, { count: 10 })]));
    await world.advance(60);
    await release();
    await here.queue("one", [ask(there.at("two"), "end")]);
    expect(await hears(world, here, "one", "re end: answered")).toHaveLength(2);
    const all = upTo(20).flatMap((turn) => upTo(10).map((number) => `turn ${turn} ${number}`));
    expect(await there.heard("two")).toEqual(["? ready", ...all, "? end"]);
  }),

  law(
    "R15.7",
    "a link that is silent in one direction ends at both ends",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      await here.start("one");
      await there.start("two");
      await here.queue("one", [watch(there.at("two"), "two"), ask(there.at("two"), "ready")]);
      await hears(world, here, "one", "re ready: answered");
      await there.queue("two", [watch(here.at("one"), "one"), ask(here.at("one"), "ready")]);
      await hears(world, there, "two", "re ready: answered");
      await world.silence(here, there);
      await here.queue("one", [ask(there.at("two"), "lost")]);
      await hears(world, here, "one", "down two: noconnection unknown");
      await hears(world, there, "two", "down one: noconnection unknown");
      await hears(world, here, "one", "re lost: down unknown");
      expect(await there.heard("two")).not.toContain("? lost");
    },
    { modes: ["sim", "processes"] },
  ),
];
