import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { SimCluster } from "../../src/sim/cluster.ts";
import { DeterminismViolation, guarded } from "../../src/sim/guards.ts";
import type { AnyContext, Interference } from "../../src/sim/interference.ts";

const calls: Readonly<Record<string, () => unknown>> = {
  "Date.now": () => Date.now(),
  "new Date()": () => new Date(),
  "Date()": () => Date(),
  "Math.random": () => Math.random(),
  "performance.now": () => performance.now(),
  "performance.timeOrigin": () => performance.timeOrigin,
  setTimeout: () => setTimeout(() => {}, 0),
  setInterval: () => setInterval(() => {}, 1_000),
  setImmediate: () => setImmediate(() => {}),
  "process.nextTick": () => process.nextTick(() => {}),
  "process.hrtime": () => process.hrtime(),
  "process.hrtime.bigint": () => process.hrtime.bigint(),
  "process.uptime": () => process.uptime(),
  "crypto.randomUUID": () => crypto.randomUUID(),
  "crypto.getRandomValues": () => crypto.getRandomValues(new Uint8Array(1)),
  "crypto.subtle": () => crypto.subtle,
  fetch: () => fetch("http://127.0.0.1:1"),
  WeakRef: () => new WeakRef({}),
  FinalizationRegistry: () => new FinalizationRegistry(() => {}),
  MessageChannel: () => new MessageChannel(),
  "Atomics.wait": () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0),
};

test.each(Object.entries(calls))("%s throws in a simulation and names itself", (name, call) => {
  expect(() => guarded(call)).toThrow(DeterminismViolation);
  expect(() => guarded(call)).toThrow(`${name} was called in a simulation`);
});

test("everything is as before once the simulation is over, also when it threw", () => {
  const look = () =>
    [globalThis, performance, process, crypto, Math].map((holder) => Object.getOwnPropertyDescriptors(holder));
  const before = look();
  guarded(() => {});
  expect(() =>
    guarded(() => {
      throw new RangeError("a bug");
    }),
  ).toThrow(RangeError);
  const after = look();
  for (const [index, descriptors] of before.entries()) {
    for (const key of ["Date", "now", "random", "nextTick", "hrtime", "randomUUID", "setTimeout", "WeakRef"]) {
      const of = (all: object) => (all as Record<string, PropertyDescriptor | undefined>)[key]?.value;
      expect(of(after[index] ?? {})).toBe(of(descriptors));
    }
  }
  expect(Date.now()).toBeGreaterThan(0);
  expect(Object.hasOwn(performance, "now")).toBe(false);
});

test("an inner simulation leaves the outer one guarded", () => {
  guarded(() => {
    expect(guarded(() => 7)).toBe(7);
    expect(() => Math.random()).toThrow(DeterminismViolation);
  });
  expect(Math.random()).toBeLessThan(1);
});

test("a moment that is named is a value like any other", () => {
  const text = guarded(() => {
    const moment = new Date(0);
    expect(moment).toBeInstanceOf(Date);
    return moment.toISOString() + String(Date.UTC(1970, 0, 1)) + String(Date.parse("1970-01-01"));
  });
  expect(text).toBe("1970-01-01T00:00:00.000Z00");
});

test("an actor that asks the machine for randomness fails of it", () => {
  const gamble = (ctx: AnyContext) => {
    ctx.log("debug", `lucky number ${Math.random()}`);
    return ctx;
  };
  const dishonest: Interference = { actor: ({ actor }) => (actor === "slave" ? { context: gamble } : undefined) };
  const options = { slaves: [{ cpus: 1_000 }], work: [], isolation: "reference", latencyMaxMs: 1 } as const;
  const failures = guarded(() => {
    const cluster = new SimCluster(new Prng("guards"), { ...options, interferences: [dishonest] });
    for (let steps = 0; steps < 100; steps++) cluster.step();
    return cluster.failures;
  });
  expect(failures[0]).toContain("DeterminismViolation: Math.random was called in a simulation");
});
