import { expect } from "vitest";
import { hears, law, numbersOf, upTo } from "../law.ts";
import { after, answer, ask, cancel, fail, note, type Step, spin, stop, tell, watch } from "../steps.ts";
import type { Site } from "../world.ts";

export const order = [
  law("R3.1", "what is told arrives once and in order between every two actors", async (world) => {
    const sites = [await world.place(), await world.place(), await world.place()];
    const actors: { readonly site: Site; readonly name: string; readonly address: string }[] = [];
    for (const [index, site] of sites.entries()) {
      for (const half of ["a", "b"]) {
        const name = `${half}${index}`;
        actors.push({ site, name, address: await site.start(name) });
      }
    }
    for (const from of actors) {
      const talks = actors.map((to) => tell(to.address, `${from.name}>${to.name}`, { count: 8 }));
      // Three turns each, so that turns of different actors fall between the messages of one pair.
      const again = (turn: number): Step[] => talks.map((talk) => ({ ...talk, text: `${turn}.${from.name}` }) as Step);
      await from.site.queue(from.name, again(1), again(2), again(3));
    }
    for (const { site, name } of actors) {
      const heard = await world.until(
        () => site.heard(name),
        (texts) => texts.length === actors.length * 24,
      );
      for (const from of actors) {
        const texts = heard.filter((text) => text.includes(`.${from.name} `));
        expect(texts).toEqual([1, 2, 3].flatMap((turn) => upTo(8).map((number) => `${turn}.${from.name} ${number}`)));
      }
    }
  }),

  law("R3.2", "of what a lost place told, a prefix arrives, and nothing after the news of its loss", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const one = await here.start("one");
    await there.start("talker");
    await here.queue("one", [watch(there.at("talker"), "talker"), ask(there.at("talker"), "ready")]);
    await hears(world, here, "one", "re ready: answered");
    await there.queue("talker", ...upTo(100).map((turn) => [tell(one, `turn ${turn}`, { count: 20 })]));
    await world.moment();
    await world.lose(there);
    const heard = await hears(world, here, "one", "down talker: noconnection unknown");
    const told = heard.filter((text) => text.startsWith("turn"));
    const sent = upTo(100).flatMap((turn) => upTo(20).map((number) => `turn ${turn} ${number}`));
    expect(told).toEqual(sent.slice(0, told.length));
    expect(heard.indexOf("down talker: noconnection unknown")).toBe(heard.length - 1);
    await here.queue("one", [tell(one, "later")]);
    expect(await hears(world, here, "one", "later")).toHaveLength(heard.length + 1);
  }),

  law("R3.3", "the news of a broken link stands between the messages of two sessions", async (world) => {
    const sites = [await world.place(), await world.place()] as const;
    const names = ["one", "two"] as const;
    for (const end of [0, 1] as const) await sites[end].start(names[end]);
    const other = (end: 0 | 1) => sites[1 - end]?.at(names[1 - end] ?? "") ?? "";
    for (const end of [0, 1] as const) {
      await sites[end].queue(names[end], [watch(other(end), "other"), ask(other(end), "ready")]);
      await hears(world, sites[end], names[end], "re ready: answered");
    }
    for (const end of [0, 1] as const) {
      const scripts = upTo(60).map((turn) => [tell(other(end), `first ${turn}`, { count: 5 })]);
      await sites[end].queue(names[end], ...scripts, [note("all told")]);
    }
    await world.moment();
    await world.cut(...sites);
    for (const end of [0, 1] as const) await hears(world, sites[end], names[end], "all told");
    await world.join(...sites);
    for (const end of [0, 1] as const) await sites[end].queue(names[end], [tell(other(end), "second", { count: 5 })]);
    for (const end of [0, 1] as const) {
      const heard = (await hears(world, sites[end], names[end], "second 5")).filter((text) =>
        /^(first|second|down)/.test(text),
      );
      const lost = heard.indexOf("down other: noconnection unknown");
      const sent = upTo(60).flatMap((turn) => upTo(5).map((number) => `first ${turn} ${number}`));
      expect(heard.slice(0, lost)).toEqual(sent.slice(0, lost));
      expect(heard.slice(lost + 1)).toEqual(upTo(5).map((number) => `second ${number}`));
    }
  }),

  law("R3.3", "the last words of an actor come before the news of its end", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const one = await here.start("one");
    for (const [site, end] of [
      [there, stop()],
      [there, fail()],
      [here, stop()],
      [here, fail()],
    ] as const) {
      const before = (await here.heard("one")).length;
      const target = await site.start("target", { stop: [tell(one, "last")] });
      await here.queue("one", [watch(target, "target"), ask(target, "ready")]);
      await world.until(
        () => here.heard("one"),
        (heard) => heard.slice(before).includes("re ready: answered"),
      );
      await site.queue("target", [tell(one, "word", { count: 30 })], [end]);
      const heard = await world.until(
        () => here.heard("one"),
        (texts) => texts.slice(before).some((text) => text.startsWith("down")),
      );
      expect(heard.slice(before + 1, -1)).toEqual([...upTo(30).map((number) => `word ${number}`), "last"]);
    }
  }),

  law("R3.3", "a reply stands in line with the messages of who gives it", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const one = await here.start("one");
    const target = await there.start("target", { asked: "holds" });
    await here.queue("one", [ask(target, "question")]);
    await hears(world, there, "target", "? question");
    await there.queue("target", [tell(one, "before", { count: 3 }), answer("question"), tell(one, "after")]);
    expect(await hears(world, here, "one", "after")).toEqual([
      "before 1",
      "before 2",
      "before 3",
      "re question: answered",
      "after",
    ]);
  }),

  law("R3.4", "who is refused by a full mailbox here is told once for a turn", async (world) => {
    const here = await world.place();
    await here.start("one");
    const target = await here.start("target", { mailboxMax: 4 });
    await here.queue("one", [ask(target, "ready")]);
    await hears(world, here, "one", "re ready: answered");
    await here.queue("one", [tell(target, "word", { count: 10 }), ask(target, "question")]);
    const heard = await hears(world, here, "one", "refused say 6");
    expect(heard.filter((text) => text.startsWith("refused"))).toHaveLength(1);
    await hears(world, here, "one", "re question: overloaded not-run");
    const words = await hears(world, here, "target", "word 4");
    expect(numbersOf(words, "word")).toEqual([1, 2, 3, 4]);
    expect((await here.facts()).deadLetters).toEqual({ refused: 7 });
  }),

  law("R3.4", "who is refused by a full mailbox elsewhere is told how many were", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    const target = await there.start("target", { mailboxMax: 3 });
    const talkers = ["one", "two"];
    for (const name of talkers) await here.start(name);
    for (const name of talkers) await here.queue(name, ...upTo(20).map(() => [tell(target, "word", { count: 10 })]));
    for (const name of talkers) {
      await here.queue(name, [ask(target, "end", { kind: "unanswered" })]);
      await world.until(
        () => here.heard(name),
        (heard) => heard.some((text) => text.startsWith("re end: ")),
      );
    }
    const seen = async () => {
      const texts = (await Promise.all(talkers.map((name) => here.heard(name)))).flat();
      const told = texts.filter((text) => text.startsWith("refused say"));
      return { told, heard: (await there.heard("target")).length };
    };
    const { told, heard } = await world.until(seen, (now) => now.heard + sumOf(now.told) >= 400);
    expect(heard + sumOf(told)).toBe(400);
    // Told once for what was refused together, not once for each.
    expect(told.length).toBeLessThanOrEqual(40);
  }),

  law("R3.6", "telling never runs the receiver before the turn of the sender is over", async (world) => {
    const here = await world.place();
    const one = await here.start("one");
    const two = await here.start("two");
    await here.queue("one", [
      tell(two, "x", { steps: [tell(one, "y", { steps: [tell("self", "z")] })] }),
      tell("self", "own"),
      note("end of turn"),
    ]);
    await hears(world, here, "one", "z");
    const journal = (await here.journal()).filter((line) => /^\w+: /.test(line));
    expect(journal[0]).toBe("one: end of turn");
    expect(journal.indexOf("two: x")).toBeLessThan(journal.indexOf("one: y"));
    expect(journal.indexOf("one: y")).toBeLessThan(journal.indexOf("one: z"));
  }),

  law("R3.7", "a cancelled timer does not run, even if it is due and in line", async (world) => {
    const here = await world.place();
    await here.start("one");
    // The cancel stands in line before the timer can ring; the busy turns give it time to ring meanwhile.
    const busy = upTo(40).map(() => [spin(0.3)]);
    await here.queue("one", [after("doomed", 1)], ...busy, [cancel("doomed"), after("spared", 20)]);
    expect(await hears(world, here, "one", "spared")).toEqual(["spared"]);
  }),

  law(
    "R3.7",
    "timers run in the order in which they are due, and of equal ones in the order they were set",
    async (world) => {
      const here = await world.place();
      await here.start("one");
      await here.queue("one", [after("last", 40), after("b", 12), after("c", 12), after("first", 4), after("d", 12)]);
      expect(await hears(world, here, "one", "last")).toEqual(["first", "b", "c", "d", "last"]);
    },
  ),

  law("R3.8", "a question that is said not to have run was never heard", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    const target = await there.start("target", { mailboxMax: 50 });
    await here.queue("one", ...upTo(60).map((turn) => [ask(target, `question ${turn}`, { count: 5 })]));
    await world.moment();
    await world.cut(here, there);
    const heard = await world.until(
      () => here.heard("one"),
      (texts) => texts.length === 300,
    );
    const ran = new Set(await there.heard("target"));
    for (const outcome of heard) {
      const [, question = "", how = ""] = /^re (question \d+ \d+): (.*)$/.exec(outcome) ?? [];
      if (how.endsWith("not-run")) expect(ran).not.toContain(`? ${question}`);
      else if (how === "answered") expect(ran).toContain(`? ${question}`);
      else expect(how).toBe("down unknown");
    }
  }),
];

/** Of what was refused, as it was told: `refused say 6`. */
function sumOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Number(text.split(" ").at(-1)), 0);
}
