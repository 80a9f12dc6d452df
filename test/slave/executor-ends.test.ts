/** Executors that are ended for another reason than a kill of their framework. */

import { describe, expect, test } from "vitest";
import { TaskId } from "../../src/protocol/ids.ts";
import { commandTask, frameworkId, functionTask, Host, lead, simulatedTask, slaveId } from "./kit.ts";

function endExecutor(host: Host, executorId: string): void {
  host.say("endExecutor", { lead, frameworkId, executorId });
}

const terminated = { state: "failed", reason: "EXECUTOR_TERMINATED" };
const outOfTime = { state: "failed", reason: "MAX_COMPLETION_TIME_REACHED" };

describe("an executor that is told to end", () => {
  test("gives its process the grace period; its task has failed, and the master hears of its end", () => {
    const host = Host.registered();
    host.run(commandTask("t1", { killGraceMs: 700 }));
    const { on } = host.start(101);
    host.acknowledgeLast();
    endExecutor(host, "t1");
    expect(host.signals).toEqual(["SIGTERM 101"]);
    expect(host.hearing.of("executorExited")).toEqual([]);
    host.advance(700);
    expect(host.signals).toEqual(["SIGTERM 101", "SIGKILL 101"]);
    on.exited({ kind: "signalled", signal: "SIGKILL" });
    host.settle();
    expect(host.updates.at(-1)).toMatchObject({ ...terminated, exit: { signal: "SIGKILL" } });
    expect(host.hearing.of("executorExited")).toEqual([{ slaveId, frameworkId, executorId: "t1" }]);
  });

  test.each([
    ["a function", functionTask("t1")],
    ["a simulated task", simulatedTask("t1", 1_000_000)],
  ])("ends %s alike", (_, task) => {
    const host = Host.registered();
    host.run(task);
    host.acknowledgeLast();
    endExecutor(host, "t1");
    host.called[0]?.outcome({ kind: "aborted" });
    host.settle();
    expect(host.updates.at(-1)).toMatchObject(terminated);
    expect(host.hearing.of("executorExited").length).toBe(1);
  });

  test("may finish its task all the same", () => {
    const host = Host.registered();
    host.run(functionTask("t1"));
    host.acknowledgeLast();
    endExecutor(host, "t1");
    host.called[0]?.outcome({ kind: "returned", value: 7, worker: "w" });
    host.settle();
    expect(host.updates.at(-1)).toMatchObject({ state: "finished", data: 7 });
  });

  test("is nobody when the id is nobody's, or another framework's, or the order of an earlier master", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000_000));
    for (const executorId of ["t9", "../t1", ""]) endExecutor(host, executorId);
    host.say("endExecutor", { lead, frameworkId: "f9" as typeof frameworkId, executorId: "t1" });
    host.say("endExecutor", { lead: { ...lead, term: lead.term - 1 }, frameworkId, executorId: "t1" });
    expect(host.news).toEqual(["t1 running"]);
  });

  test("is told of by nobody when its task was killed or ended by itself", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000));
    host.run(simulatedTask("t2", 1_000_000));
    host.advance(1_000);
    host.kill("t2");
    for (const taskId of ["t1", "t2"]) endExecutor(host, taskId);
    expect(host.hearing.of("executorExited")).toEqual([]);
  });
});

describe("the longest time that a task may take", () => {
  test("ends it as failed once it is over", () => {
    const host = Host.registered();
    host.run(commandTask("t1", { maxCompletionMs: 5_000 }));
    const { on } = host.start(101);
    host.acknowledgeLast();
    host.advance(4_999);
    expect(host.signals).toEqual([]);
    host.advance(1);
    expect(host.signals).toEqual(["SIGTERM 101"]);
    on.exited({ kind: "signalled", signal: "SIGTERM" });
    host.settle();
    expect(host.updates.at(-1)).toMatchObject(outOfTime);
    expect(host.hearing.of("executorExited")).toEqual([]);
  });

  test("is nothing to a task that ends in time", () => {
    const host = Host.registered();
    host.run({ ...simulatedTask("t1", 4_999), maxCompletionMs: 5_000 });
    host.run({ ...simulatedTask("t2", 4_999, "failed"), maxCompletionMs: 5_000 });
    host.advance(100_000);
    for (const status of host.updates) host.acknowledge(status);
    const ends = host.updates.filter(({ state }) => state === "finished" || state === "failed");
    expect(new Set(ends.map(({ taskId, state, reason }) => `${taskId} ${state} ${reason}`))).toEqual(
      new Set(["t1 finished undefined", "t2 failed undefined"]),
    );
  });

  test("is not that of a later task of the same id", () => {
    const host = Host.registered();
    host.run({ ...simulatedTask("t1", 1_000), maxCompletionMs: 5_000 });
    host.acknowledgeLast();
    host.advance(1_000);
    host.acknowledgeLast();
    expect(host.party.executors.get(frameworkId, TaskId("t1"))).toBeUndefined();
    host.hearing.clear();
    host.run(simulatedTask("t1", 1_000_000));
    host.acknowledgeLast();
    host.advance(10_000);
    expect(host.news).toEqual(["t1 running"]);
  });
});

test("an executor's run is told with every update, and is another for another run", () => {
  const host = Host.registered();
  host.run(simulatedTask("t1", 1_000));
  host.acknowledgeLast();
  host.advance(1_000);
  host.run(simulatedTask("t2", 1_000));
  const runs = new Map(host.updates.map(({ taskId, containerId }) => [`${taskId} ${containerId}`, containerId]));
  expect([...runs.values()].every((run) => run !== undefined && run !== "")).toBe(true);
  expect(runs.size).toBe(2);
});

describe("a task that is revoked", () => {
  const revoked = { state: "killed", reason: "REVOKED", source: "master" };
  const revoke = (host: Host, taskId: string) =>
    host.say("killOnSlave", { lead, frameworkId, taskId: TaskId(taskId), reason: "REVOKED" });

  test("has its grace, and no more: an executor that does not react is ended", () => {
    const host = Host.registered();
    host.run(commandTask("t1", { killGraceMs: 700 }));
    const { on } = host.start(101);
    host.acknowledgeLast();
    revoke(host, "t1");
    host.advance(700);
    expect(host.signals).toEqual(["SIGTERM 101", "SIGKILL 101"]);
    on.exited({ kind: "signalled", signal: "SIGKILL" });
    host.settle();
    expect(host.updates.at(-1)).toMatchObject({ ...revoked, exit: { signal: "SIGKILL" } });
    expect(host.hearing.of("executorExited")).toEqual([]);
  });

  test("may finish all the same", () => {
    const host = Host.registered();
    host.run(functionTask("t1"));
    host.acknowledgeLast();
    revoke(host, "t1");
    host.called[0]?.outcome({ kind: "returned", value: 7, worker: "w" });
    host.settle();
    expect(host.updates.at(-1)).toMatchObject({ state: "finished", data: 7 });
  });
});
