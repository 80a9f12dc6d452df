/** What is said by HTTP comes out at the other end as it went in. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { callFault, callTo, type Order, orderFrom } from "../../../src/http/scheduler/calls.ts";
import { frameworkFrom, frameworkTo } from "../../../src/http/scheduler/framework.ts";
import { statusFrom, statusTo } from "../../../src/http/scheduler/status.ts";
import { jsonCodec, protobufCodec } from "../../../src/http/v1/codec.ts";
import { FrameworkInfo as FrameworkMessage } from "../../../src/http/v1/framework-messages.ts";
import { Call } from "../../../src/http/v1/scheduler-messages.ts";
import { TaskStatus as StatusMessage } from "../../../src/http/v1/task-messages.ts";
import type { FrameworkInfo } from "../../../src/protocol/framework-info.ts";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../../src/protocol/ids.ts";
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

const orders: fc.Arbitrary<Order> = fc.oneof(
  fc
    .record({ frameworkId, offerIds, filter, tasks: fc.array(task, { maxLength: 3 }) })
    .map(({ tasks, ...body }): Order => {
      return { kind: "accept", body: { ...body, operations: [{ type: "launch", tasks, unfit: [] }] } };
    }),
  fc.record({ kind: fc.constant("decline" as const), body: fc.record({ frameworkId, offerIds, filter }) }),
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
  { state: "unreachable", source: "master", reason: "AGENT_REMOVED", unreachableMs: 1_700_000_003_501 },
])("a status %j is heard as it was told", (more) => {
  const told = { ...status, ...more };
  for (const codec of codecs) {
    const heard = codec.decode(StatusMessage, codec.encode(StatusMessage, statusTo(plainInfo, told, "127.0.0.1")));
    expect(heard.ok && statusFrom(heard.value)).toEqual(told);
  }
});

test("a framework is known as it describes itself, and by the least that it wants", () => {
  const filters = { minFree: { cpus: 1_500, mem: 64_000 } };
  for (const codec of codecs) {
    const heard = codec.decode(FrameworkMessage, codec.encode(FrameworkMessage, frameworkTo(plainInfo, filters)));
    if (!heard.ok) throw new Error(heard.error);
    const described = frameworkFrom({ framework_info: heard.value, suppressed_roles: [] }, undefined);
    expect(described).toEqual({ ok: true, value: { info: plainInfo, filters } });
  }
});
