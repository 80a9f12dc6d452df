import { describe, expect, test } from "vitest";
import { InvariantViolation } from "../../src/base/invariant.ts";
import { OfferId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import { frameworkId, Kit, offer, scheduler, status, task, withDriver } from "./kit.ts";

describe("offers", () => {
  test("what the callback neither uses nor keeps is declined for five seconds", () => {
    const kit = Kit.subscribed(
      scheduler({
        resourceOffers(offers, driver) {
          driver.replyToOffer([OfferId("o1")], [task("t1", "s1")]);
          driver.keep([OfferId("o2")]);
          expect(offers.map(({ id }) => id)).toEqual(["o1", "o2", "o3"]);
        },
      }),
    );
    kit.offers(offer("o1", "s1", "cpus:1"), offer("o2", "s2", "cpus:1"), offer("o3", "s3", "cpus:1"));
    expect(kit.calls("accept").map(({ offerIds, filter }) => [offerIds, filter.refuseMs])).toEqual([[["o1"], 5_000]]);
    expect(kit.calls("decline")).toEqual([{ frameworkId, offerIds: ["o3"], filter: { refuseMs: 5_000 } }]);
    expect(kit.inspect().offers.map(({ id }) => id)).toEqual(["o2"]);
    expect(kit.inspect().tasks.get(TaskId("t1"))).toEqual({ state: "staging", slaveId: "s1" });
  });

  test("a reply without tasks declines", () => {
    const kit = Kit.subscribed(
      scheduler({ resourceOffers: (_, driver) => driver.replyToOffer([OfferId("o1")], [], { refuseMs: 7 }) }),
    );
    kit.offers(offer("o1", "s1", "cpus:1"));
    expect(kit.calls("decline")).toEqual([{ frameworkId, offerIds: ["o1"], filter: { refuseMs: 7 } }]);
  });

  test("a framework that needs none suppresses them and refuses the rest for an hour, unseen", () => {
    let asked = 0;
    const kit = Kit.subscribed(
      scheduler({
        resourceOffers(_, driver) {
          asked++;
          driver.setNeedsOffers(false);
        },
      }),
    );
    kit.offers(offer("o1", "s1", "cpus:1"));
    kit.offers(offer("o2", "s1", "cpus:1"));
    expect(kit.heard.map(({ kind }) => kind)).toEqual(["suppress", "decline", "decline"]);
    expect(kit.calls("decline").map(({ filter }) => filter.refuseMs)).toEqual([3_600_000, 3_600_000]);
    expect(asked).toBe(1);
  });
});

describe("offers and trouble", () => {
  test("a callback that throws has done nothing: its offers are declined and it is logged", () => {
    const kit = Kit.subscribed(
      scheduler({
        resourceOffers(_, driver) {
          driver.replyToOffer([OfferId("o1")], [task("t1", "s1")]);
          throw new Error("second thoughts");
        },
      }),
    );
    kit.offers(offer("o1", "s1", "cpus:1"));
    kit.update(status("t9", "running"));
    expect(kit.heard.map(({ kind }) => kind)).toEqual(["decline", "acknowledge"]);
    expect(kit.logged.some((line) => line.includes("resourceOffers failed: Error: second thoughts"))).toBe(true);
    expect(kit.down).toBeUndefined();
  });

  test("a broken invariant in a callback ends the scheduler, and its follower hears of it", () => {
    const kit = Kit.subscribed(
      scheduler({
        resourceOffers() {
          throw new InvariantViolation("two plus two is five");
        },
      }),
    );
    kit.offers(offer("o1", "s1", "cpus:1"));
    expect(kit.down).toEqual({ failed: "InvariantViolation: two plus two is five" });
    expect(kit.ending).toEqual({ kind: "failed", message: "InvariantViolation: two plus two is five" });
  });

  test("a rescinded offer is told to an author who has seen it", () => {
    const rescinded: string[] = [];
    const kit = Kit.subscribed(
      scheduler({
        resourceOffers: (offers, driver) => driver.keep(offers.map(({ id }) => id)),
        offerRescinded: (id, reason) => void rescinded.push(`${id} ${reason}`),
      }),
    );
    kit.offers(offer("o1", "s1", "cpus:1"));
    kit.say("offersRescinded", { offerIds: [OfferId("o1"), OfferId("never")], reason: "slaveLost" });
    expect(rescinded).toEqual(["o1 slaveLost"]);
    expect(kit.inspect().offers).toEqual([]);
  });

  test("an offer that came and went while a callback was running was never there for its author", async () => {
    const seen: string[] = [];
    const gates: (() => void)[] = [];
    const kit = Kit.subscribed(
      scheduler({
        slaveLost: () => new Promise((resolve) => gates.push(resolve)),
        resourceOffers: () => void seen.push("offered"),
        offerRescinded: () => void seen.push("rescinded"),
      }),
    );
    kit.say("slaveLost", { slaveId: SlaveId("s9"), hostname: "h" });
    kit.offers(offer("o1", "s1", "cpus:1"));
    kit.say("offersRescinded", { offerIds: [OfferId("o1")], reason: "offerExpired" });
    gates[0]?.();
    await kit.settle();
    expect(seen).toEqual([]);
    expect(kit.heard).toEqual([]);
  });

  test("a lost master voids every offer, and tasks for one are dropped on the spot", async () => {
    const seen: string[] = [];
    const probe = withDriver({
      resourceOffers: (offers, driver) => driver.keep(offers.map(({ id }) => id)),
      disconnected: () => void seen.push("disconnected"),
      statusUpdate: ({ taskId, state }) => void seen.push(`${taskId} ${state}`),
    });
    const kit = Kit.subscribed(probe.definition);
    kit.offers(offer("o1", "s1", "cpus:1"));
    kit.stopMaster();
    kit.turns();
    expect(kit.inspect().offers).toEqual([]);
    probe.driver.replyToOffer([OfferId("o1")], [task("t1", "s1")]);
    await kit.settle();
    expect(seen).toEqual(["disconnected", "t1 dropped"]);
  });
});
