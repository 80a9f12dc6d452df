/** What an accept may hold beside tasks that can be run. */

import { describe, expect, test } from "vitest";
import { OfferId } from "../../src/protocol/ids.ts";
import type { Operation } from "../../src/protocol/offer.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

/** One slave offered to one scheduler, and an accept of what is given on that offer or on one that never was. */
function accepting(how: "valid" | "invalid", wanted: (slave: ScriptedSlave) => readonly Operation[]) {
  const cluster = new Cluster();
  const slave = ScriptedSlave.registered(cluster, "s1");
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
  const offerIds = [how === "valid" ? scheduler.offer.id : OfferId("never")];
  const { id: frameworkId, party } = scheduler;
  scheduler.hearing.clear();
  party.tell("accept", { frameworkId, offerIds, operations: wanted(slave), filter: { refuseMs: 0 } });
  return { cluster, slave, scheduler };
}

/** One of every kind, and in between what can be run. */
function mixed(slave: ScriptedSlave): readonly Operation[] {
  const bad = (id: string) => ({ ...task(id, slave.id, "cpus:1"), fault: `${id} is no task` });
  return [
    { type: "unknown", name: "GROW_VOLUME", operationId: "o1" },
    { type: "launch", tasks: [task("t1", slave.id, "cpus:1")], unfit: [bad("u1"), bad("u2")] },
    { type: "unfitGroup", unfit: [bad("g1"), bad("g2")] },
    { type: "unknown", name: "CREATE" },
    { type: "launch", tasks: [task("t2", slave.id, "cpus:3")] },
    { type: "launch", tasks: [task("t3", slave.id, "cpus:1")] },
  ];
}

describe("on valid offers", () => {
  test("what cannot be done is answered each in its way, and the rest is done, one after the other", () => {
    const { slave, scheduler } = accepting("valid", mixed);
    expect(slave.tasks.map(({ taskId }) => String(taskId))).toEqual(["t1", "t2"]);
    expect(scheduler.updates.map(({ taskId, state, reason, message }) => [taskId, state, reason, message])).toEqual([
      ["u1", "error", "TASK_INVALID", "u1 is no task"],
      ["u2", "error", "TASK_INVALID", "u2 is no task"],
      ["g1", "error", "TASK_GROUP_INVALID", "g1 is no task"],
      ["g2", "error", "TASK_GROUP_INVALID", "g2 is no task"],
      ["t3", "error", "TASK_INVALID", "the task needs more than the offer has: cpus:1 of 0"],
    ]);
    expect(scheduler.hearing.of("operationUpdate")).toEqual([
      { operationId: "o1", state: "error", message: "GROW_VOLUME is not implemented", slaveId: slave.id },
    ]);
  });

  test("what is left over goes back, also when nothing could be done", () => {
    const { cluster, slave, scheduler } = accepting("valid", () => [{ type: "unfitGroup", unfit: [] }]);
    cluster.advance(1_000);
    expect(scheduler.offer.resources).toEqual(slave.info.resources);
  });
});

describe("on offers that are not valid", () => {
  test("everything is dropped, and what has no id is dropped in silence", () => {
    const { slave, scheduler } = accepting("invalid", mixed);
    expect(slave.tasks).toEqual([]);
    const message = "offer never is no longer valid";
    const dropped = ["t1", "u1", "u2", "g1", "g2", "t2", "t3"];
    expect(scheduler.updates).toMatchObject(
      dropped.map((taskId) => ({ taskId, state: "dropped", reason: "INVALID_OFFERS", message })),
    );
    expect(scheduler.hearing.of("operationUpdate")).toEqual([{ operationId: "o1", state: "dropped", message }]);
  });
});
