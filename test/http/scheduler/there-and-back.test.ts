/** What is said by HTTP comes out at the other end as it went in. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { callFault, callTo, type Order, orderFrom } from "../../../src/http/scheduler/calls.ts";
import { frameworkFrom, frameworkTo } from "../../../src/http/scheduler/framework.ts";
import { offerFrom, offerTo } from "../../../src/http/scheduler/offer.ts";
import { constraintsTo } from "../../../src/http/scheduler/offer-filters.ts";
import { operationStatusFrom, operationStatusTo } from "../../../src/http/scheduler/operation-status.ts";
import { statusFrom, statusTo } from "../../../src/http/scheduler/status.ts";
import { jsonCodec, protobufCodec } from "../../../src/http/v1/codec.ts";
import { Offer as OfferMessage, OperationStatus as OperationMessage } from "../../../src/http/v1/offer-messages.ts";
import { Call } from "../../../src/http/v1/scheduler-messages.ts";
import { TaskStatus as StatusMessage } from "../../../src/http/v1/task-messages.ts";
import type { FrameworkInfo } from "../../../src/protocol/framework-info.ts";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../../src/protocol/ids.ts";
import type { Offer, ReservationOperation } from "../../../src/protocol/offer.ts";
import type { OfferFilters, Quantities } from "../../../src/protocol/offer-filters.ts";
import type { OperationStatus } from "../../../src/protocol/operation-status.ts";
import type { TaskInfo, TaskStatus } from "../../../src/protocol/task.ts";

const codecs = [protobufCodec, jsonCodec];
const text = fc.string({ minLength: 1, maxLength: 8, unit: "grapheme-ascii" });
const milli = fc.integer({ min: 1, max: 1e9 });
const frameworkId = text.map(FrameworkId);
const taskId = text.map(TaskId);
const slaveId = text.map(SlaveId);
const offerIds = fc.array(text.map(OfferId), { maxLength: 3 });
const roles = fc.array(text, { maxLength: 3 });
const filter = fc.record({ refuseMs: fc.nat(1e9) });
/** 21 characters of the alphabet of ids. */
const uuid = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("base64url").slice(0, 21));

const work = fc.oneof(
  fc.record({ simulated: fc.record({ durationMs: fc.nat(), outcome: fc.constantFrom("finished", "failed") }) }),
  fc.record({ function: fc.record({ module: text, export: text, args: fc.jsonValue() }) }),
  fc.record({ command: fc.record({ shell: fc.constant(true), value: text }) }),
  fc.record({
    command: fc.record({
      shell: fc.constant(false),
      value: text,
      arguments: fc.array(text),
      environment: fc.dictionary(fc.stringMatching(/^[A-Z]{1,5}$/), text, { minKeys: 1, maxKeys: 3 }),
    }),
  }),
);
const task = fc
  .record(
    { taskId, slaveId, name: text, resources: fc.record({ cpus: milli, mem: milli }), killGraceMs: fc.nat(1e6) },
    { requiredKeys: ["taskId", "slaveId", "name", "resources"] },
  )
  .chain((plain) => work.map((what) => ({ ...plain, ...what }) as unknown as TaskInfo));

const reserved = fc.record(
  {
    type: fc.constantFrom("reserve" as const, "unreserve" as const),
    resources: milli.map((cpus) => ({ 'cpus(["ads","dynamic","ada"])': cpus, "mem(ads)": 1_000 })),
    role: text,
    operationId: text,
  },
  { requiredKeys: ["type", "resources"] },
) as fc.Arbitrary<ReservationOperation>;

const executor = fc.record(
  { executorId: text, resources: fc.record({ cpus: milli, mem: milli, disk: milli }), role: text },
  { requiredKeys: ["executorId", "resources"] },
);

