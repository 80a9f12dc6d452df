import { describe, expect, test } from "vitest";
import type { ExplainQuestion, Explanation } from "../../../src/master/allocator/protocol.ts";
import { FrameworkId, SlaveId } from "../../../src/protocol/ids.ts";
import type { ClientFilters } from "../../../src/protocol/offer-filters.ts";
import { reservedKey } from "../../../src/protocol/reservation.ts";
import type { WhyNotGroup } from "../../../src/protocol/why.ts";
import { quantities } from "../../protocol/quantities.ts";
import { Allocation, batchesOf, rowsOf } from "./kit.ts";

function whyNot(allocation: Allocation, framework: string, more: Partial<ExplainQuestion> = {}): Explanation {
  return allocation.ask("explain", { frameworkId: FrameworkId(framework), offered: [], ...more });
}

/** The groups of a framework that has one role. */
function groups(allocation: Allocation, framework = "f", more: Partial<ExplainQuestion> = {}): readonly WhyNotGroup[] {
  const { roles } = whyNot(allocation, framework, more);
  expect(roles).toHaveLength(1);
  return roles[0]?.groups ?? [];
}

const slaveOf = (allocation: Allocation, id: string, total = "cpus:4;mem:4096") => allocation.slave(id, total);
const filters = (allocation: Allocation, framework: string, given: ClientFilters, role = "*") =>
  allocation.tell("clientFilters", { frameworkId: FrameworkId(framework), role, filters: given });

/** An allocator that does not offer anything yet. */
function idle(): Allocation {
  const allocation = new Allocation();
  allocation.reset();
  return allocation;
}

const f = { frameworkId: FrameworkId("f"), role: "*" };

describe("what is in the way of a client alone", () => {
  const two = (story: (allocation: Allocation) => void) => {
    const { allocation } = Allocation.running();
    allocation.framework("f");
    story(allocation);
    slaveOf(allocation, "s1");
    slaveOf(allocation, "s2");
    allocation.settle();
    return allocation;
  };

  test.each<[string, (allocation: Allocation) => void]>([
    ["disconnected", (allocation) => allocation.tell("clientActive", { ...f, active: false })],
    ["suppressed", (allocation) => allocation.tell("clientSuppressed", f)],
    ["notNamed", (allocation) => filters(allocation, "f", { slaves: [SlaveId("other")] })],
    [
      "constraint",
      (allocation) =>
        filters(allocation, "f", {
          constraints: [[{ selector: { attribute: "rack" }, predicate: { type: "exists" } }]],
        }),
    ],
    ["belowMinFree", (allocation) => filters(allocation, "f", { minFree: quantities("cpus:8") })],
    ["belowMinimum", (allocation) => filters(allocation, "f", { minAllocatable: [{ cpus: 8_000 }] })],
  ])("%s", (reason, story) => {
    expect(groups(two(story))).toEqual([{ reason, slaves: 2, examples: ["s1", "s2"] }]);
  });

  test("paused, as long as the master has not let it offer", () => {
    const allocation = idle();
    allocation.framework("f");
    slaveOf(allocation, "s1");
    expect(groups(allocation)).toEqual([{ reason: "paused", slaves: 1, examples: ["s1"] }]);
  });

  test("a slave that is out of reach", () => {
    const { allocation } = Allocation.running();
    allocation.framework("f");
    allocation.slave("s1", "cpus:4", { active: false });
    expect(groups(allocation)).toEqual([{ reason: "slaveInactive", slaves: 1, examples: ["s1"] }]);
  });

  test("gpus", () => {
    const { allocation } = Allocation.running();
    allocation.framework("f");
    allocation.slave("s1", "cpus:4;gpus:1");
    expect(groups(allocation)).toEqual([{ reason: "hasGpus", slaves: 1, examples: ["s1"] }]);
  });

  test("less than the slave's least offer", () => {
    const { allocation } = Allocation.running();
    allocation.framework("f");
    allocation.slave("s1", "cpus:4", { minOffer: quantities("cpus:8") });
    expect(groups(allocation)).toEqual([{ reason: "belowMinOffer", slaves: 1, examples: ["s1"] }]);
  });

  test("its own decline, and until when; a revive would clear it", () => {
    const { allocation } = Allocation.running();
    allocation.framework("f");
    for (const id of ["s1", "s2"]) slaveOf(allocation, id, "cpus:4");
    allocation.settle();
    allocation.recovered("s1", "f", quantities("cpus:4"), 60_000);
    allocation.recovered("s2", "f", quantities("cpus:4"), 50_000);
    allocation.advance(10_000);
    const endsInMs = { first: 40_000, last: 50_000 };
    expect(groups(allocation)).toEqual([
      { reason: "filtered", slaves: 2, examples: expect.arrayContaining(["s1", "s2"]), endsInMs },
    ]);
    expect(whyNot(allocation, "f").whatIf).toEqual([{ change: "revive", offers: 2, before: 0 }]);
  });
});

describe("what has to do with others", () => {
  test("a decline without a filter waits for the next batch", () => {
    const { allocation } = Allocation.running();
    allocation.framework("f");
    slaveOf(allocation, "s1", "cpus:4");
    allocation.settle();
    allocation.recovered("s1", "f", quantities("cpus:4"), 0);
    expect(groups(allocation)).toEqual([{ reason: "nextBatch", slaves: 1, examples: ["s1"] }]);
  });

  test("the quota of its role, and what it would get without", () => {
    const { allocation } = Allocation.running();
    allocation.tell("quotas", { quotas: { ads: { limits: { cpus: 0 }, guarantees: {}, graceMs: 0 } }, version: 1 });
    allocation.framework("f", "ads");
    slaveOf(allocation, "s1", "cpus:4");
    allocation.settle();
    expect(groups(allocation)).toEqual([{ reason: "quota", slaves: 1, examples: ["s1"], role: "ads" }]);
    expect(whyNot(allocation, "f").whatIf).toEqual([{ change: "withoutLimit", offers: 1, before: 0 }]);
  });

  test("reserved to another role", () => {
    const { allocation } = Allocation.running();
    allocation.framework("f", "ads");
    const cpus = reservedKey("cpus", { role: "web", dynamic: false });
    allocation.slave("s1", { [cpus]: 4_000 });
    allocation.settle();
    expect(groups(allocation)).toEqual([{ reason: "reserved", slaves: 1, examples: ["s1"], role: "web" }]);
  });
});

