/** Tasks of a group on a slave: they begin together or not at all, and none outlives another that did not finish. */

import { describe, expect, test } from "vitest";
import type { TaskInfo } from "../../src/protocol/task.ts";
import { commandTask, framework, frameworkId, functionTask, Host, lead, simulatedTask, slaveId } from "./kit.ts";

const executor = { executorId: "pod", resources: { cpus: 100, mem: 32_000, disk: 1_000 } };

function inGroup(tasks: readonly TaskInfo[], groupId = "g"): readonly TaskInfo[] {
  return tasks.map((task) => ({ ...task, group: { groupId, executor } }));
}

function runGroup(host: Host, tasks: readonly TaskInfo[], groupId = "g", hello = host.party.registration.hello): void {
  host.say("runGroup", { lead, frameworkId, framework, tasks: inGroup(tasks, groupId), hello });
}

/** Commands `t1`, `t2`… of one group, which run as the processes 101, 102…; each has its own grace period. */
function running(count: number): Host {
  const host = Host.registered();
  runGroup(
    host,
    Array.from({ length: count }, (_, at) => commandTask(`t${at + 1}`, { killGraceMs: 100 * (at + 1) })),
  );
  for (const [at, { on }] of host.started.entries()) on.started(101 + at);
  host.settle();
  for (const update of host.updates) host.acknowledge(update);
  return host;
}

function exits(host: Host, taskId: string, status: number): void {
  host.started.find(({ command }) => command.env["MESOS_TASK_ID"] === taskId)?.on.exited({ kind: "exited", status });
  host.settle();
}

describe("a group", () => {
  test("begins at once, with an executor's name that all of its tasks share", () => {
    const host = running(2);
    expect(host.started.map(({ command: { env } }) => [env["MESOS_TASK_ID"], env["MESOS_EXECUTOR_ID"]])).toEqual([
      ["t1", "pod"],
      ["t2", "pod"],
    ]);
    expect(host.updates.map(({ taskId, state, executorId }) => [taskId, state, executorId])).toEqual([
      ["t1", "running", "pod"],
      ["t2", "running", "pod"],
    ]);
    expect(new Set(host.started.map(({ command }) => command.directory)).size).toBe(2);
  });

  test("does not begin when it names a task that is there already, or comes from an earlier hello", () => {
    const host = Host.registered();
    host.run(simulatedTask("t2", 1_000_000));
    runGroup(host, [commandTask("t1"), commandTask("t2")]);
    runGroup(host, [commandTask("t3"), commandTask("t4")], "h", host.party.registration.hello - 1);
    expect(host.started).toEqual([]);
    expect([...host.party.executors.all()].length).toBe(1);
  });
});

describe("a group that runs", () => {
  test("goes on when one of its tasks finishes", () => {
    const host = running(3);
    exits(host, "t2", 0);
    host.advance(10_000);
    expect(host.signals).toEqual([]);
    expect(host.news.at(-1)).toBe("t2 finished");
  });

  test("ends with a task that fails: the others are killed, each with its own time for that", () => {
    const host = running(3);
    exits(host, "t2", 1);
    expect(host.updates.at(-1)).toMatchObject({
      taskId: "t2",
      state: "failed",
      message: "Command exited with status 1",
    });
    expect(host.signals).toEqual(["SIGTERM 101", "SIGTERM 103"]);
    host.advance(100);
    expect(host.signals.slice(2)).toEqual(["SIGKILL 101"]);
    host.advance(199);
    expect(host.signals.length).toBe(3);
    host.advance(1);
    expect(host.signals.slice(3)).toEqual(["SIGKILL 103"]);
    for (const taskId of ["t1", "t3"]) exits(host, taskId, 0);
    const killed = { state: "killed", source: "executor", executorId: "pod" };
    const message = "Command exited with status 0; its group ends, because task t2 is failed";
    expect(host.updates.slice(-2)).toMatchObject([
      { taskId: "t1", message, ...killed },
      { taskId: "t3", message, ...killed },
    ]);
    for (const update of host.updates.slice(-2)) expect(update.reason).toBeUndefined();
    expect(host.hearing.of("executorExited")).toEqual([]);
  });

  test("ends with a task that its framework kills, once that has ended, as under Mesos's default executor", () => {
    const host = running(2);
    host.kill("t1", 500);
    expect(host.signals).toEqual(["SIGTERM 101"]);
    exits(host, "t1", 0);
    expect(host.signals).toEqual(["SIGTERM 101", "SIGTERM 102"]);
    exits(host, "t2", 0);
    expect(host.news.slice(-2)).toEqual(["t1 killed", "t2 killed"]);
    expect(host.updates.at(-2)?.message).toBe("Command exited with status 0");
  });

  test("ends with a task whose time is over, and with one that could not begin", () => {
    const late = Host.registered();
    const limited = { ...simulatedTask("t1", 1_000_000), maxCompletionMs: 1_000 };
    runGroup(late, [limited, simulatedTask("t2", 1_000_000)]);
    late.advance(1_000);
    for (const update of late.updates.slice()) late.acknowledge(update);
    expect(late.news.slice(2)).toEqual(["t1 failed", "t2 killed"]);

    const host = Host.registered();
    runGroup(host, [commandTask("t1"), functionTask("t2")]);
    host.started[0]?.on.failed("no such file");
    host.settle();
    expect(host.called[0]?.aborted).toBe(true);
    host.called[0]?.outcome({ kind: "aborted" });
    host.settle();
    for (const update of host.updates.slice()) host.acknowledge(update);
    const ends = host.updates.filter(({ state }) => state !== "running");
    expect(ends.map(({ taskId, state, reason }) => [taskId, state, reason])).toEqual([
      ["t1", "failed", "CONTAINER_LAUNCH_FAILED"],
      ["t2", "killed", undefined],
    ]);
  });

  test("does not end another group of the same executor, nor tasks that are alone", () => {
    const host = Host.registered();
    runGroup(host, [simulatedTask("t1", 1_000, "failed"), simulatedTask("t2", 1_000_000)], "g");
    runGroup(host, [simulatedTask("t3", 1_000_000)], "h");
    host.run(simulatedTask("t4", 1_000_000));
    host.advance(1_000);
    const live = [...host.party.executors.all()].filter(({ status: { state } }) => state === "running");
    expect(live.map(({ task }) => task.taskId)).toEqual(["t3", "t4"]);
  });
});