const orders: fc.Arbitrary<Order> = fc.oneof(
  fc
    .record({ frameworkId, offerIds, filter, tasks: fc.array(task, { maxLength: 3 }) })
    .map(({ tasks, ...body }): Order => {
      return { kind: "accept", body: { ...body, operations: [{ type: "launch", tasks, unfit: [] }] } };
    }),
  fc
    .record({ frameworkId, offerIds, filter, reserved: fc.array(reserved, { maxLength: 3 }) })
    .map(({ reserved: operations, ...body }): Order => ({ kind: "accept", body: { ...body, operations } })),
  fc
    .record({ frameworkId, offerIds, filter, tasks: fc.array(task, { maxLength: 3 }), executor })
    .map((drawn): Order => {
      const { tasks, executor: shared, ...body } = drawn;
      return { kind: "accept", body: { ...body, operations: [{ type: "launchGroup", executor: shared, tasks }] } };
    }),
  fc.record({
    kind: fc.constant("acknowledgeOperation" as const),
    body: fc.record({ frameworkId, operationId: text, uuid }),
  }),
  fc.record({
    kind: fc.constantFrom("decline" as const, "acceptInverseOffers" as const, "declineInverseOffers" as const),
    body: fc.record({ frameworkId, offerIds, filter }),
  }),
  fc.record({ kind: fc.constant("suppress" as const), body: fc.record({ frameworkId, roles }) }),
  fc.record({ kind: fc.constant("revive" as const), body: fc.record({ frameworkId, roles }) }),
  fc.record({
    kind: fc.constant("killTask" as const),
    body: fc.record(
      { frameworkId, taskId, graceMs: fc.nat(1e6), slaveId },
      { requiredKeys: ["frameworkId", "taskId"] },
    ),
  }),
  fc.record({
    kind: fc.constant("shutdownExecutor" as const),
    body: fc.record({ frameworkId, slaveId, executorId: text }),
  }),
  fc.record({ kind: fc.constant("acknowledge" as const), body: fc.record({ frameworkId, slaveId, taskId, uuid }) }),
  fc.record({
    kind: fc.constant("reconcile" as const),
    body: fc.record({
      frameworkId,
      tasks: fc.array(fc.record({ taskId, slaveId }, { requiredKeys: ["taskId"] }), { maxLength: 3 }),
    }),
  }),
  fc.record({ kind: fc.constant("teardown" as const), body: fc.record({ frameworkId }) }),
);

test.each(codecs)("a call in $mediaType asks for what was to be asked for", (codec) => {
  fc.assert(
    fc.property(orders, (order) => {
      const call = codec.decode(Call, codec.encode(Call, callTo(order)));
      if (!call.ok) throw new Error(call.error);
      expect(callFault(call.value, undefined)).toBeUndefined();
      expect(orderFrom(call.value, order.body.frameworkId)).toEqual(order);
    }),
  );
});

const plainInfo: FrameworkInfo = {
  name: "probe",
  user: "ada",
  roles: ["batch"],
  failoverTimeoutMs: 1_500,
  checkpoint: true,
  capabilities: ["PARTITION_AWARE", "MULTI_ROLE", "RESERVATION_REFINEMENT"],
};

const status: TaskStatus = {
  taskId: TaskId("t1"),
  slaveId: SlaveId("s1"),
  state: "failed",
  source: "executor",
  timestampMs: 1_700_000_003_501,
  uuid: "ABCDEFGHIJKLMNOPQRSTU",
};

test.each<Partial<TaskStatus>>([
  { exit: { status: 3 }, message: "Command exited with status 3" },
  { exit: { signal: "SIGKILL" }, state: "killed" },
  { exit: { status: 0 }, state: "finished", worker: "4242", containerId: "c1" },
  { data: { words: [1, 2] }, worker: "4242/7", state: "finished" },
  { state: "killed", executorId: "pod" },
  { state: "unreachable", source: "master", reason: "AGENT_REMOVED", unreachableMs: 1_700_000_003_501 },
])("a status %j is heard as it was told", (more) => {
  const told = { ...status, ...more };
  for (const codec of codecs) {
    const heard = codec.decode(StatusMessage, codec.encode(StatusMessage, statusTo(plainInfo, told, "127.0.0.1")));
    expect(heard.ok && statusFrom(heard.value)).toEqual(told);
  }
});

