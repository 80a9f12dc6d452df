import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyRegistry, perform } from "../../src/master/registry.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import { slaveInfo as info, registryOperation as operation, registryStory as story } from "./registry-story.ts";

const s1 = SlaveId("s1");

describe("the registry", () => {
  test("may perform an operation twice: the second changes nothing", () => {
    fc.assert(
      fc.property(story, operation, (before, last) => {
        const once = perform(before.reduce(perform, emptyRegistry), last);
        expect(perform(once, last)).toEqual(once);
      }),
    );
  });

  test("never changes what it was given", () => {
    fc.assert(
      fc.property(story, operation, (before, last) => {
        const registry = before.reduce(perform, emptyRegistry);
        const copy = structuredClone(registry);
        perform(registry, last);
        expect(registry).toEqual(copy);
      }),
    );
  });

  test("leaves every other slave alone", () => {
    fc.assert(
      fc.property(story, operation, (before, last) => {
        const registry = before.reduce(perform, emptyRegistry);
        const after = perform(registry, last);
        for (const id of ["s1", "s2", "s3"].filter((other) => other !== last.slaveId)) {
          expect(after[id]).toEqual(registry[id]);
        }
      }),
    );
  });

  test("a slave goes from admitted to unreachable and back, and is forgotten when removed", () => {
    const admitted = perform(emptyRegistry, { type: "admitSlave", slaveId: s1, info: info(1), atMs: 10 });
    expect(admitted).toEqual({ s1: { info: info(1), standing: "admitted", sinceMs: 10 } });
    const silent = perform(admitted, { type: "markSlaveUnreachable", slaveId: s1, atMs: 20 });
    expect(silent).toEqual({ s1: { info: info(1), standing: "unreachable", sinceMs: 20 } });
    const back = perform(silent, { type: "markSlaveReachable", slaveId: s1, info: info(2), atMs: 30 });
    expect(back).toEqual({ s1: { info: info(2), standing: "admitted", sinceMs: 30 } });
    for (const registry of [back, silent]) {
      expect(perform(registry, { type: "removeSlave", slaveId: s1 })).toEqual(emptyRegistry);
    }
  });

  test.each(["admitted", "unreachable"] as const)("a slave that was %s is gone once and since then", (standing) => {
    const registry = { s1: { info: info(1), standing, sinceMs: 10 } };
    const gone = perform(registry, { type: "markSlaveGone", slaveId: s1, atMs: 20 });
    expect(gone).toEqual({ s1: { info: info(1), standing: "gone", sinceMs: 20 } });
    for (const type of ["markSlaveGone", "markSlaveUnreachable"] as const) {
      expect(perform(gone, { type, slaveId: s1, atMs: 30 })).toEqual(gone);
    }
  });

  test.each(["markSlaveUnreachable", "markSlaveGone"] as const)(
    "%s of a slave that never was changes nothing",
    (type) => {
      expect(perform(emptyRegistry, { type, slaveId: s1, atMs: 1 })).toBe(emptyRegistry);
    },
  );
});
