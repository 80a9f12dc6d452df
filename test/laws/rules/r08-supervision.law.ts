import { expect } from "vitest";
import { hears, law, upTo } from "../law.ts";
import { ask, type Care, fail, type Step, spawn, stop, tell, watch } from "../steps.ts";
import type { Site, TestWorld } from "../world.ts";

const soon = { minMs: 1, maxMs: 2, factor: 1 };

async function begun(world: TestWorld, site: Site, name: string, lives: number): Promise<void> {
  await world.until(site.journal, (journal) => count(journal, `${name} begins`) === lives);
}

function count(journal: readonly string[], line: string): number {
  return journal.filter((each) => each === line).length;
}

/** What a strategy does when the second of three children fails. */
function strategyLaw(strategy: Care["strategy"], claim: string, expected: readonly string[]) {
  return law("R8.2", claim, async (world) => {
    const here = await world.place();
    const children = ["a", "b", "c"].map((name) => ({ name }));
    await here.supervise("guard", { strategy, backoff: soon, children });
    for (const { name } of children) await begun(world, here, name, 1);
    const before = (await here.journal()).length;
    await here.queue("b", [fail()]);
    await world.until(here.journal, (journal) => journal.length === before + 1 + expected.length);
    const [failure, ...rest] = (await here.journal()).slice(before);
    expect(failure).toBe("b ends: failed Error: broken on purpose");
    const endings = expected.filter((line) => line.includes("ends"));
    expect(rest.slice(0, endings.length)).toEqual(endings);
    // They are spawned in order; which of several new actors has its first turn first is open.
    expect(rest.slice(endings.length).sort()).toEqual(expected.slice(endings.length));
  });
}

