/** One Node timer serves any number of ours: each runs once, not early, in order, unless it was given up. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { RealClock } from "../../src/runtime/clock.ts";

describe("on this machine", () => {
  test("timers never run early, and run in the order of their deadlines", async () => {
    const clock = new RealClock();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const ran: { readonly dueMs: number; readonly atMs: number }[] = [];
    for (let count = 0; count < 500; count++) {
      const delayMs = (count * 7919) % 40;
      const timer = clock.arm(delayMs, () => {
        ran.push({ dueMs: timer.dueMs, atMs: clock.now() });
        if (ran.length === 500) resolve();
      });
    }
    await done;
    expect(ran.every(({ dueMs, atMs }) => atMs >= dueMs)).toBe(true);
    expect(ran.map(({ dueMs }) => dueMs)).toEqual(ran.map(({ dueMs }) => dueMs).sort((a, b) => a - b));
  });

  test("the wall clock is the time of day", () => {
    expect(Math.abs(new RealClock().wall() - Date.now())).toBeLessThan(1_000);
  });
});

describe("under time of the test's own", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("equals run in the order they were armed", () => {
    const clock = new RealClock();
    const ran: number[] = [];
    for (let count = 0; count < 100; count++) clock.arm(5, () => ran.push(count));
    vi.advanceTimersByTime(4);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ran).toEqual([...Array(100).keys()]);
  });

  test("a disarmed timer does not run, also when it was due at the same instant", () => {
    const clock = new RealClock();
    const ran: string[] = [];
    clock.arm(5, () => {
      ran.push("first");
      clock.disarm(second);
    });
    const second = clock.arm(5, () => ran.push("second"));
    clock.disarm(clock.arm(1, () => ran.push("third")));
    clock.disarm({ dueMs: 0 });
    vi.advanceTimersByTime(10);
    expect(ran).toEqual(["first"]);
    expect(clock.size).toBe(0);
  });

  test("however many are armed, Node holds one", () => {
    const clock = new RealClock();
    const timers = Array.from({ length: 1_000 }, (_, count) => clock.arm(1_000 - count, () => {}));
    expect(vi.getTimerCount()).toBe(1);
    for (const timer of timers) clock.disarm(timer);
    vi.advanceTimersByTime(1_001);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("asks that were answered leave nothing behind", () => {
    const clock = new RealClock();
    const kept = clock.arm(30_000, () => {});
    for (let count = 0; count < 10_000; count++) clock.disarm(clock.arm(20_000, () => {}));
    clock.disarm(kept);
    clock.disarm(kept);
    expect(clock.size).toBe(0);
    expect(clock.held).toBeLessThanOrEqual(1_026);
  });

  test("a task may arm another for now without holding the thread", () => {
    const clock = new RealClock();
    let runs = 0;
    const again = () => {
      runs++;
      clock.arm(0, again);
    };
    clock.arm(0, again);
    vi.advanceTimersToNextTimer();
    expect(runs).toBe(1);
    vi.advanceTimersToNextTimer();
    expect(runs).toBe(2);
  });

  test("a delay longer than Node can wait is waited for", () => {
    const clock = new RealClock();
    const task = vi.fn();
    const delayMs = 2 ** 31 + 1_000;
    clock.arm(delayMs, task);
    vi.advanceTimersByTime(delayMs - 1);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledOnce();
  });

  test("a task that throws does not stop the clock", () => {
    const clock = new RealClock();
    const task = vi.fn();
    clock.arm(1, () => {
      throw new Error("a bug");
    });
    clock.arm(1, task);
    expect(() => vi.advanceTimersByTime(1)).toThrow("a bug");
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledOnce();
  });
});

test("a clock keeps a process alive only when told to", () => {
  const spied = vi.spyOn(globalThis, "setTimeout");
  const idle = new RealClock();
  const awake = new RealClock({ keepAlive: true });
  // Looked at before this thread does anything else: what runs the tests sets timeouts of its own.
  const timers = [idle.arm(60_000, () => {}), awake.arm(60_000, () => {})];
  const kept = spied.mock.results.map(({ value }) => value.hasRef());
  spied.mockRestore();
  for (const timer of timers) idle.disarm(timer);
  // Once it has rung it waits for nothing more.
  awake.arm(0, () => {});
  expect(kept).toEqual([false, true]);
});

test("what is due now runs although its thread has nothing else to wake for", async () => {
  const clockModule = new URL("../../src/runtime/clock.ts", import.meta.url).href;
  const code = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(clockModule)}).then(({ RealClock }) => {
      const clock = new RealClock();
      // From within the round of the loop in which such things run: the next one must not wait for anything.
      parentPort.on("message", () => setImmediate(() => clock.arm(0, () => parentPort.postMessage("rang"))));
      parentPort.postMessage("ready");
    });`;
  const worker = new Worker(code, { eval: true });
  onTestFinished(() => void worker.terminate());
  await once(worker, "message");
  worker.postMessage("arm");
  expect(await once(worker, "message", { signal: AbortSignal.timeout(5_000) })).toEqual(["rang"]);
});
