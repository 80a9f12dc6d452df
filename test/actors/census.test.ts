import { expect, test } from "vitest";
import { linkLimits } from "../../src/actors/link/limits.ts";
import { placeOf, Stage } from "./kit.ts";

test("R4.6 tells how much waits and for how long, and what was handled, never what it was", () => {
  const stage = new Stage();
  const site = stage.site();
  const idle = site.start("idle");
  const busy = site.start("busy", { say: () => stage.clock.advanceTo(stage.clock.now() + 1) });
  stage.clock.advanceTo(100);
  for (let count = 0; count < 40; count++) busy.ref.tell("say", { text: "secret" });
  stage.clock.advanceTo(stage.clock.now() + 500);
  const [, before] = site.system.census().actors;
  expect(before).toEqual({
    path: "/busy",
    slot: 1,
    behaviour: "busy",
    waiting: 40,
    behindMs: 500,
    handled: 1,
    busyMs: 0,
  });
  site.turns();
  const [quiet, after] = site.system.census().actors;
  expect(quiet).toMatchObject({ path: "/idle", waiting: 0, behindMs: 0 });
  expect(after).toMatchObject({ waiting: 0, behindMs: 0, handled: 41 });
  expect(after?.busyMs).toBe(40);
  expect(idle.heard).toEqual([]);
  expect(JSON.stringify(site.system.census())).not.toContain("secret");
});

test("R4.6 tells what waits for credit on each link", () => {
  const stage = new Stage();
  const [here, there] = [stage.site("here"), stage.site("there")];
  const wire = stage.join(here, there);
  const near = here.start("near");
  const far = there.start("far");
  wire.held = true;
  const text = "x".repeat(200_000);
  here.do(near, (ctx) => {
    for (let count = 0; count < 10; count++) ctx.ref(far.ref.address).tell("say", { text });
  });
  const [link] = here.system.census().links;
  expect(link?.place).toBe(placeOf(there));
  expect(link?.windowBytes).toBe(linkLimits.creditBytes);
  expect(link?.creditBytes).toBeLessThan(0);
});

test("R8.6 a pulse beats once per turn and names the slot of the actor that runs", () => {
  const stage = new Stage();
  const pulse = new Int32Array(2).fill(-1);
  const site = stage.site("one", {}, { pulse });
  const seen: number[] = [];
  const puppet = site.start("puppet", { say: () => void seen.push(pulse[1] ?? -2) });
  const beats = pulse[0] ?? 0;
  site.do(puppet, (ctx) => ctx.self.tell("say", { text: "x" }));
  expect(seen).toEqual([0]);
  expect(pulse[1]).toBe(-1);
  expect(pulse[0]).toBeGreaterThan(beats);
});