describe("who has it", () => {
  test("smaller than the need, even when empty; what is reserved to its own role counts", () => {
    const { allocation } = Allocation.running();
    allocation.framework("f", "ads");
    const cpus = reservedKey("cpus", { role: "ads", dynamic: false });
    allocation.slave("s1", { cpus: 2_000, [cpus]: 2_000 });
    expect(groups(allocation, "f", { need: quantities("cpus:5") })).toMatchObject([{ reason: "tooSmall" }]);
    expect(groups(allocation, "f", { need: quantities("cpus:4") })).toMatchObject([{ reason: "held" }]);
  });

  test("offered to it already, and offered to or used by somebody else", () => {
    const { allocation, master } = Allocation.running();
    allocation.framework("f");
    slaveOf(allocation, "s1", "cpus:4");
    allocation.settle();
    allocation.framework("g");
    slaveOf(allocation, "s2", "cpus:4");
    allocation.settle();
    const offered = batchesOf(rowsOf(master));
    const g = { frameworkId: "g", role: "*" };
    expect(groups(allocation, "f", { offered })).toMatchObject([
      { reason: "offered", slaves: 1, examples: ["s1"] },
      {
        reason: "held",
        slaves: 1,
        examples: ["s2"],
        other: g,
        hold: "offered",
        between: {
          own: { name: "f", share: 0.5, weight: 1 },
          other: { name: "g", share: 0.5, weight: 1 },
          guaranteed: false,
        },
      },
    ]);
    expect(groups(allocation, "f")).toMatchObject([
      { reason: "held", examples: ["s1"], other: { frameworkId: "f", role: "*" }, hold: "used" },
      { reason: "held", examples: ["s2"], other: g, hold: "used" },
    ]);
  });

  /** What is free is looked at with the next turn: the question comes before. */
  test("somebody is owed more, or it is about to be offered", () => {
    const { allocation } = Allocation.running();
    allocation.tell("weights", { weights: { web: 3 } });
    allocation.framework("f", "ads");
    slaveOf(allocation, "s1", "cpus:4");
    allocation.settle();
    allocation.framework("g", "web");
    slaveOf(allocation, "s2", "cpus:4");
    const [first] = groups(allocation);
    expect(first).toMatchObject({
      reason: "owedMore",
      examples: ["s2"],
      other: { frameworkId: "g", role: "web" },
      between: {
        own: { name: "ads", share: 0.5, weight: 1 },
        other: { name: "web", share: 0, weight: 3 },
        guaranteed: false,
      },
    });
    slaveOf(allocation, "s3", "cpus:4");
    expect(groups(allocation, "g", { slaveId: SlaveId("s3") })).toEqual([
      { reason: "soon", slaves: 1, examples: ["s3"] },
    ]);
  });

  test("somebody below its guarantee comes first", () => {
    const { allocation } = Allocation.running();
    allocation.tell("quotas", { quotas: { web: { limits: {}, guarantees: { cpus: 8_000 }, graceMs: 0 } }, version: 1 });
    slaveOf(allocation, "s1", "cpus:4");
    allocation.framework("g", "web");
    allocation.settle();
    allocation.framework("f", "ads");
    slaveOf(allocation, "s2", "cpus:4");
    expect(groups(allocation)).toMatchObject([
      { reason: "owedMore", examples: ["s2"], between: { guaranteed: true } },
      { reason: "held", examples: ["s1"] },
    ]);
  });
});

test("of what is offered anew, a framework of twice the weight gets twice as much", () => {
  const { allocation, master } = Allocation.running();
  allocation.framework("f", "ads");
  allocation.framework("g", "web");
  for (let slave = 1; slave <= 30; slave++) slaveOf(allocation, `s${slave}`, "cpus:4");
  allocation.settle();
  const { whatIf } = whyNot(allocation, "f", { offered: batchesOf(rowsOf(master)) });
  expect(whatIf).toEqual([{ change: "doubleWeight", offers: 20, before: 15 }]);
});

test("a slave with a part for short tasks counts once, for the part that is closer to an offer", () => {
  const { allocation } = Allocation.running();
  allocation.framework("f");
  allocation.slave("s1", "cpus:4");
  allocation.settle();
  allocation.slave("s1", "cpus:1", { maxTaskMs: 1_000 });
  allocation.settle();
  allocation.recovered("s1", "f", quantities("cpus:1"), 60_000);
  expect(groups(allocation)).toMatchObject([{ reason: "filtered", slaves: 1 }]);
});

test("the answer is bounded: of many holders the greatest are named", () => {
  const { allocation } = Allocation.running();
  for (let each = 1; each <= 30; each++) {
    const frameworkId = FrameworkId(`g${each}`);
    allocation.slave(`s${each}`, "cpus:4", {
      allocated: [{ frameworkId, role: "*", resources: quantities("cpus:4") }],
    });
  }
  allocation.framework("f");
  const found = groups(allocation);
  expect(found).toHaveLength(21);
  expect(found.at(-1)).toMatchObject({ reason: "held", slaves: 10, examples: { length: 5 } });
  expect(found.at(-1)?.other).toBeUndefined();
});
