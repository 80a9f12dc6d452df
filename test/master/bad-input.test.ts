/**
 * What nobody should say, said to a real master with a real allocator: first single cases with the refusal of each, then
 * stories that mix good and bad behaviour. Other cases stand with what they are about:
 *
 *   offers         `offers.test.ts`: unknown, twice in one accept, another's, of two slaves, expired, more than there is;
 *                  `slave-parts.test.ts`: both parts of a slave
 *   tasks          `task-fault.test.ts`, and by HTTP `test/http/scheduler/task-rules.test.ts`
 *   reservations   `reservations.test.ts`, `operator-reservations.test.ts`
 *   quotas         `quotas.test.ts` (below what is consumed, with and without force), `test/protocol/quota.test.ts`
 *   roles          `subscriptions.test.ts`, `roles.test.ts`, `offer-filters.test.ts`, `test/protocol/weight.test.ts`
 *   fields         `test/protocol/body-faults.test.ts`: what never reaches the master
 *   HTTP           `test/http/scheduler/fuzz.test.ts`, `test/http/operator/fuzz.test.ts`, `test/http/bad-inputs.test.ts`
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WireBody } from "../../src/actors/wire-value.ts";
import { viewTable } from "../../src/protocol/cluster-events.ts";
import { masterTable } from "../../src/protocol/master-api.ts";
import type { OperatorCall, OperatorReply } from "../../src/protocol/operator-api.ts";
import { type Step, step } from "./bad-steps.ts";
import { BadStory, type Tally } from "./bad-story.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

/** Two slaves; all that they have is offered to the first of two frameworks. */
function scene(resources?: string) {
  const cluster = new Cluster({ offerTimeoutMs: 0 });
  const slaves = ["s1", "s2"].map((name) => ScriptedSlave.registered(cluster, name, resources));
  const [owner, thief] = ["f1", "f2"].map((name) => ScriptedScheduler.subscribed(cluster, name, { roles: ["ads"] }));
  const operator = cluster.party("operator", viewTable);
  const operate = (call: OperatorCall): OperatorReply => operator.ask("operate", { call });
  if (owner === undefined || thief === undefined) throw new Error("there are two frameworks");
  const [first, second] = owner.offers;
  if (first === undefined || second === undefined) throw new Error("there are two offers");
  const standing = () => [...cluster.state.offers.all()].map(({ id, frameworkId }) => `${frameworkId} ${id}`);
  return { cluster, slaves, owner, thief, operate, first, second, standing };
}

describe("an offer", () => {
  const invalid = (id: string) => ({
    state: "dropped",
    source: "master",
    reason: "INVALID_OFFERS",
    message: `offer ${id} is no longer valid`,
  });

  test("that was accepted is worth nothing a second time", () => {
    const { slaves, owner, first } = scene();
    owner.accept([first.id], [task("t1", first.slaveId, "cpus:1")]);
    owner.accept([first.id], [task("t2", first.slaveId, "cpus:1")]);
    expect(owner.updates).toMatchObject([{ taskId: "t2", ...invalid(first.id) }]);
    expect(slaves.flatMap((slave) => slave.tasks.map(({ taskId }) => String(taskId)))).toEqual(["t1"]);
  });

  test("that was declined is worth nothing, and declining it again changes nothing", () => {
    const { owner, first, standing } = scene();
    owner.decline(1_000_000, [first.id]);
    const before = standing();
    owner.decline(0, [first.id]);
    owner.accept([first.id], [task("t1", first.slaveId, "cpus:1")]);
    expect(owner.updates).toMatchObject([{ taskId: "t1", ...invalid(first.id) }]);
    expect(standing()).toEqual(before);
  });

  test("of somebody else's spoils the accept: one's own comes back, the other's stays", () => {
    const { cluster, owner, thief, first, second } = scene();
    owner.decline(1_000_000, [second.id]);
    cluster.advance(1_000);
    const own = thief.offer;
    thief.accept([own.id, first.id], [task("t1", own.slaveId, "cpus:1")]);
    expect(thief.updates).toMatchObject([{ taskId: "t1", ...invalid(first.id) }]);
    cluster.advance(1_000);
    const left = [...cluster.state.offers.all()];
    expect(left.map(({ slaveId }) => slaveId)).toEqual([first.slaveId, own.slaveId]);
    expect(left[0]?.id).toBe(first.id);
  });
});

