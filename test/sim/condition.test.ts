import { expect, test } from "vitest";
import { SimClock } from "../../src/sim/clock.ts";
import { Condition } from "../../src/sim/condition.ts";
import { NodeClock } from "../../src/sim/world.ts";

test("what happens to a paused node happens when it goes on, in order", () => {
  const condition = new Condition();
  const seen: number[] = [];
  condition.run(() => seen.push(1));
  const { resume, lasts } = condition.pause();
  condition.run(() => seen.push(2));
  condition.run(() => seen.push(3));
  expect([seen, lasts(), condition.paused]).toEqual([[1], true, true]);
  resume();
  expect([seen, lasts(), condition.paused]).toEqual([[1, 2, 3], false, false]);
});

test("the end of an old pause does not end a new one", () => {
  const condition = new Condition();
  const first = condition.pause();
  condition.reborn();
  condition.pause();
  first.resume();
  expect(condition.paused).toBe(true);
});

test("a node that crashes while it is paused loses what waited, and stays wrong about the time", () => {
  const condition = new Condition();
  condition.wallOffsetMs = 60_000;
  condition.restMs = 5;
  const { resume } = condition.pause();
  const seen: number[] = [];
  condition.run(() => seen.push(1));
  condition.reborn();
  resume();
  expect(seen).toEqual([]);
  expect([condition.restMs, condition.wallOffsetMs]).toEqual([0, 60_000]);
});

test("a timer that is due in a pause runs after it, unless it is disarmed first", () => {
  const clock = new SimClock();
  const condition = new Condition();
  const node = new NodeClock(clock, condition);
  const seen: string[] = [];
  const { resume } = condition.pause();
  node.arm(1, () => {
    seen.push("first");
    node.disarm(second);
  });
  const second = node.arm(2, () => seen.push("second"));
  node.arm(3, () => seen.push("third"));
  while (clock.nextDueMs !== undefined) clock.fireNext();
  expect([seen, node.now()]).toEqual([[], 3]);
  resume();
  expect(seen).toEqual(["first", "third"]);
});

test("a wall clock that has jumped is off, and the monotonic one is not", () => {
  const clock = new SimClock();
  const condition = new Condition();
  const node = new NodeClock(clock, condition);
  condition.wallOffsetMs = -3_600_000;
  expect([node.wall() - clock.wall(), node.now()]).toEqual([-3_600_000, clock.now()]);
});
