import { describe, expect, test } from "vitest";
import { commandTask, frameworkId, Host, slaveId } from "./kit.ts";

/** A task whose process runs as 101; what was reported so far is acknowledged. */
function running(more: Parameters<typeof commandTask>[1] = {}) {
  const host = Host.registered();
  host.run(commandTask("t1", more));
  const started = host.start(101);
  host.acknowledgeLast();
  return { host, ...started };
}

describe("a command", () => {
  test("runs in a sandbox of its own, and knows where it is and who it is", () => {
    const { host, command } = running({ command: { shell: true, value: "echo $X", environment: { X: "1" } } });
    expect(command.argv).toEqual(["/bin/sh", "-c", "echo $X"]);
    expect(command.directory).toMatch(
      new RegExp(`^/work/slaves/${slaveId}/frameworks/f1/executors/t1/runs/[a-z0-9]+$`),
    );
    expect(command).toMatchObject({ stdout: "stdout", stderr: "stderr" });
    expect(command.env).toEqual({
      PATH: "/bin",
      X: "1",
      MESOS_FRAMEWORK_ID: "f1",
      MESOS_EXECUTOR_ID: "t1",
      MESOS_TASK_ID: "t1",
      MESOS_SLAVE_ID: slaveId,
      MESOS_DIRECTORY: command.directory,
      MESOS_SANDBOX: command.directory,
    });
    expect(host.updates.at(-1)).toMatchObject({ state: "running", worker: "101", slaveId, source: "executor" });
  });

  test("without a shell is executed with its arguments as the whole argv", () => {
    const value = "/bin/prog";
    const { command } = running({ command: { shell: false, value, arguments: ["name", "-v", "a b"] } });
    expect(command.argv).toEqual([value, "-v", "a b"]);
    expect(running({ command: { shell: false, value } }).command.argv).toEqual([value]);
  });

  test("gets a new sandbox for every run of the same task id", () => {
    const { host, command, on } = running();
    on.exited({ kind: "exited", status: 0 });
    host.settle();
    host.acknowledgeLast();
    host.run(commandTask("t1"));
    expect(host.started.length).toBe(2);
    expect(host.started[1]?.command.directory).not.toBe(command.directory);
  });

  test.each([
    [
      { kind: "exited", status: 0 },
      { state: "finished", message: "Command exited with status 0", exit: { status: 0 } },
    ],
    [
      { kind: "exited", status: 3 },
      { state: "failed", message: "Command exited with status 3", exit: { status: 3 } },
    ],
    [
      { kind: "exited", status: 137 },
      { state: "failed", exit: { status: 137 } },
    ],
    [
      { kind: "signalled", signal: "SIGKILL" },
      { state: "failed", message: "Command terminated with signal SIGKILL", exit: { signal: "SIGKILL" } },
    ],
  ] as const)("that ends with %j", (exit, status) => {
    const { host, on } = running();
    on.exited(exit);
    host.settle();
    expect(host.updates.at(-1)).toMatchObject({ ...status, worker: "101" });
  });

  test("that cannot start has failed to launch", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    host.started[0]?.on.failed("spawn ENOENT");
    host.settle();
    expect(host.updates).toMatchObject([
      { state: "failed", reason: "CONTAINER_LAUNCH_FAILED", message: "spawn ENOENT" },
    ]);
  });
});

describe("killing a command", () => {
  test("asks first, and ends it when the grace period is over", () => {
    const { host, on } = running();
    host.kill("t1", 500);
    expect(host.signals).toEqual(["SIGTERM 101"]);
    host.advance(499);
    expect(host.signals.length).toBe(1);
    host.advance(1);
    expect(host.signals).toEqual(["SIGTERM 101", "SIGKILL 101"]);
    on.exited({ kind: "signalled", signal: "SIGKILL" });
    host.settle();
    expect(host.updates.at(-1)).toMatchObject({ state: "killed", exit: { signal: "SIGKILL" } });
  });

  test("does not end it twice: who obeys is left alone, and is killed however it exits", () => {
    const { host, on } = running();
    host.kill("t1");
    on.exited({ kind: "exited", status: 0 });
    host.advance(10_000);
    expect(host.signals).toEqual(["SIGTERM 101"]);
    expect(host.updates.at(-1)).toMatchObject({ state: "killed", exit: { status: 0 } });
  });

  test.each([
    ["the order's grace period", { killGraceMs: 7_000 }, 500, 500],
    ["the task's own", { killGraceMs: 7_000 }, undefined, 7_000],
    ["the default", {}, undefined, 3_000],
  ] as const)("takes %s", (_, more, ordered, graceMs) => {
    const { host } = running(more);
    host.kill("t1", ordered);
    host.kill("t1", ordered);
    host.advance(graceMs - 1);
    expect(host.signals.length).toBe(1);
    host.advance(1);
    expect(host.signals.length).toBe(2);
  });

  test("before it has started waits for it to start", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    host.kill("t1", 500);
    expect(host.signals).toEqual([]);
    host.advance(5_000);
    host.start(101);
    expect(host.signals).toEqual(["SIGTERM 101"]);
    host.advance(500);
    expect(host.signals).toEqual(["SIGTERM 101", "SIGKILL 101"]);
  });

  test("all of a framework's is what shutting it down means, and nobody else's", () => {
    const { host } = running();
    host.say("runTask", {
      lead: { epoch: 2, term: 2 },
      frameworkId: "f2" as never,
      framework: { name: "f2", user: "", roles: ["*"], failoverTimeoutMs: 0, checkpoint: false, capabilities: [] },
      task: commandTask("t1"),
      hello: host.party.registration.hello,
    });
    host.start(102);
    host.say("shutdownFramework", { lead: { epoch: 2, term: 2 }, frameworkId });
    expect(host.signals).toEqual(["SIGTERM 101"]);
  });

  test("of a task that is not there, or over, does nothing", () => {
    const { host, on } = running();
    host.kill("t9");
    on.exited({ kind: "exited", status: 0 });
    host.settle();
    host.kill("t1");
    host.advance(10_000);
    expect(host.signals).toEqual([]);
    expect(host.updates.at(-1)?.state).toBe("finished");
  });
});
