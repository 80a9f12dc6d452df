import { describe, expect, test } from "vitest";
import { TaskId } from "../../src/protocol/ids.ts";
import { commandTask, config, framework, frameworkId, functionTask, Host, simulatedTask, slaveId } from "./kit.ts";

/** The actor that runs a task fails. */
function crashExecutor(host: Host, taskId: string): void {
  const entry = host.party.executors.get(frameworkId, TaskId(taskId));
  if (entry?.executor === undefined) throw new Error(`nothing runs ${taskId}`);
  host.system.refs.cellOf(entry.executor)?.terminate({ failed: "out of luck" });
  host.settle();
}

describe("a slave", () => {
  test("runs a task once, however often it is told to", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    host.run(commandTask("t1"));
    expect(host.started.length).toBe(1);
  });

  test("runs nothing before it has an id", () => {
    const host = new Host();
    host.startMaster();
    host.advance(config.registration.maxMs);
    host.run(commandTask("t1"));
    expect(host.started).toEqual([]);
  });

  test("reports a task whose executor failed, and the process goes with it", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    host.start(101);
    host.acknowledgeLast();
    crashExecutor(host, "t1");
    expect(host.updates.at(-1)).toMatchObject({
      state: "failed",
      reason: "EXECUTOR_TERMINATED",
      message: "the executor ended: out of luck",
    });
    expect(host.signals).toEqual(["SIGKILL 101"]);
  });

  test("ends the function of an executor that failed", () => {
    const host = Host.registered();
    host.run(functionTask("t1"));
    crashExecutor(host, "t1");
    expect(host.called[0]?.aborted).toBe(true);
  });

  test("takes a task's first end for its end: what comes after is not news", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000, "failed"));
    host.acknowledgeLast();
    host.advance(1_000);
    host.acknowledgeLast();
    host.advance(1_000_000);
    expect(host.news).toEqual(["t1 running", "t1 failed"]);
  });

  test("kills a simulated task like any other", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000_000));
    host.acknowledgeLast();
    host.kill("t1");
    expect(host.updates.at(-1)?.state).toBe("killed");
  });
});

describe("a task that the master has given up", () => {
  const lost = [{ frameworkId, taskId: TaskId("t1") }];

  test("is ended without a word to anybody, and forgotten", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    const { on } = host.start(101);
    host.hearing.clear();
    host.welcome({ lost });
    expect(host.signals).toEqual(["SIGTERM 101"]);
    host.advance(1_000_000);
    expect(host.hearing.of("statusUpdate")).toEqual([]);
    on.exited({ kind: "signalled", signal: "SIGKILL" });
    host.settle();
    expect(host.hearing.of("statusUpdate")).toEqual([]);
    expect([...host.party.executors.all()]).toEqual([]);
  });

  test("and had ended already is forgotten with its news", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000));
    host.advance(1_000);
    host.welcome({ lost });
    expect([...host.party.executors.all()]).toEqual([]);
    expect(host.party.updates.pending).toBe(0);
  });

  test("is still told of on registering until it has ended", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    host.start(101);
    host.welcome({ lost });
    host.crashMaster();
    host.hearing.clear();
    host.startMaster();
    host.advance(config.registration.maxMs);
    expect(host.hearing.of("registerSlave")[0]?.tasks).toMatchObject([
      { task: { taskId: "t1" }, framework, over: false },
    ]);
  });
});

describe("draining", () => {
  test("of an idle slave is done at once: it leaves the cluster", () => {
    const host = Host.registered();
    expect(host.drain(0)).toEqual([{ killed: 0 }]);
    host.settle();
    expect(host.hearing.of("unregisterSlave")).toEqual([{ slaveId }]);
  });

  test("kills every task, tells of each end, then leaves and answers, acknowledged or not", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    const { on } = host.start(101);
    host.acknowledgeLast();
    host.run(simulatedTask("t2", 1_000_000));
    host.acknowledgeLast();
    const answers = host.drain(700);
    expect(host.signals).toEqual(["SIGTERM 101"]);
    expect([answers, host.hearing.of("unregisterSlave")]).toEqual([[], []]);
    host.advance(700);
    expect(host.signals).toEqual(["SIGTERM 101", "SIGKILL 101"]);
    on.exited({ kind: "signalled", signal: "SIGKILL" });
    host.settle();
    expect(answers).toEqual([{ killed: 2 }]);
    expect(host.news).toEqual(["t1 running", "t2 running", "t2 killed", "t1 killed"]);
    expect(host.hearing.kinds.at(-1)).toBe("unregisterSlave");
  });

  test("waits for tasks that the master has given up, too", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    const { on } = host.start(101);
    host.welcome({ lost: [{ frameworkId, taskId: TaskId("t1") }] });
    const answers = host.drain(0);
    expect(answers).toEqual([]);
    on.exited({ kind: "signalled", signal: "SIGKILL" });
    host.settle();
    expect(answers).toEqual([{ killed: 1 }]);
  });

  test("goes on while there is no master, and answers all the same", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000_000));
    host.crashMaster();
    const answers = host.drain(0);
    host.settle();
    expect(answers).toEqual([{ killed: 1 }]);
  });
});
