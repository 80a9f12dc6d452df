import { expect } from "vitest";
import { linkLimits } from "../../../src/actors/link/limits.ts";
import { hears, law, upTo } from "../law.ts";
import { ask, describeValue, tell, wireValueOf } from "../steps.ts";

export const bodies = [
  law("R13.1", "what a message carries arrives as it was, and so does the reply", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    for (const site of [here, there]) {
      const target = await site.start("target");
      const seeds = upTo(8).map(() => world.random.int(1_000));
      await here.queue("one", [
        ...seeds.map((seed) => tell(target, `value ${seed}`, { seed })),
        ...seeds.map((seed) => ask(target, `answer ${seed}`, { seed })),
        ask(target, `end ${site.place}`),
      ]);
      const heard = await hears(world, here, "one", `re end ${site.place}: answered`);
      const told = (await site.heard("target")).filter((text) => text.startsWith("value"));
      expect(told).toEqual(seeds.map((seed) => `value ${seed} ${describeValue(wireValueOf(seed))}`));
      expect(heard.slice(-9, -1)).toEqual(
        seeds.map((seed) => `re answer ${seed}: ${describeValue(wireValueOf(seed))}`),
      );
    }
  }),

  law(
    "R13.6",
    "a message too large for a link is refused by itself, and harms none before or behind it",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      await here.start("one");
      const target = await there.start("target");
      await here.queue("one", [
        tell(target, "before", { bytes: 200_000 }),
        tell(target, "too large", { bytes: linkLimits.threadEnvelopeBytesMax }),
        ask(target, "too large", { bytes: linkLimits.threadEnvelopeBytesMax }),
        tell(target, "behind", { bytes: 200_000 }),
        // Small enough to be asked; the answer has the same bytes and so is as small.
        ask(target, "end", { bytes: 200_000 }),
      ]);
      const heard = await hears(world, here, "one", "re end: answered with bytes");
      expect(heard).toContain("re too large: overloaded not-run");
      expect(await there.heard("target")).toEqual(["before", "behind", "? end"]);
      expect((await here.facts()).deadLetters).toEqual({ unsendable: 2 });
    },
  ),

  law(
    "R13.6",
    "many large messages cross a link whole and in order",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      const one = await here.start("one");
      const two = await there.start("two");
      await here.queue("one", ...upTo(20).map((turn) => [tell(two, `large ${turn}`, { count: 4, bytes: 40_000 })]));
      await there.queue("two", ...upTo(20).map((turn) => [tell(one, `large ${turn}`, { count: 4, bytes: 40_000 })]));
      const all = upTo(20).flatMap((turn) => upTo(4).map((number) => `large ${turn} ${number}`));
      expect(await hears(world, there, "two", "large 20 4")).toEqual(all);
      expect(await hears(world, here, "one", "large 20 4")).toEqual(all);
    },
    { share: 0.4 },
  ),
];
