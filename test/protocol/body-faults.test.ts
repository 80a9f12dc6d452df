/** What another host may send: every kind as it should be, and in what ways it must not differ from that. */

import { describe, expect, test } from "vitest";
import type { WireBody } from "../../src/actors/wire-value.ts";
import { master } from "../../src/master/master.ts";
import type { TaskId } from "../../src/protocol/ids.ts";
import type { Lead } from "../../src/protocol/lead.ts";
import { masterTable } from "../../src/protocol/master-api.ts";
import { schedulerTable } from "../../src/protocol/scheduler-api.ts";
import { count, id, object, shapeFault, text, word } from "../../src/protocol/shape.ts";
import { slaveTable } from "../../src/protocol/slave-api.ts";
import { slave } from "../../src/slave/slave.ts";
import { changed, masterBodies, pathsOf, schedulerBodies, slaveBodies } from "./bodies.ts";

const protocols = [
  { table: masterTable, bodies: masterBodies },
  { table: slaveTable, bodies: slaveBodies },
  { table: schedulerTable, bodies: schedulerBodies },
] as const;

const kinds = protocols.flatMap(({ table, bodies }) =>
  Object.entries<WireBody>(bodies).map(([kind, body]) => ({
    name: `${table.name} ${kind}`,
    body,
    faultOf: (wrong: unknown) => table.fault?.(kind, wrong as WireBody),
  })),
);

/** Fields that may be absent, and names of dictionaries. */
const mayMiss = [
  /^registerSlave\.slaveId$/,
  /^kill\w+\.(graceMs|slaveId|reason)$/,
  /^resourceOffers\.offers\.\d\.unavailability$/,
  /\.unavailability\.durationMs$/,
  /^inverseOffers\.offers\.\d\.tasks$/,
  /^subscribe\.suppressedRoles$/,
  /^(subscribe|updateFramework)\.filters$/,
  /^execut\w+\.status$/,
  /^accept\.operations\.0\.unfit$/,
  /^accept\.operations\.\d\.(operationId|role|fault)$/,
  /^reconcile\.tasks\.\d\.slaveId$/,
  /^reconcileOperations\.operations\.\d\.slaveId$/,
  /^operationUpdate\.(message|slaveId|uuid)$/,
  /(\.framework|subscribe\.info|updateFramework\.info)\.(id|principal|hostname|webuiUrl|labels)$/,
  /\.filters\.(slaves|minFree|roles)$/,
  /\.roles\.\*(\.(minAllocatable|constraints))?$/,
  /\.minAllocatable\.\d\.\w+$/,
  /\.status\.(reason|message|slaveId|uuid|data|exit|worker|containerId|executorId|unreachableMs)$/,
  /\.task(s\.\d)?(\.task)?\.(command|killGraceMs|labels|discovery|maxCompletionMs|role|short|group)$/,
  /\.executor\.role$/,
  /\.command\.(arguments|environment)$/,
  /\.(resources|minFree|environment|attributes)\.[^.]+$/,
  /\.labels\.\d\.value$/,
];
const dictionaries = new Set("resources minFree environment attributes roles".split(" "));
/** Fields of which none needs to be there. */
const optionals = new Set(["filters", "roles", "*"]);
/** What is inside them is for their reader. */
const free = new Set(["data", "discovery"]);

describe.each(kinds)("$name", ({ name, body, faultOf }) => {
  const kind = name.split(" ")[1] ?? "";

  test("is let in as it should be, also when it says more", () => {
    expect(faultOf(body)).toBeUndefined();
    for (const path of pathsOf(body)) {
      const inner = path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], body);
      if (typeof inner !== "object" || inner === null || Array.isArray(inner)) continue;
      if (dictionaries.has(String(path.at(-1))) || path.at(-2) === "minAllocatable") continue;
      expect(faultOf(changed(body, path, { ...inner, news: 1 }))).toBeUndefined();
    }
  });

  test("misses no field that it needs", () => {
    for (const path of pathsOf(body)) {
      if (typeof path.at(-1) !== "string" || path.some((key) => free.has(String(key)))) continue;
      const where = `${kind}.${path.join(".")}`;
      const fault = faultOf(changed(body, path, undefined));
      if (mayMiss.some((pattern) => pattern.test(where))) expect(fault, where).toBeUndefined();
      else expect(fault, where).toMatch(new RegExp(`^${path[0]}`));
    }
  });

  test("has no field of another kind of value", () => {
    for (const path of pathsOf(body)) {
      if (path.some((key) => free.has(String(key)))) continue;
      for (const wrong of [null, 7n, new Uint8Array(3), [[]], { a: {} }]) {
        if (optionals.has(String(path.at(-1))) && Object.getPrototypeOf(wrong ?? []) === Object.prototype) continue;
        expect(faultOf(changed(body, path, wrong)), `${path.join(".")} ${String(wrong)}`).toBeDefined();
      }
    }
  });
});

const { registerSlave, statusUpdate, accept, killTask, watchCluster } = masterBodies;
const { runTask } = slaveBodies;
const { resourceOffers, taskUpdate } = schedulerBodies;
const launched = ["operations", 0, "tasks", 0] as const;

