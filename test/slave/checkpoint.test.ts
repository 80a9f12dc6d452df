import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameworkId, SlaveId, TaskId } from "../../src/protocol/ids.ts";
import type { TaskInfo, TaskState, TaskStatus } from "../../src/protocol/task.ts";
import { type CheckpointRecord, recordsOf, recoveredFrom } from "../../src/slave/checkpoint.ts";

const framework = { name: "f", user: "", roles: ["*"], failoverTimeoutMs: 0, checkpoint: true, capabilities: [] };
const frameworkId = FrameworkId("f");

function task(id: string): TaskInfo {
  return { taskId: TaskId(id), name: id, slaveId: SlaveId("s"), resources: { cpus: 100 } };
}

function status(id: string, state: TaskState, uuid: string): TaskStatus {
  return { taskId: TaskId(id), state, source: "executor", timestampMs: 0, uuid };
}

/** Records in any order, as a journal that was cut anywhere may hold them. */
const record: fc.Arbitrary<CheckpointRecord> = fc
  .tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom("1", "2", "3"), fc.constantFrom("running", "finished"))
  .chain(([id, uuid, state]) =>
    fc.constantFrom<CheckpointRecord>(
      { type: "registered", slaveId: SlaveId(`s${uuid}`), lead: { epoch: 1, term: Number(uuid) } },
      { type: "launched", frameworkId, framework, task: task(id) },
      { type: "updated", frameworkId, status: status(id, state as TaskState, uuid) },
      { type: "acknowledged", frameworkId, taskId: TaskId(id), uuid },
      { type: "forgotten", frameworkId, taskId: TaskId(id) },
    ),
  );

describe("a checkpoint", () => {
  test("rewritten as short as it can be says the same", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40 }), (records) => {
        const recovered = recoveredFrom(records);
        const short = recordsOf(recovered);
        expect(recoveredFrom(short)).toEqual(recovered);
        expect(recordsOf(recoveredFrom(short))).toEqual(short);
      }),
    );
  });

  test("knows of each task what waits to be acknowledged, in order, and its last state", () => {
    const { tasks } = recoveredFrom([
      { type: "launched", frameworkId, framework, task: task("a") },
      { type: "updated", frameworkId, status: status("a", "running", "1") },
      { type: "updated", frameworkId, status: status("a", "finished", "2") },
      { type: "acknowledged", frameworkId, taskId: TaskId("a"), uuid: "1" },
    ]);
    expect(tasks.map(({ status: last, pending }) => [last?.state, pending.map(({ uuid }) => uuid)])).toEqual([
      ["finished", ["2"]],
    ]);
  });

  test("says nothing of a task whose last word was acknowledged, though the crash came before it was forgotten", () => {
    const ended: readonly CheckpointRecord[] = [
      { type: "launched", frameworkId, framework, task: task("a") },
      { type: "updated", frameworkId, status: status("a", "running", "1") },
      { type: "updated", frameworkId, status: status("a", "finished", "2") },
      { type: "acknowledged", frameworkId, taskId: TaskId("a"), uuid: "1" },
      { type: "acknowledged", frameworkId, taskId: TaskId("a"), uuid: "2" },
    ];
    expect(recoveredFrom(ended.slice(0, 4)).tasks.length).toBe(1);
    expect(recoveredFrom(ended).tasks).toEqual([]);
  });

  test("says nothing of a task that was forgotten, nor of one it never saw begin", () => {
    const { tasks } = recoveredFrom([
      { type: "launched", frameworkId, framework, task: task("a") },
      { type: "forgotten", frameworkId, taskId: TaskId("a") },
      { type: "updated", frameworkId, status: status("b", "running", "1") },
    ]);
    expect(tasks).toEqual([]);
  });
});