export const supervision = [
  law("R8.1", "an actor that fails ends, and nothing but who watches it learns of that", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await there.start("one");
    await here.start("sibling");
    await here.start("target");
    await there.queue("one", [watch(here.at("target"), "target"), ask(here.at("target"), "ready")]);
    await hears(world, there, "one", "re ready: answered");
    await here.queue("target", [fail("worn out")]);
    await hears(world, there, "one", "down target: failed Error: worn out on purpose dead");
    await there.queue("one", [ask(here.at("sibling"), "still there")]);
    await hears(world, there, "one", "re still there: answered");
    expect(count(await here.journal(), "target begins")).toBe(1);
  }),

  law(
    "R8.2",
    "a restarted actor is another one: it has its name, and neither its address nor its messages",
    async (world) => {
      const [here, there] = [await world.place(), await world.place()];
      await there.start("one");
      await here.supervise("guard", { strategy: "one-for-one", backoff: soon, children: [{ name: "target" }] });
      await begun(world, here, "target", 1);
      const first = await here.address("target");
      await there.queue("one", [watch(first, "first"), ask(first, "ready")]);
      await hears(world, there, "one", "re ready: answered");
      await there.queue("one", [tell(first, "poison", { steps: [fail()] }), tell(first, "waiting", { count: 3 })]);
      await hears(world, there, "one", "down first: failed Error: broken on purpose dead");
      await begun(world, here, "target", 2);
      expect(await here.address("target")).not.toBe(first);
      await there.queue("one", [tell(first, "to the first"), tell(here.at("target"), "to the name")]);
      expect(await hears(world, here, "target", "to the name")).toEqual(["? ready", "poison", "to the name"]);
      const { deadLetters } = await here.facts();
      expect((deadLetters["stopped"] ?? 0) + (deadLetters["noproc"] ?? 0)).toBe(4);
    },
  ),

  strategyLaw("one-for-one", "one for one: a child that failed begins again, and no other", ["b begins"]),
  strategyLaw("one-for-all", "one for all: all end in reverse order, and then begin again", [
    "c ends: restarted",
    "a ends: restarted",
    "a begins",
    "b begins",
    "c begins",
  ]),
  strategyLaw("rest-for-one", "rest for one: those begun after the one that failed end and begin again with it", [
    "c ends: restarted",
    "b begins",
    "c begins",
  ]),

  law("R8.2", "whether an actor begins again depends on how it ended and what was agreed", async (world) => {
    const here = await world.place();
    const agreed = ["permanent", "transient", "temporary"] as const;
    const children = agreed.map((restart) => ({ name: restart, restart }));
    await here.supervise("guard", { strategy: "one-for-one", backoff: soon, children });
    for (const { name } of children) await begun(world, here, name, 1);
    for (const name of ["permanent", "transient"]) await here.queue(name, [fail()]);
    for (const name of ["permanent", "transient"]) await begun(world, here, name, 2);
    for (const name of ["temporary", "transient", "permanent"]) await here.queue(name, [stop()]);
    await begun(world, here, "permanent", 3);
    await world.advance(10);
    const journal = await here.journal();
    expect(agreed.map((name) => count(journal, `${name} begins`))).toEqual([3, 2, 1]);
  }),

  law("R8.2", "children end before their parent, the youngest first", async (world) => {
    const here = await world.place();
    await here.start("parent");
    await here.queue(
      "parent",
      upTo(3).map((number) => spawn(`child ${number}`, { name: `child-${number}` })),
    );
    for (const number of upTo(3)) await begun(world, here, `child-${number}`, 1);
    await here.queue("parent", [fail()]);
    await world.until(here.facts, ({ actors }) => actors === 0);
    const ends = (await here.journal()).filter((line) => line.includes(" ends: "));
    expect(ends).toEqual([
      ...["child-3", "child-2", "child-1"].map((name) => `${name} ends: shutdown`),
      "parent ends: failed Error: broken on purpose",
    ]);
  }),

  law("R8.3", "failing to begin is a failure like any other", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await there.start("one");
    await here.start("alone", { start: [fail("stillborn")] });
    await there.queue("one", [watch(here.at("alone"), "alone")]);
    const [news] = await world.until(
      () => there.heard("one"),
      (heard) => heard.length > 0,
    );
    expect(news).toMatch(/^down alone: (failed Error: stillborn on purpose|noproc) dead$/);
    await here.start("alone");

    const children = [{ name: "never", manner: { start: [fail("stillborn")] } }];
    const intensity = { max: 3, withinMs: 600_000 };
    await here.supervise("guard", { strategy: "one-for-one", backoff: soon, intensity, children });
    await world.until(here.journal, (journal) => count(journal, "never begins") === 4);
    await world.until(here.facts, ({ actors }) => actors === 1);
  }),

  law("R8.4", "every failure is in the log once, with who failed and of what", async (world) => {
    const here = await world.place();
    const children = [{ name: "target" }];
    await here.supervise("guard", { strategy: "one-for-one", backoff: soon, children });
    for (const life of upTo(3)) {
      await begun(world, here, "target", life);
      await here.queue("target", [fail(`of ${life}`)]);
    }
    await begun(world, here, "target", 4);
    const lines = upTo(3).map((life) => `/stage/guard/target failed: Error: of ${life} on purpose`);
    expect((await here.facts()).errors).toEqual(lines);
  }),

  law("R8.5", "more failures than were agreed end the supervisor and all its children", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await there.start("one");
    const children = ["a", "b"].map((name) => ({ name }));
    const intensity = { max: 2, withinMs: 600_000 };
    await here.supervise("guard", { strategy: "one-for-one", backoff: soon, intensity, children });
    for (const name of ["a", "b"]) await begun(world, here, name, 1);
    await there.queue("one", [watch(here.at("guard"), "guard"), ask(here.at("a"), "ready")]);
    await hears(world, there, "one", "re ready: answered");
    // Each child has failures of its own: two of each are not too many.
    for (const name of ["a", "b"]) {
      for (const life of [1, 2]) {
        await here.queue(name, [fail()]);
        await begun(world, here, name, life + 1);
      }
    }
    await here.queue("a", [fail("once more")]);
    await hears(
      world,
      there,
      "one",
      "down guard: failed a was restarted too often; last: Error: once more on purpose dead",
    );
    expect((await here.journal()).at(-1)).toBe("b ends: shutdown");
    expect((await here.facts()).actors).toBe(0);
  }),

  law("R8.5", "the failure of an actor above which there is nobody ends its place", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await here.start("one");
    const intensity = { max: 0, withinMs: 600_000 };
    await there.supervise("guard", { strategy: "one-for-one", intensity, children: [{ name: "target" }], root: true });
    await there.start("bystander");
    await here.queue("one", [watch(there.at("bystander"), "bystander"), ask(there.at("bystander"), "ready")]);
    await hears(world, here, "one", "re ready: answered");
    const last: readonly Step[] = [fail("the last straw")];
    await there.queue("target", last);
    await world.ended(there);
    await hears(world, here, "one", "down bystander: noconnection unknown");
  }),

  law("R8.7", "a message that its reader failed of is not read again", async (world) => {
    const [here, there] = [await world.place(), await world.place()];
    await there.start("one");
    await here.supervise("guard", { strategy: "one-for-one", backoff: soon, children: [{ name: "target" }] });
    await begun(world, here, "target", 1);
    await there.queue("one", [ask(here.at("target"), "poison", { steps: [fail()] })]);
    await hears(world, there, "one", "re poison: down unknown");
    await begun(world, here, "target", 2);
    await there.queue("one", [tell(here.at("target"), "end")]);
    expect(await hears(world, here, "target", "end")).toEqual(["? poison", "end"]);
  }),
];
