import { expect, test } from "vitest";
import { Stage } from "./kit.ts";

function scene() {
  const stage = new Stage();
  const site = stage.site();
  return { stage, site, one: site.start("one") };
}

test("R3.7 a timer runs once, when its delay has passed", () => {
  const { stage, site, one } = scene();
  site.do(one, (ctx) => ctx.after("t", 10, () => one.heard.push("fired")));
  stage.advance(9);
  expect(one.heard).toEqual([]);
  stage.advance(1);
  expect(one.heard).toEqual(["fired"]);
  stage.advance(100);
  expect(one.heard).toEqual(["fired"]);
  expect(site.cell(one).timers.size).toBe(0);
});

test("R3.7 timers fire by due time, ties in the order armed", () => {
  const { stage, site, one } = scene();
  site.do(one, (ctx) => {
    for (const [key, delayMs] of [
      ["late", 20],
      ["b", 10],
      ["a", 10],
      ["now", 0],
    ] as const)
      ctx.after(key, delayMs, () => one.heard.push(key));
  });
  stage.advance(20);
  expect(one.heard).toEqual(["now", "b", "a", "late"]);
});

test("R3.7 a cancelled timer never runs", () => {
  const { stage, site, one } = scene();
  site.do(one, (ctx) => ctx.after("t", 10, () => one.heard.push("fired")));
  site.do(one, (ctx) => ctx.cancel("t"));
  stage.advance(100);
  // Armed and cancelled in one turn, before the outbox ever left.
  site.do(one, (ctx) => {
    ctx.after("t", 10, () => one.heard.push("fired"));
    ctx.cancel("t");
  });
  stage.advance(100);
  expect(one.heard).toEqual([]);
});

test("R3.7 a cancelled timer never runs, also when its turn waits in the mailbox", () => {
  const { stage, site, one } = scene();
  site.do(one, (ctx) => ctx.after("t", 10, () => one.heard.push("fired")));
  site.queue(one, (ctx) => ctx.cancel("t"));
  stage.clock.fireNext();
  expect(site.cell(one).mailbox.length).toBe(2);
  site.turns();
  expect(one.heard).toEqual([]);
});

test("R3.7 arming a key again replaces what it held, also when that waits in the mailbox", () => {
  const { stage, site, one } = scene();
  const arm = (text: string, delayMs: number) =>
    site.queue(one, (ctx) => ctx.after("t", delayMs, () => one.heard.push(text)));
  arm("old", 10);
  site.turns();
  arm("new", 50);
  stage.clock.fireNext();
  site.turns();
  stage.advance(100);
  expect(one.heard).toEqual(["new"]);
});

test("every comes again each period until it is cancelled, which its own turn may do", () => {
  const { stage, site, one } = scene();
  site.do(one, (ctx) =>
    ctx.every("t", 10, () => {
      if (one.heard.push(`at ${stage.clock.now()}`) === 3) ctx.cancel("t");
    }),
  );
  stage.advance(100);
  expect(one.heard).toEqual(["at 10", "at 20", "at 30"]);
  expect(site.cell(one).timers.size).toBe(0);
});

test("a timer may arm itself again from its own turn", () => {
  const { stage, site, one } = scene();
  const again = (): void => {
    one.heard.push(`at ${stage.clock.now()}`);
    one.ctx.after("t", 10 * one.heard.length, again);
  };
  site.do(one, (ctx) => ctx.after("t", 10, again));
  stage.advance(65);
  expect(one.heard).toEqual(["at 10", "at 20", "at 40"]);
});

test("R3.9 the timers of an actor that stopped do not run", () => {
  const { stage, site, one } = scene();
  site.do(one, (ctx) => {
    ctx.after("t", 10, () => one.heard.push("fired"));
    ctx.every("e", 10, () => one.heard.push("fired"));
  });
  site.do(one, (ctx) => {
    ctx.stop();
    ctx.after("late", 10, () => one.heard.push("fired"));
  });
  stage.advance(100);
  expect(one.heard).toEqual([]);
});
