import { describe, expect, test } from "vitest";
import { type BatchResult, type BatchRow, batch, batchFault } from "../../../src/frameworks/batch/batch.ts";
import { SlaveId } from "../../../src/protocol/ids.ts";
import { Kit, offer, quantities, status } from "../kit.ts";

function commands(...lines: readonly string[]) {
  return lines.map((command) => ({ command }));
}

function rows(kit: Kit): readonly BatchRow[] {
  return kit.reported.flatMap((report) => (report.kind === "record" ? [report.body.row as BatchRow] : []));
}

describe("batch", () => {
  test("runs every command once and reports its exit status, slave and pid", () => {
    const kit = Kit.subscribed(batch({ commands: commands("true", "exit 3") }));
    kit.offers(offer("o1", "s1", "cpus:1;mem:1024"));
    const tasks = kit.takeTasks();
    expect(tasks.map(({ command, resources }) => [command?.value, resources])).toEqual([
      ["true", quantities("cpus:0.1;mem:32")],
      ["exit 3", quantities("cpus:0.1;mem:32")],
    ]);
    kit.update(status("command-0.1", "running", { worker: "4711" }));
    kit.update(status("command-1.1", "failed", { worker: "4712", exit: { status: 3 }, message: "exited with 3" }));
    kit.update(status("command-0.1", "finished", { exit: { status: 0 } }));
    expect(rows(kit)).toEqual([
      {
        index: 1,
        name: "exit 3",
        state: "failed",
        exit: { status: 3 },
        slaveId: "s1",
        hostname: "s1.test",
        pid: 4712,
        taskId: "command-1.1",
        attempts: 1,
        message: "exited with 3",
      },
      {
        index: 0,
        name: "true",
        state: "finished",
        exit: { status: 0 },
        slaveId: "s1",
        hostname: "s1.test",
        pid: 4711,
        taskId: "command-0.1",
        attempts: 1,
      },
    ]);
    expect(kit.ending).toMatchObject({ kind: "done", result: { succeeded: 1, failed: 1 } });
    expect(kit.down).toBe("normal");
  });

  test("a lost command runs again, and is reported once", () => {
    const kit = Kit.subscribed(batch({ commands: commands("work") }));
    kit.offers(offer("o1", "s1", "cpus:1;mem:1024"));
    expect(kit.heard.map(({ kind }) => kind)).toEqual(["accept", "suppress"]);
    kit.heard.length = 0;
    kit.update(status("command-0.1", "lost"));
    kit.say("slaveLost", { slaveId: SlaveId("s1"), hostname: "s1.test" });
    expect(kit.heard.map(({ kind }) => kind)).toEqual(["revive", "acknowledge"]);
    kit.offers(offer("o2", "s2", "cpus:1;mem:1024"));
    kit.update(status("command-0.2", "finished", { slaveId: SlaveId("s2") }));
    expect(rows(kit).map(({ taskId, attempts }) => [taskId, attempts])).toEqual([["command-0.2", 2]]);
    const result = kit.ending?.kind === "done" ? (kit.ending.result as BatchResult) : undefined;
    expect(result?.tasks.rerun).toBe(1);
    expect(result?.lostSlaves).toEqual(["s1"]);
  });

  test("a task that comes back after its replacement began is killed", () => {
    const kit = Kit.subscribed(batch({ commands: commands("work") }));
    kit.offers(offer("o1", "s1", "cpus:1;mem:1024"));
    kit.update(status("command-0.1", "unreachable"));
    kit.update(status("command-0.1", "running"));
    expect(kit.calls("killTask").map(({ taskId }) => taskId)).toEqual(["command-0.1"]);
  });
});

describe("a batch that cannot run", () => {
  test("commands that no slave can hold end it after a second, saying what is missing", () => {
    const kit = Kit.subscribed(batch({ commands: [{ command: "huge", resources: quantities("cpus:64;mem:32") }] }));
    kit.placeable = { slaves: 0, fitting: 0 };
    kit.advance(5_000);
    expect(kit.down).toBeUndefined();
    kit.placeable = { slaves: 3, fitting: 3 };
    kit.advance(5_000);
    expect(kit.down).toBeUndefined();
    kit.placeable = { slaves: 3, fitting: 0, closest: { hostname: "h", resources: quantities("cpus:4;mem:1024") } };
    kit.advance(1_000);
    expect(kit.ending).toEqual({ kind: "notPlaced", message: "needs cpus:64, the largest slave has cpus:4" });
  });

  test("a kind of resource that no slave has is named", () => {
    const kit = Kit.subscribed(batch({ commands: [{ command: "train", resources: quantities("gpus:1") }] }));
    kit.placeable = { slaves: 1, fitting: 0, closest: { hostname: "h", resources: quantities("cpus:4") } };
    kit.advance(1_000);
    expect(kit.ending).toEqual({ kind: "notPlaced", message: "needs gpus:1, the largest slave has no gpus" });
  });

  test("options that make no sense are refused with their reason", () => {
    expect(batchFault({ commands: [] })).toBe("there is no command to run");
    expect(batchFault({ commands: commands("true", " ") })).toBe("command 2 is empty");
    expect(batchFault({ commands: commands("x".repeat(100_001)) })).toContain("command 1 is longer than 100000");
    expect(batchFault({ commands: commands("true") })).toBeUndefined();
  });
});
