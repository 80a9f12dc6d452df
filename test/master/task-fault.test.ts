import { expect, test } from "vitest";
import { taskFault } from "../../src/master/task-fault.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import type { Quantity } from "../../src/protocol/quantity.ts";
import type { Resources } from "../../src/protocol/resources.ts";
import type { TaskInfo } from "../../src/protocol/task.ts";
import { quantities } from "../protocol/quantities.ts";
import { task } from "./scripted-slave.ts";

const s1 = SlaveId("s1");
const left = quantities("cpus:4;mem:1024;ports:[31000-31009];disks:{a,b}");
const place = { slaveId: s1, role: "web", left };
const fine = task("t1", s1, "cpus:1;mem:64;ports:[31001-31002];disks:{a}");
const command = { shell: true, value: "true" };
const simulated = { durationMs: 1, outcome: "finished" } as const;

test("a task that fits has no fault", () => {
  expect(taskFault(fine, place)).toBeUndefined();
  expect(taskFault(task("t1", s1, "cpus:4;mem:1024"), place)).toBeUndefined();
  expect(taskFault({ ...fine, role: "web" }, place)).toBeUndefined();
});

test.each<[string, TaskInfo, string]>([
  ["an empty id", task("", s1, "cpus:1"), "the task id is empty"],
  ["an id that is a path", task("../x", s1, "cpus:1"), 'the task id contains "/"'],
  ["two kinds", { ...fine, command, simulated }, "exactly one of command, function and simulated; this one has 2"],
  ["no kind", withoutCommand(fine), "this one has 0"],
  ["another slave", { ...fine, slaveId: SlaveId("s2") }, "the task names slave s2, the offer is of s1"],
  ["another role", { ...fine, role: "db" }, "the task's resources are allocated to role db, the offer's to web"],
  ["no resources", { ...fine, resources: {} }, "the task uses no resources"],
  ["only nothings", { ...fine, resources: { cpus: 0 } }, "the task uses no resources"],
  ["too much", task("t1", s1, "cpus:5;mem:2048"), "more than the offer has: cpus:5 of 4, mem:2048 of 1024"],
  ["a port that is not free", task("t1", s1, "ports:[31009-31010]"), "ports:[31009-31010] of [31000-31009]"],
  ["an item that is not there", task("t1", s1, "disks:{c}"), "disks:{c} of {a,b}"],
  ["another kind of quantity", task("t1", s1, "ports:1"), "ports:1 of [31000-31009]"],
  ["something unheard of", task("t1", s1, "gpus:1"), "gpus:1 of 0"],
  ["a name of every object", task("t1", s1, "toString:1"), "toString:1 of 0"],
])("%s is one", (_, wrong, message) => {
  expect(taskFault(wrong, place)).toContain(message);
});

test.each<[string, Resources, string]>([
  ["half a gpu", { gpus: 1_500 }, 'a resource of the task: the "gpus" resource must be an unsigned integer, not 1.5'],
  ["a key that is none", { "cpus(": 1 }, "a resource of the task: cpus( is reserved in a way that cannot be read"],
  ["reserved for everybody", { "cpus(*)": 1 }, "cannot be reserved"],
  ["a reservation that was not offered", { "cpus(ads)": 1_000 }, "cpus(ads):1 of 0"],
])("%s is one", (_, resources, message) => {
  expect(taskFault({ ...fine, resources }, place)).toContain(message);
});

test.each<[string, unknown]>([
  ["a negative number", -1],
  ["not a number", Number.NaN],
  ["a fraction of a thousandth", 0.5],
  ["infinitely much", Number.POSITIVE_INFINITY],
  ["a text", "1"],
  ["nothing", null],
  ["a list", []],
  ["ranges that are a text", { ranges: "31000" }],
  ["a range that runs backwards", { ranges: [[31_005, 31_003]] }],
  ["half a range", { ranges: [[31_005]] }],
  [
    "ranges that overlap",
    {
      ranges: [
        [31_000, 31_005],
        [31_004, 31_006],
      ],
    },
  ],
  ["items that are numbers", { items: [1] }],
  ["an item twice", { items: ["a", "a"] }],
])("%s for a quantity is one, and told without failing", (_, quantity) => {
  for (const name of ["cpus", "ports", "disks"]) {
    const resources = { mem: 1_000, [name]: quantity as Quantity };
    expect(taskFault({ ...fine, resources }, place)).toMatch(/^(a resource of the task|the task needs more)/);
  }
});

function withoutCommand({ command: _, ...rest }: TaskInfo): TaskInfo {
  return rest;
}