test.each<[string, string, unknown, readonly (string | number)[], unknown, string]>([
  ["an address that is none", "watchCluster", watchCluster, ["self"], "x", "self: is not an actor address"],
  ["an address without an actor", "watchCluster", watchCluster, ["self"], "a~1/b.1:", "self: is not an actor address"],
  ["an address of no life", "registerSlave", registerSlave, ["self"], "a~1/b.1:1", "self: is not an actor address"],
  ["an empty id", "registerSlave", registerSlave, ["slaveId"], "", "slaveId: is empty"],
  ["an id that is a path", "accept", accept, [...launched, "taskId"], "../x", 'tasks.0.taskId: contains "/"'],
  ["an id beyond its limit", "killTask", killTask, ["frameworkId"], "é".repeat(128), "is longer than 255 bytes"],
  [
    "a fraction of a thousandth",
    "accept",
    accept,
    [...launched, "resources", "cpus"],
    0.5,
    "resources.cpus: is not a quantity",
  ],
  [
    "less than nothing",
    "registerSlave",
    registerSlave,
    ["info", "resources", "cpus"],
    -1,
    "resources.cpus: is not a quantity",
  ],
  ["more than counts", "registerSlave", registerSlave, ["info", "resources", "cpus"], 2 ** 53, "is not a quantity"],
  [
    "ranges in disorder",
    "registerSlave",
    registerSlave,
    ["info", "resources", "ports", "ranges"],
    [
      [5, 6],
      [1, 2],
    ],
    "resources.ports: is not",
  ],
  [
    "a range from its end",
    "registerSlave",
    registerSlave,
    ["info", "resources", "ports", "ranges"],
    [[6, 5]],
    "resources.ports: is not",
  ],
  [
    "an item twice",
    "registerSlave",
    registerSlave,
    ["info", "resources", "disks", "items"],
    ["a", "a"],
    "resources.disks: is not",
  ],
  ["a state that is none", "statusUpdate", statusUpdate, ["update", "status", "state"], "odd", "update.status.state: "],
  ["a reason that is none", "statusUpdate", statusUpdate, ["update", "status", "reason"], "ODD", "status.reason: "],
  [
    "an exit of neither kind",
    "statusUpdate",
    statusUpdate,
    ["update", "status", "exit"],
    {},
    "update.status.exit: is of neither shape",
  ],
  ["time that runs back", "killTask", killTask, ["graceMs"], -1, "graceMs: "],
  ["time without end", "killTask", killTask, ["graceMs"], Number.POSITIVE_INFINITY, "graceMs: "],
  ["no time at all", "killTask", killTask, ["graceMs"], Number.NaN, "graceMs: "],
  ["half a hello", "registerSlave", registerSlave, ["hello"], 1.5, "hello: "],
  ["another operation", "accept", accept, ["operations", 0, "type"], "create", "operations.0.type: "],
  [
    "arguments that are no texts",
    "accept",
    accept,
    [...launched, "command", "arguments"],
    [1],
    "arguments.0: expected",
  ],
])("%s is a fault", (_, kind, body, path, value, says) => {
  const fault = masterTable.fault?.(kind, changed(body, path, value) as WireBody);
  expect(fault).toContain(says);
});

test.each([
  [slaveTable, "runTask", changed(runTask, ["lead", "epoch"], -1), "lead.epoch: "],
  [slaveTable, "runTask", changed(runTask, ["lead"], 7), "lead: expected fields"],
  [slaveTable, "runTask", changed(runTask, ["task", "slaveId"], "."), "task.slaveId: is . or .."],
  [schedulerTable, "resourceOffers", changed(resourceOffers, ["offers"], {}), "offers: expected list"],
  [schedulerTable, "resourceOffers", changed(resourceOffers, ["offers", 0, "attributes"], { a: 1 }), "attributes.a: "],
  [schedulerTable, "taskUpdate", changed(taskUpdate, ["status", "timestampMs"], "now"), "status.timestampMs: "],
])("%o says of a wrong %s where it is wrong", (table, kind, body, says) => {
  expect(table.fault?.(kind, body as WireBody)).toContain(says);
});

test("the default of a filter stands for whatever number a framework gives", () => {
  for (const refuseMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(masterTable.fault?.("accept", { ...accept, filter: { refuseMs } } as never)).toBeUndefined();
  }
});

test("what is meant for inside is not for other hosts to send, however well it is made", () => {
  expect(master.protocol.fault?.("offered", { rows: [] })).toBe("no other host may send this");
  expect(slave.protocol.fault?.("drain", { graceMs: 0 })).toBe("no other host may send this");
  expect(slave.protocol.fault?.("update", { frameworkId: "F-1", status: taskUpdate.status })).toBe(
    "no other host may send this",
  );
  expect(master.protocol.fault?.("constructor", {})).toBe("no other host may send this");
});

test("a fault says little and nothing unprintable, whatever names the peer chose", () => {
  const names = { [`\u001b[2J\n${"x".repeat(1_000)}`]: -1 };
  const fault = masterTable.fault?.("placeable", { resources: names });
  expect(fault).toMatch(/^resources\.[^ ]{40}: is not a quantity$/);
  expect(fault).toMatch(/^[\x20-\x7e]{1,200}$/);
});

test("a resource may have the name of what every object has", () => {
  const body = JSON.parse('{"resources":{"constructor":1000,"toString":{"items":["a"]}}}');
  expect(masterTable.fault?.("placeable", body)).toBeUndefined();
});

test("a shape that differs from its type does not compile", () => {
  // @ts-expect-error: a field is missing
  object<Lead>({ epoch: count });
  // @ts-expect-error: a field too many
  object<Lead>({ epoch: count, term: count, more: count });
  // @ts-expect-error: another kind of value
  object<Lead>({ epoch: count, term: text });
  // @ts-expect-error: not every value of the type
  object<{ readonly id: string }>({ id: id<TaskId>() });
  // @ts-expect-error: more than the values of the type
  object<{ readonly id: TaskId }>({ id: text });
  // @ts-expect-error: the field need not be there
  object<{ readonly count?: number }>({ count });
  // @ts-expect-error: a word is missing
  word<"yes" | "no">({ yes: true });
  expect(shapeFault(object<Lead>({ epoch: count, term: count }), { epoch: 1, term: 2 })).toBeUndefined();
});
