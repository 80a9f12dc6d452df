import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Registry, slavesOf, storedSlaves } from "../../src/master/registry.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import {
  afterEveryOperation,
  contents,
  everyOperation,
  slaveInfo as info,
  registryOperation as operation,
  performed,
  slaveOperation,
  registryStory as story,
} from "./registry-story.ts";

const s1 = SlaveId("s1");
const reservation = { 'cpus(["a","dynamic"])': 500 };

describe("the registry", () => {
  test("keeps what operations of every type make of it", () => {
    expect(contents(performed(everyOperation))).toEqual(afterEveryOperation);
  });

  test("may perform an operation twice: the second changes nothing, unless it is about reservations", () => {
    fc.assert(
      fc.property(story, operation, (before, last) => {
        fc.pre(last.type !== "reserve" && last.type !== "unreserve");
        const once = performed([...before, last]);
        expect(contents(performed([...before, last, last]))).toEqual(contents(once));
      }),
    );
  });

  test("gives back exactly what was reserved", () => {
    fc.assert(
      fc.property(story, slaveOperation, (before, last) => {
        const registry = performed(before);
        fc.pre(last.type === "reserve");
        const key = "ports(a)";
        // What is reserved already cannot be reserved once more; only ports know it.
        fc.pre(!(key in last.resources && key in (registry.slaves.get(last.slaveId)?.reserved ?? {})));
        const copy = contents(registry);
        registry.perform(last);
        registry.perform({ ...last, type: "unreserve" });
        expect(contents(registry)).toEqual(copy);
      }),
    );
  });

  test("replaces what it keeps of a slave, and never changes it", () => {
    fc.assert(
      fc.property(story, operation, (before, last) => {
        const registry = performed(before);
        const kept = [...storedSlaves(registry)];
        const settings = registry.settings();
        const copy = structuredClone({ kept, settings });
        registry.perform(last);
        expect({ kept, settings }).toEqual(copy);
      }),
    );
  });

  test("leaves every other slave alone, and what operators have set", () => {
    fc.assert(
      fc.property(story, slaveOperation, (before, last) => {
        const registry = performed(before);
        const others = () => [...storedSlaves(registry)].filter(({ slaveId }) => slaveId !== last.slaveId);
        const there = { slaves: others(), ...registry.settings() };
        registry.perform(last);
        expect({ slaves: others(), ...registry.settings() }).toEqual(there);
      }),
    );
  });

  test("is made anew from what is stored of it", () => {
    fc.assert(
      fc.property(story, (operations) => {
        const registry = performed(operations);
        expect(contents(new Registry(storedSlaves(registry), registry.settings()))).toEqual(contents(registry));
      }),
    );
  });
});

describe("a slave in the registry", () => {
  test("goes from admitted to unreachable and back, and is forgotten when removed", () => {
    const registry = performed([{ type: "admitSlave", slaveId: s1, info: info(1), atMs: 10 }]);
    expect(registry.slaves.get(s1)).toEqual({ info: info(1), standing: "admitted", sinceMs: 10 });
    registry.perform({ type: "markSlaveUnreachable", slaveId: s1, atMs: 20 });
    expect(registry.slaves.get(s1)).toEqual({ info: info(1), standing: "unreachable", sinceMs: 20 });
    expect([slavesOf(registry, "admitted"), slavesOf(registry, "unreachable")]).toEqual([[], [s1]]);
    registry.perform({ type: "markSlaveReachable", slaveId: s1, info: info(2), atMs: 30 });
    expect(registry.slaves.get(s1)).toEqual({ info: info(2), standing: "admitted", sinceMs: 30 });
    registry.perform({ type: "removeSlave", slaveId: s1 });
    expect(registry.slaves.size).toBe(0);
  });

  test.each(["admitted", "unreachable"] as const)("one that was %s is gone once and since then", (standing) => {
    const registry = new Registry([{ slaveId: s1, info: info(1), standing, sinceMs: 10, reserved: reservation }]);
    registry.perform({ type: "markSlaveGone", slaveId: s1, atMs: 20 });
    const gone = { info: info(1), standing: "gone", sinceMs: 20 };
    expect(registry.slaves.get(s1)).toEqual(gone);
    for (const type of ["markSlaveGone", "markSlaveUnreachable"] as const) {
      registry.perform({ type, slaveId: s1, atMs: 30 });
      expect(registry.slaves.get(s1)).toEqual(gone);
    }
    registry.perform({ type: "reserve", slaveId: s1, resources: reservation });
    expect(registry.slaves.get(s1)).toEqual(gone);
  });

  test("keeps what is reserved of it while it is away, and loses it when it leaves", () => {
    const registry = performed([{ type: "admitSlave", slaveId: s1, info: info(1), atMs: 10 }]);
    registry.perform({ type: "reserve", slaveId: s1, resources: reservation });
    registry.perform({ type: "markSlaveUnreachable", slaveId: s1, atMs: 20 });
    registry.perform({ type: "reserve", slaveId: s1, resources: reservation });
    registry.perform({ type: "markSlaveReachable", slaveId: s1, info: info(2), atMs: 30 });
    expect(registry.slaves.get(s1)?.reserved).toEqual({ 'cpus(["a","dynamic"])': 1_000 });
    registry.perform({ type: "removeSlave", slaveId: s1 });
    registry.perform({ type: "admitSlave", slaveId: s1, info: info(1), atMs: 40 });
    expect(registry.slaves.get(s1)).toEqual({ info: info(1), standing: "admitted", sinceMs: 40 });
  });

  test("unreserving more than is reserved changes nothing; unreserving all of it leaves nothing", () => {
    const registry = performed([{ type: "admitSlave", slaveId: s1, info: info(1), atMs: 10 }]);
    registry.perform({ type: "reserve", slaveId: s1, resources: reservation });
    registry.perform({ type: "unreserve", slaveId: s1, resources: { 'cpus(["a","dynamic"])': 501 } });
    expect(registry.slaves.get(s1)?.reserved).toEqual(reservation);
    registry.perform({ type: "unreserve", slaveId: s1, resources: reservation });
    expect(registry.slaves.get(s1)).toEqual({ info: info(1), standing: "admitted", sinceMs: 10 });
  });

  test.each(["markSlaveUnreachable", "markSlaveGone", "removeSlave", "reserve", "unreserve"] as const)(
    "%s of a slave that never was changes nothing, also when its id is a word that every object knows",
    (type) => {
      for (const slaveId of [s1, SlaveId("constructor")]) {
        const registry = performed([{ type, slaveId, atMs: 1, resources: reservation } as never]);
        expect(contents(registry)).toEqual(contents(new Registry()));
      }
    },
  );
});

test("a role in the registry is any text, also one that every object knows", () => {
  const registry = performed([{ type: "updateWeights", weights: { constructor: 2 } }]);
  expect([registry.weights.get("constructor"), registry.weights.get("toString")]).toEqual([2, undefined]);
  expect([registry.quotas.get("constructor"), registry.quotas.size]).toEqual([undefined, 0]);
});
