import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyRegistry, perform } from "../../src/master/registry.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import { slaveInfo as info, registryOperation as operation, registryStory as story } from "./registry-story.ts";

describe("the registry", () => {
  test("may perform an operation twice: the second changes nothing", () => {
    fc.assert(
      fc.property(story, operation, (before, last) => {
        const once = perform(before.reduce(perform, emptyRegistry), last);
        expect(perform(once, last)).toEqual(once);
      }),
    );
  });

  test("has a slave in one place at most, and never changes what it was given", () => {
    fc.assert(
      fc.property(story, operation, (before, last) => {
        const registry = before.reduce(perform, emptyRegistry);
        const copy = structuredClone(registry);
        const after = perform(registry, last);
        expect(registry).toEqual(copy);
        expect(Object.keys(after.admitted).filter((id) => id in after.unreachable)).toEqual([]);
      }),
    );
  });

  test("leaves every other slave alone", () => {
    fc.assert(
      fc.property(story, operation, (before, last) => {
        const registry = before.reduce(perform, emptyRegistry);
        const after = perform(registry, last);
        for (const id of ["s1", "s2", "s3"].filter((other) => other !== last.slaveId)) {
          expect([after.admitted[id], after.unreachable[id]]).toEqual([
            registry.admitted[id],
            registry.unreachable[id],
          ]);
        }
      }),
    );
  });

  test("a slave goes from admitted to unreachable and back, and is forgotten when removed", () => {
    const s1 = SlaveId("s1");
    const admitted = perform(emptyRegistry, { type: "admitSlave", slaveId: s1, info: info(1) });
    const silent = perform(admitted, { type: "markSlaveUnreachable", slaveId: s1 });
    expect(silent).toEqual({ admitted: {}, unreachable: { s1: info(1) } });
    const back = perform(silent, { type: "markSlaveReachable", slaveId: s1, info: info(2) });
    expect(back).toEqual({ admitted: { s1: info(2) }, unreachable: {} });
    for (const registry of [back, silent]) {
      expect(perform(registry, { type: "removeSlave", slaveId: s1 })).toEqual(emptyRegistry);
    }
  });

  test("a slave that was never admitted cannot become unreachable", () => {
    const unknown = { type: "markSlaveUnreachable", slaveId: SlaveId("s1") } as const;
    expect(perform(emptyRegistry, unknown)).toBe(emptyRegistry);
  });
});
