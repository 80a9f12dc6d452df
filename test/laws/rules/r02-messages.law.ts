import { expect } from "vitest";
import { hears, law } from "../law.ts";
import { ask, tell } from "../steps.ts";

export const messages = [
  law("R2.1", "a kind that an actor does not know is a dead letter and harms nobody", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    for (const site of [here, there]) {
      const target = await site.start("target");
      await here.queue("one", [
        tell(target, "strange", { kind: "unheard", count: 3 }),
        ask(target, `strange ${site.place}`, { kind: "unanswered" }),
        tell(target, "known"),
      ]);
      await hears(world, site, "target", "known");
      const heard = await world.until(
        () => here.heard("one"),
        (all) => all.some((text) => text.startsWith(`re strange ${site.place}: `)),
      );
      expect(heard.at(-1)).toMatch(/: \w+ not-run$/);
      expect(await site.heard("target")).toEqual(["known"]);
      expect((await site.facts()).deadLetters["unknown-kind"]).toBe(4);
    }
  }),
];
