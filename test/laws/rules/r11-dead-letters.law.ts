import { expect } from "vitest";
import { linkLimits } from "../../../src/actors/link/limits.ts";
import { hears, law } from "../law.ts";
import { ask, fail, stop, tell } from "../steps.ts";

export const deadLetters = [
  law("R11.1", "what reaches nobody is counted where that is found out, with the reason", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    const full = await there.start("full", { mailboxMax: 1 });
    await here.queue("one", [ask(full, "ready")]);
    await hears(world, here, "one", "re ready: answered");
    await here.queue("one", [
      tell("elsewhere~1/main.1:@nobody", "a"),
      tell(full, "large", { bytes: linkLimits.threadEnvelopeBytesMax }),
      tell(there.at("nobody"), "b"),
      tell(full, "c", { count: 3 }),
      ask(there.at("nobody"), "end"),
    ]);
    await hears(world, here, "one", "re end: down not-run");
    await world.until(here.facts, ({ deadLetters }) => deadLetters["unsendable"] === 1);
    expect((await here.facts()).deadLetters).toMatchObject({ "link-down": 1, unsendable: 1 });
    expect((await there.facts()).deadLetters).toEqual({ noproc: 2, refused: 2 });
  }),

  law("R11.1", "as long as no link breaks, each message is heard or is a dead letter", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await there.start("target", { mailboxMax: 30 });
    for (const [site, name] of [
      [here, "one"],
      [there, "two"],
    ] as const) {
      await site.start(name);
      await site.queue(name, ...Array.from({ length: 20 }, () => [tell(there.at("target"), "word", { count: 8 })]));
    }
    await world.moment();
    await there.queue("target", [world.random.chance(0.5) ? stop() : fail()]);
    await world.until(there.journal, (journal) => journal.some((line) => line.startsWith("target ends")));
    for (const [site, name] of [
      [here, "one"],
      [there, "two"],
    ] as const) {
      await site.queue(name, [ask(there.at("target"), "end")]);
      await hears(world, site, name, "re end: down not-run");
    }
    const heard = (await there.heard("target")).length;
    const { deadLetters: dead } = await there.facts();
    expect(heard + Object.values(dead).reduce((sum, count) => sum + count, 0)).toBe(322);
    expect(Object.keys(dead).filter((reason) => !["noproc", "stopped", "refused"].includes(reason))).toEqual([]);
  }),
];