describe("a filter", () => {
  test.each([
    ["of less than no time is the default", -1, 5_000],
    ["of no number is the default", Number.NaN, 5_000],
    ["without end is the default", Number.POSITIVE_INFINITY, 5_000],
    ["before all time is the default", Number.NEGATIVE_INFINITY, 5_000],
    ["of 0 is none: the next batch", 0, 1_000],
    ["of -0 is none", -0, 1_000],
    ["of the least there is lasts one interval", 5e-324, 1_000],
    ["of more than a year is a year", 1e300, undefined],
  ])("%s", (_name, refuseMs, untilMs) => {
    const { cluster, owner, thief, first } = scene();
    thief.party.tell("suppress", { frameworkId: thief.id, roles: [] });
    owner.decline(refuseMs, [first.id]);
    const offered = owner.offers.length;
    cluster.advance(untilMs === undefined ? 600_000 : untilMs - 1);
    expect(owner.offers.length).toBe(offered);
    if (untilMs === undefined) return;
    cluster.advance(1);
    expect(owner.offers.length).toBe(offered + 1);
  });
});

/** What the border says to it. */
function faultOf(call: OperatorCall) {
  return masterTable.fault?.("operate", { call } as unknown as WireBody);
}

describe("a call of an operator", () => {
  const quota = (amount: number, name = "cpus"): OperatorCall => ({
    type: "UPDATE_QUOTA",
    force: true,
    quotas: [{ role: "ads", quota: { limits: { [name]: amount }, guarantees: {}, graceMs: 0 } }],
  });

  test.each([
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [1e300, "1e\\+297"],
    [-1, "-0.001"],
    [0.5, "0.0005"],
  ])("with a limit of %d is refused at the border, and by the master itself", (amount, shown) => {
    const { cluster, operate } = scene();
    expect(faultOf(quota(amount))).toMatch(/^call\.quotas\.0\.quota\.limits\.cpus: expected count, received /);
    // As if it came from its own process, where shapes are not looked at.
    let answer: OperatorReply | undefined;
    cluster.state.roles.updateQuotas(
      quota(amount).type === "UPDATE_QUOTA" ? (quota(amount) as never)["quotas"] : [],
      true,
      (refusal) => {
        answer = refusal === undefined ? { done: true, seq: 0 } : { done: false, ...refusal };
      },
    );
    expect(answer).toMatchObject({
      status: 400,
      reason: expect.stringMatching(new RegExp(`the limit of cpus is ${shown} `)),
    });
    expect(operate(quota(1_000)).done).toBe(true);
  });

  test.each([
    [1e300, /is 1e\+300 and must be from 0\.000001 to 1000000/],
    [Number.POSITIVE_INFINITY, /is Infinity and must be/],
    [5e-324, /is 5e-324 and must be/],
  ])("with a weight of %d is refused", (weight, reason) => {
    const { cluster, operate } = scene();
    const refusal = { done: false, status: 400, reason: expect.stringMatching(reason) };
    expect(operate({ type: "UPDATE_WEIGHTS", weights: [{ role: "ads", weight }] })).toEqual(refusal);
    expect(cluster.registry.registry.weights.size).toBe(0);
  });

  test.each([
    ["", "is empty"],
    ["..", "contains . or .. as a name"],
    ["a b", "contains whitespace, a backslash or a control character"],
    ["a//b", "begins or ends with /, or has two in a row"],
    ["a/*", "contains * as a name"],
    ["-a", "contains a name that begins with -"],
    ["x".repeat(256), "is longer than 255 characters"],
  ])("about the role %j is refused wherever it stands", (role, words) => {
    const { operate } = scene();
    const limits = { limits: { cpus: 1_000 }, guarantees: {}, graceMs: 0 };
    for (const call of [
      { type: "UPDATE_QUOTA", force: true, quotas: [{ role, quota: limits }] },
      { type: "UPDATE_QUOTA", force: true, quotas: [{ role }] },
      { type: "SET_QUOTA", force: true, role, quota: limits },
      { type: "UPDATE_WEIGHTS", weights: [{ role, weight: 2 }] },
    ] satisfies OperatorCall[]) {
      expect(operate(call), call.type).toEqual({ done: false, status: 400, reason: expect.stringContaining(words) });
    }
    expect(operate({ type: "REMOVE_QUOTA", role })).toMatchObject({
      status: 400,
      reason: expect.stringMatching(/has no quota$/),
    });
  });
});

