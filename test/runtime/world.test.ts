/** A world without a part answers in its place, and a world that is closed holds nothing of the machine. */

import { describe, expect, test } from "vitest";
import type { FunctionOutcome } from "../../src/actors/world.ts";
import { openWorld } from "../../src/runtime/world.ts";

const log = () => {};

test("what a thread does not have refuses, and says so", async () => {
  const world = openWorld({ log });
  const outcome = await new Promise<FunctionOutcome>((resolve) => {
    world.pool.call(
      { module: "m", export: "e", args: null, context: { taskId: "", slaveId: "", directory: "" } },
      resolve,
    );
  });
  expect(outcome).toEqual({ kind: "threw", message: "this thread has no task pool" });

  const command = { argv: ["true"], env: {}, directory: "/", stdout: "o", stderr: "e" };
  const refused = await new Promise((failed) => {
    world.processes.start(command, { started: () => {}, exited: () => {}, failed });
  });
  expect(refused).toBe("this thread starts no processes");

  const unreachable = await new Promise((failed) => {
    world.transport.dial(
      "127.0.0.1:1",
      () => ({ takeIn: () => {}, receive: () => {}, receivePlain: () => {}, closed: () => {} }),
      failed,
    );
  });
  expect(unreachable).toBe("this thread dials no other node");
});

test("closing closes every part", async () => {
  const closed: string[] = [];
  const part = (name: string) => ({ close: () => void closed.push(name) });
  const world = openWorld({
    log,
    processes: { start: () => {}, signal: () => {}, endStrays: () => {}, ...part("processes") },
    pool: { call: () => () => {}, ...part("pool") },
    transport: { dial: () => {}, ...part("transport") },
  });
  await world.close();
  expect(closed).toEqual(["processes", "pool", "transport"]);
});

describe("chance", () => {
  test("stays in its range", () => {
    const { random } = openWorld({ log });
    const draws = Array.from({ length: 1_000 }, () => random.int(3));
    expect([...new Set(draws)].sort()).toEqual([0, 1, 2]);
    expect(Array.from({ length: 1_000 }, () => random.unit()).every((unit) => unit >= 0 && unit < 1)).toBe(true);
  });

  test("gives ids that are short, safe in a path, and never the same", () => {
    const { ids } = openWorld({ log });
    const drawn = Array.from({ length: 1_000 }, () => ids.next());
    expect(new Set(drawn).size).toBe(1_000);
    expect(drawn.every((id) => /^[\w-]{21}$/.test(id))).toBe(true);
  });
});
