import { expect, test } from "vitest";
import { Executors } from "../../src/master/executors.ts";
import { FrameworkId, SlaveId, TaskId } from "../../src/protocol/ids.ts";

const [slaveId, frameworkId] = [SlaveId("s1"), FrameworkId("f1")];

test.each([
  { case: "of two kinds", own: { ports: 1 }, fault: "of a task and its executor, ports is given in two kinds" },
  { case: "of one kind", own: { ports: { items: ["c"] } }, fault: undefined },
])("a task and its executor whose resources are $case", ({ own, fault }) => {
  const executor = { executorId: "e1", resources: { ports: { items: ["a", "b"] } } };
  const task = {
    taskId: TaskId("t1"),
    name: "a task",
    slaveId,
    resources: own,
    command: { shell: true, value: "true" },
    group: { groupId: "g1", executor },
  };
  expect(new Executors().fault(slaveId, frameworkId, task)).toBe(fault);
});
