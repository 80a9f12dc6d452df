/** What authors ask to be done with offers besides launching, and what they hear of it. */

import { describe, expect, test } from "vitest";
import { reserve, unreserve } from "../../src/frameworks/operations.ts";
import { OfferId } from "../../src/protocol/ids.ts";
import type { OperationStatus } from "../../src/protocol/operation-status.ts";
import { frameworkId, Kit, offer, quantities, scheduler, task } from "./kit.ts";

const operation = reserve(quantities("cpus:1"), { role: "ads", principal: "ada" }, "r");
const told: OperationStatus = { operationId: "r", state: "finished", uuid: "u1" };

test("operations are sent in order, and a reservation names what tasks may use then", () => {
  const one = offer("o1", "s1", "cpus:4;mem:4096");
  const kit = Kit.subscribed(
    scheduler({
      resourceOffers: ([first], driver) => {
        const tasks = [{ ...task("t1", "s1"), resources: operation.resources }];
        const end = unreserve(operation.resources);
        driver.acceptOffers(first === undefined ? [] : [first.id], [operation, { type: "launch", tasks }, end]);
      },
    }),
  );
  kit.offers(one);
  const [accepted] = kit.calls("accept");
  expect(accepted?.operations.map(({ type }) => type)).toEqual(["reserve", "launch", "unreserve"]);
  expect(operation.resources).toEqual({ 'cpus(["ads","dynamic","ada"])': 1_000 });
  expect(kit.calls("decline")).toEqual([]);
});

test("a status is acknowledged when its callback has settled, and told once", () => {
  const heard: OperationStatus[] = [];
  let fails = true;
  const kit = Kit.subscribed(
    scheduler({
      operationUpdate: (status) => {
        heard.push(status);
        if (fails) throw new Error("not now");
      },
    }),
  );
  kit.say("operationUpdate", told);
  expect(kit.calls("acknowledgeOperation")).toEqual([]);
  fails = false;
  for (let repeat = 0; repeat < 3; repeat++) kit.say("operationUpdate", told);
  expect(heard).toEqual([told, told]);
  const acknowledgement = { frameworkId, operationId: "r", uuid: "u1" };
  expect(kit.calls("acknowledgeOperation")).toEqual([acknowledgement, acknowledgement, acknowledgement]);
});

test("a refusal is told and not acknowledged", () => {
  const heard: OperationStatus[] = [];
  const kit = Kit.subscribed(scheduler({ operationUpdate: (status) => void heard.push(status) }));
  kit.say("operationUpdate", { operationId: "r", state: "error", message: "no" });
  expect([heard.length, kit.calls("acknowledgeOperation")]).toEqual([1, []]);
});

test("what is malformed is not sent, and the rest is", () => {
  const heard: OperationStatus[] = [];
  const kit = Kit.subscribed(
    scheduler({
      operationUpdate: (status) => void heard.push(status),
      resourceOffers: ([first], driver) => {
        const bad = { type: "reserve", resources: { cpus: -1 }, operationId: "bad" } as const;
        driver.acceptOffers(first === undefined ? [] : [first.id], [bad, operation]);
      },
    }),
  );
  kit.offers(offer("o1", "s1", "cpus:4;mem:4096"));
  expect(kit.calls("accept").flatMap(({ operations }) => operations)).toEqual([operation]);
  expect(heard).toEqual([{ operationId: "bad", state: "error", message: expect.stringContaining("resources.cpus") }]);
});

test("without a master nothing is sent, and its author hears that", () => {
  const heard: OperationStatus[] = [];
  const kit = Kit.subscribed(
    scheduler({
      operationUpdate: (status) => void heard.push(status),
      disconnected: (driver) => driver.acceptOffers([OfferId("o1")], [operation, unreserve(operation.resources)]),
    }),
  );
  kit.stopMaster();
  kit.advance(10);
  expect(heard).toMatchObject([{ operationId: "r", state: "dropped", message: expect.stringContaining("never sent") }]);
});

describe("a group among other operations", () => {
  const executor = { executorId: "pod", resources: quantities("cpus:0.1;mem:32;disk:1") };

  test("is sent in its place", () => {
    const group = { type: "launchGroup", executor, tasks: [task("t1", "s1"), task("t2", "s1")] } as const;
    const kit = Kit.subscribed(
      scheduler({
        resourceOffers: ([first], driver) => {
          driver.acceptOffers(first === undefined ? [] : [first.id], [operation, group]);
        },
      }),
    );
    kit.offers(offer("o1", "s1", "cpus:4;mem:4096"));
    expect(kit.calls("accept").flatMap(({ operations }) => operations)).toEqual([operation, group]);
  });

  test("that is malformed ends as a whole, and the rest is sent", () => {
    const ended: string[] = [];
    const group = { type: "launchGroup", executor, tasks: [task("t1", "s1"), task("a/b", "s1")] } as const;
    const kit = Kit.subscribed(
      scheduler({
        statusUpdate: ({ taskId, reason, message }) => void ended.push(`${taskId} ${reason} ${message}`),
        resourceOffers: ([first], driver) => {
          driver.acceptOffers(first === undefined ? [] : [first.id], [operation, group]);
        },
      }),
    );
    kit.offers(offer("o1", "s1", "cpus:4;mem:4096"));
    expect(kit.calls("accept").flatMap(({ operations }) => operations)).toEqual([operation]);
    const why = 'TASK_GROUP_INVALID group.tasks.1.taskId: contains "/"';
    expect(ended).toEqual([`t1 ${why}`, `a/b ${why}`]);
  });
});
