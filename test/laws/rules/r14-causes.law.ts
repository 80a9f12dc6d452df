import { expect } from "vitest";
import type { Recorded } from "../../../src/actors/flight-recorder.ts";
import { hears, law } from "../law.ts";
import { after, ask, fail, tell } from "../steps.ts";
import type { Site } from "../world.ts";

/** What an actor handled, latest first, back to what came from outside: `PLACE PATH KIND`. */
async function story(sites: readonly Site[], from: Site, path: string, kind: string): Promise<readonly string[]> {
  const entries = new Map<string, readonly Recorded[]>();
  for (const site of sites) entries.set(site.place, await site.recent(200));
  const last = entries.get(from.place)?.findLast((entry) => entry.path === path && entry.kind === kind);
  const lines: string[] = [];
  let place = from.place;
  for (let at = last; at !== undefined; ) {
    lines.push(`${sites.findIndex((site) => site.place === place)} ${at.path} ${at.kind}`);
    const cause: Recorded["cause"] = at.cause;
    if (cause === undefined) break;
    place = cause.place;
    at = entries.get(place)?.find(({ n }) => n === cause.n);
  }
  return lines;
}

export const causes = [
  law("R14.1", "what caused a message can be followed back through actors, timers and places", async (world) => {
    const sites = [await world.place(), await world.place(), await world.place()] as const;
    const [here, there, third] = sites;
    await here.start("one");
    const far = await there.start("far");
    const last = await third.start("last");
    const onward = after("pause", 3, [tell(last, "told", { steps: [tell(here.at("one"), "back")] })]);
    await here.queue("one", [tell("self", "near", { steps: [tell(far, "over", { steps: [onward] })] })]);
    await hears(world, here, "one", "back");
    expect(await story(sites, here, "/stage/one", "say")).toEqual([
      "0 /stage/one say",
      "2 /stage/last say",
      "1 /stage/far timer.pause",
      "1 /stage/far say",
      "0 /stage/one say",
      "0 /stage/one script",
    ]);
  }),

  law("R14.1", "an answer and the news of an end name what led to them", async (world) => {
    const sites = [await world.place(), await world.place()] as const;
    const [here, there] = sites;
    await here.start("one");
    const target = await there.start("target");
    await here.queue("one", [{ do: "watch", to: target, as: "target" }, ask(target, "question")]);
    await hears(world, here, "one", "re question: answered");
    expect(await story(sites, here, "/stage/one", "reply")).toEqual([
      "0 /stage/one reply",
      "1 /stage/target ask",
      "0 /stage/one script",
    ]);
    await here.queue("one", [tell(target, "poison", { steps: [fail()] })]);
    await hears(world, here, "one", "down target: failed Error: broken on purpose dead");
    expect(await story(sites, here, "/stage/one", "down")).toEqual([
      "0 /stage/one down",
      "1 /stage/target say",
      "0 /stage/one script",
    ]);
  }),
];