test.each<OperationStatus>([
  { operationId: "o", state: "finished", slaveId: SlaveId("s1"), uuid: "ABCDEFGHIJKLMNOPQRSTU" },
  { operationId: "o", state: "gone_by_operator", message: "why" },
])("a status of an operation %j is heard as it was told", (told) => {
  for (const codec of codecs) {
    const heard = codec.decode(OperationMessage, codec.encode(OperationMessage, operationStatusTo(told)));
    expect(heard.ok && operationStatusFrom(heard.value)).toEqual(told);
  }
});

const roleFilters = roleFiltersOf("batch");

test.each<[string, OfferFilters, OfferFilters]>([
  ["nothing", {}, {}],
  ["the least that must be free", { minFree: { cpus: 1_500, mem: 64_000 } }, leastOf({ cpus: 1_500, mem: 64_000 })],
  ["no minimum", leastOf(), leastOf()],
  ["several minima", leastOf({ cpus: 1_500 }, { mem: 1, disk: 2 }), leastOf({ cpus: 1_500 }, { mem: 1, disk: 2 })],
  [
    "minima on top of what must be free",
    { minFree: { cpus: 1_000, mem: 64_000 }, ...leastOf({ cpus: 1_500 }, { mem: 1, disk: 2 }) },
    leastOf({ cpus: 1_500, mem: 64_000 }, { cpus: 1_000, mem: 64_000, disk: 2 }),
  ],
  ["no minimum but what must be free", { minFree: { cpus: 1 }, ...leastOf() }, leastOf({ cpus: 1 })],
  ["constraints", roleFilters, roleFilters],
])("a framework is known as it describes itself, and by its filters: %s", (_, filters, expected) => {
  for (const codec of codecs) {
    const subscribe = {
      framework_info: frameworkTo(plainInfo, filters),
      suppressed_roles: [],
      offer_constraints: constraintsTo(filters),
    };
    const heard = codec.decode(Call, codec.encode(Call, { type: "SUBSCRIBE", subscribe }));
    if (!heard.ok || heard.value.subscribe === undefined) throw new Error("not a subscription");
    const described = frameworkFrom(heard.value.subscribe, undefined);
    expect(described).toEqual({ ok: true, value: { info: plainInfo, filters: expected } });
  }
});

test("an offer has the attributes that its slave has, and one for how long a task may take", () => {
  const attributes = { rack: "r1", size: "2.5", disks: "[1-5,7-9]", kinds: "{a,b}", empty: "", odd: "[1" };
  const offer: Offer = {
    id: OfferId("o1"),
    frameworkId: FrameworkId("f1"),
    slaveId: SlaveId("s1"),
    hostname: "h1",
    ip: "127.0.0.1",
    port: 5_051,
    resources: { cpus: 1_000 },
    attributes,
    role: "batch",
  };
  for (const codec of codecs) {
    for (const sent of [offer, { ...offer, maxTaskMs: 90_500 }]) {
      const heard = codec.decode(OfferMessage, codec.encode(OfferMessage, offerTo(plainInfo, sent)));
      expect(heard.ok && offerFrom(heard.value)).toEqual(sent);
    }
  }
  expect(offerTo(plainInfo, { ...offer, maxTaskMs: 90_500 }).attributes).toContainEqual({
    name: "max_task_seconds",
    type: "SCALAR",
    scalar: { value: 90.5 },
  });
});

function leastOf(...minAllocatable: readonly Quantities[]): OfferFilters {
  return { roles: { batch: { minAllocatable } } };
}

/** Every selector and every predicate. */
function roleFiltersOf(role: string): OfferFilters {
  const attribute = { attribute: "rack" };
  return {
    roles: {
      [role]: {
        constraints: [
          [
            { selector: attribute, predicate: { type: "exists" } },
            { selector: { pseudo: "hostname" }, predicate: { type: "matches", regex: "h[0-9]+" } },
          ],
          [
            { selector: { pseudo: "region" }, predicate: { type: "notExists" } },
            { selector: { pseudo: "zone" }, predicate: { type: "equals", value: "" } },
            { selector: attribute, predicate: { type: "notEquals", value: "r1" } },
            { selector: attribute, predicate: { type: "notMatches", regex: "" } },
          ],
        ],
      },
    },
  };
}