describe("a group that has to give way", () => {
  test("is revoked task by task, whatever its processes say of their ends", () => {
    const host = running(2);
    for (const taskId of ["t1", "t2"]) {
      host.say("killOnSlave", { lead, frameworkId, taskId: commandTask(taskId).taskId, reason: "REVOKED" });
    }
    expect(host.signals).toEqual(["SIGTERM 101", "SIGTERM 102"]);
    for (const taskId of ["t1", "t2"]) exits(host, taskId, 1);
    const revoked = { state: "killed", reason: "REVOKED", source: "master" };
    expect(host.updates.slice(2)).toMatchObject([revoked, revoked]);
  });

  test("is revoked with the first of its tasks that has ended for it", () => {
    const host = running(2);
    const { taskId } = commandTask("t1");
    host.say("killOnSlave", { lead, frameworkId, taskId, reason: "REVOKED" });
    exits(host, "t1", 0);
    exits(host, "t2", 0);
    expect(host.updates.slice(2).map((update) => [update.taskId, update.reason])).toEqual([
      ["t1", "REVOKED"],
      ["t2", "REVOKED"],
    ]);
  });
});

describe("the executor of groups", () => {
  test("that is ended takes all of its tasks along, which have failed, and its end is told once", () => {
    const host = Host.registered();
    runGroup(host, [commandTask("t1"), commandTask("t2")], "g");
    runGroup(host, [commandTask("t3")], "h");
    for (const [at, { on }] of host.started.entries()) on.started(101 + at);
    host.settle();
    for (const update of host.updates) host.acknowledge(update);
    host.say("endExecutor", { lead, frameworkId, executorId: "pod" });
    expect(host.signals).toEqual(["SIGTERM 101", "SIGTERM 102", "SIGTERM 103"]);
    exits(host, "t1", 0);
    exits(host, "t2", 0);
    expect(host.hearing.of("executorExited")).toEqual([]);
    exits(host, "t3", 0);
    expect(host.hearing.of("executorExited")).toEqual([{ slaveId, frameworkId, executorId: "pod" }]);
    const terminated = { state: "failed", reason: "EXECUTOR_TERMINATED" };
    expect(host.updates.slice(-3)).toMatchObject([terminated, terminated, terminated]);
  });
});

describe("a slave that comes back", () => {
  test("reports the tasks with their group", () => {
    const host = running(2);
    host.crashMaster();
    host.startMaster();
    host.advance(20_000);
    const [hello] = host.hearing.of("registerSlave").slice(-1);
    expect(hello?.tasks.map(({ task: { taskId, group } }) => [taskId, group])).toEqual([
      ["t1", { groupId: "g", executor }],
      ["t2", { groupId: "g", executor }],
    ]);
  });

  test("ends the whole group when one of its tasks was given up", () => {
    const host = running(2);
    host.welcome({ lost: [{ frameworkId, taskId: commandTask("t1").taskId }] });
    expect(host.signals).toEqual(["SIGTERM 101", "SIGTERM 102"]);
    for (const taskId of ["t1", "t2"]) exits(host, taskId, 0);
    expect(host.news.slice(2)).toEqual(["t2 killed"]);
    expect(host.updates.at(-1)?.message).toContain("its group ends, because task t1 was given up");
  });
});