describe("a reservation", () => {
  test("for everybody is refused at the border", () => {
    const { first } = scene();
    const resources = { 'cpus(["*","dynamic"])': 1_000 };
    const says = 'resources: cpus(["*","dynamic"]) Invalid reservation: role "*" cannot be reserved';
    expect(faultOf({ type: "RESERVE_RESOURCES", slaveId: first.slaveId, resources })).toBe(`call.${says}`);
    const accept = {
      frameworkId: "F",
      offerIds: [first.id],
      operations: [{ type: "reserve", resources }],
      filter: { refuseMs: 0 },
    };
    expect(masterTable.fault?.("accept", accept)).toBe(`operations.0.${says}`);
  });

  test("in another name is refused with a part of that name", () => {
    const { operate, first } = scene();
    const resources = { 'cpus(["ads","dynamic"])': 1_000 };
    const call = {
      type: "RESERVE_RESOURCES",
      slaveId: first.slaveId,
      resources,
      principal: "x".repeat(20_000),
    } as const;
    expect(operate(call)).toMatchObject({ status: 400, reason: expect.stringMatching(/^.{20,200}$/) });
  });
});

describe("names that every object inherits", () => {
  const limits = { constructor: 6_000, toString: 0 };

  test("are limits like any other: of what there is none of, none is consumed", () => {
    const { cluster, operate } = scene();
    cluster.registry.hold();
    const role = { role: "ads", quota: { limits, guarantees: {}, graceMs: 0 } };
    const operator = cluster.party("another", viewTable);
    const answers = operator.asking("operate", { call: { type: "UPDATE_QUOTA", force: false, quotas: [role] } });
    expect(cluster.state.roles.quotas).toEqual({ ads: role.quota });
    cluster.registry.release();
    cluster.settle();
    expect(answers).toMatchObject([{ value: { done: true } }]);
    const guarantees = { constructor: 1_000 };
    const beyond = { role: "web", quota: { limits: {}, guarantees, graceMs: 0 } };
    expect(operate({ type: "UPDATE_QUOTA", force: false, quotas: [beyond] })).toMatchObject({
      reason: expect.stringContaining("'constructor:1' exceed cluster capacity 'cpus:8; mem:8192'"),
    });
    expect(operate({ type: "UPDATE_QUOTA", force: true, quotas: [beyond] }).done).toBe(true);
  });

  test("are resources like any other, in limits and in accounts of what is idle", () => {
    const { cluster, operate, owner } = scene("cpus:4;mem:4096;constructor:4;toString:1");
    const role = { role: "ads", quota: { limits, guarantees: {}, graceMs: 0 } };
    expect(operate({ type: "UPDATE_QUOTA", force: true, quotas: [role] }).done).toBe(true);
    cluster.advance(2_000);
    const offered = owner.offers.filter(({ id }) => [...cluster.state.offers.all()].some((each) => each.id === id));
    const sums = offered.map(({ resources }) => [
      Number(resources["constructor"] ?? 0),
      Object.hasOwn(resources, "toString"),
    ]);
    expect(sums.every(([, texts]) => texts === false)).toBe(true);
    const reply = operate({ type: "WHY_IDLE" });
    expect(reply).toMatchObject({ done: true, answer: { whyIdle: { idle: { constructor: 8_000, toString: 2_000 } } } });
  });
});

/** About 20 ms each; `MESOLITE_BAD_STORIES=6000` for more. */
const stories = Number(process.env["MESOLITE_BAD_STORIES"] ?? 200);

test("whatever is said, each thing that was asked for is answered once and the books stay exact", {
  timeout: 60_000 + stories * 200,
}, () => {
  const tally: Tally = {};
  fc.assert(
    fc.property(fc.array(step, { minLength: 12, maxLength: 40, size: "max" }), (steps: readonly Step[]) => {
      const story = new BadStory(tally);
      for (const each of steps) story.play(each);
      story.finish();
    }),
    { numRuns: stories },
  );
  for (const [what, least] of Object.entries({
    launched: 0.3,
    "stopped by its shape": 1,
    "dropped INVALID_OFFERS": 0.5,
    "error TASK_INVALID": 0.3,
    "error TASK_GROUP_INVALID": 0.05,
    "operation error": 0.1,
    "operation dropped": 0.1,
    "refused with 400": 0.3,
    "refused with 404": 0.01,
  })) {
    expect(tally[what] ?? 0, what).toBeGreaterThan(least * stories);
  }
});
