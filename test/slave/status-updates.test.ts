import { describe, expect, test } from "vitest";
import type { Context } from "../../src/actors/context.ts";
import { TaskId } from "../../src/protocol/ids.ts";
import type { TaskStatus } from "../../src/protocol/task.ts";
import type { Checkpoint } from "../../src/slave/checkpoint.ts";
import { StatusUpdates } from "../../src/slave/status-updates.ts";
import { commandTask, config, frameworkId, Host, simulatedTask } from "./kit.ts";

/** A task that has started and ended; only its first update has been sent. */
function twoUpdates(): Host {
  const host = Host.registered();
  host.run(simulatedTask("t1", 1_000));
  host.advance(1_000);
  return host;
}

describe("the updates of a task", () => {
  test("are sent one at a time: the next when the one before is acknowledged", () => {
    const host = twoUpdates();
    expect(host.news).toEqual(["t1 running"]);
    host.acknowledgeLast();
    expect(host.news).toEqual(["t1 running", "t1 finished"]);
    expect(new Set(host.updates.map(({ uuid }) => uuid)).size).toBe(2);
  });

  test("are sent again with growing pauses until they are acknowledged, the same each time", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 900_000));
    const at: number[] = [];
    const bornMs = host.stage.clock.now();
    host.hearing.react = ({ kind }) => {
      if (kind === "statusUpdate") at.push(host.stage.clock.now() - bornMs);
    };
    host.advance(200_000);
    expect(at).toEqual([10_000, 30_000, 70_000, 110_000, 150_000, 190_000]);
    expect(new Set(host.updates.map(({ uuid }) => uuid)).size).toBe(1);
    host.acknowledgeLast();
    host.advance(200_000);
    expect(at.length).toBe(6);
  });

  test("start with the shortest pause again after each acknowledgement", () => {
    const host = twoUpdates();
    host.advance(100_000);
    host.acknowledgeLast();
    const sent = host.updates.length;
    host.advance(config.updateRetryMinMs - 1);
    expect(host.updates.length).toBe(sent);
    host.advance(1);
    expect(host.updates.length).toBe(sent + 1);
  });

  test("are not moved on by an acknowledgement of something else, nor by the same one twice", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000));
    const [running] = host.updates;
    host.advance(1_000);
    if (running === undefined) throw new Error("nothing was sent");
    host.acknowledge({ ...running, uuid: "wrong" });
    host.acknowledge({ ...running, taskId: commandTask("t2").taskId });
    expect(host.news).toEqual(["t1 running"]);
    host.acknowledge(running);
    host.acknowledge(running);
    expect(host.news).toEqual(["t1 running", "t1 finished"]);
    expect(host.party.updates.pending).toBe(1);
  });

  test("of different tasks do not wait for each other", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000));
    host.run(simulatedTask("t2", 1_000));
    expect(host.news).toEqual(["t1 running", "t2 running"]);
  });

  test("are held while there is no master, and all sent at once when there is one", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000));
    host.run(simulatedTask("t2", 2_000));
    host.crashMaster();
    host.hearing.clear();
    host.startMaster();
    host.advance(config.registration.maxMs);
    expect(host.news).toEqual([]);
    host.welcome();
    expect(host.news).toEqual(["t1 running", "t2 running"]);
  });

  test("end with the acknowledgement of the last: the slave forgets the task", () => {
    const host = twoUpdates();
    host.acknowledgeLast();
    expect([...host.party.executors.all()].length).toBe(1);
    host.acknowledgeLast();
    expect([...host.party.executors.all()]).toEqual([]);
    expect(host.party.updates.pending).toBe(0);
    host.advance(1_000_000);
    expect(host.news).toEqual(["t1 running", "t1 finished"]);
  });
});

test("an update says, while it waits, that its task has ended since", () => {
  const host = twoUpdates();
  host.advance(config.updateRetryMinMs);
  host.acknowledgeLast();
  const told = host.hearing.of("statusUpdate").map(({ update }) => [update.status.state, update.over]);
  expect(told).toEqual([
    ["running", undefined],
    ["running", true],
    ["finished", undefined],
  ]);
});

describe("an update on its way to disk", () => {
  test.each([
    { dropped: false, sent: ["1"], timers: ["retry.f1/t1"] },
    { dropped: true, sent: [], timers: [] },
  ])("is sent when it is there, unless its task was given up meanwhile: $dropped", ({ dropped, sent, timers }) => {
    const written: (() => void)[] = [];
    const armed = new Set<string>();
    const heard: (string | undefined)[] = [];
    const ctx = { after: (key: string) => armed.add(key), cancel: (key: string) => armed.delete(key) };
    const checkpoint = { write: (_record: unknown, then: () => void) => written.push(then) };
    const updates = new StatusUpdates(
      ctx as unknown as Context<unknown>,
      config,
      checkpoint as unknown as Checkpoint,
      ({ status }) => heard.push(status.uuid),
    );
    const taskId = TaskId("t1");
    const status: TaskStatus = { taskId, state: "running", source: "executor", timestampMs: 0, uuid: "1" };
    updates.append({ frameworkId, status });
    if (dropped) updates.drop(frameworkId, taskId);
    for (const then of written) then();
    expect([heard, [...armed]]).toEqual([sent, timers]);
  });
});
