import { describe, expect, test } from "vitest";
import { commandTask, config, framework, frameworkId, Host, lead, simulatedTask, slaveId } from "./kit.ts";

describe("registration", () => {
  test("introduces the slave, without an id and without tasks", () => {
    const host = new Host();
    host.startMaster();
    host.advance(config.registration.maxMs);
    expect(host.hearing.of("registerSlave")[0]).toEqual({ self: host.address, info: host.info, tasks: [], hello: 1 });
  });

  test("is tried until there is a master, and repeated until it answers", () => {
    const host = new Host();
    host.advance(60_000);
    host.startMaster();
    host.advance(config.registration.maxMs + 5_000);
    expect(host.hearing.of("registerSlave").length).toBeGreaterThan(4);
    host.welcome();
    host.hearing.clear();
    host.advance(100_000);
    expect(host.hearing.kinds).toEqual([]);
  });

  test("voids launches that were ordered before the hello that did not mention them", () => {
    const host = Host.registered();
    const before = host.party.registration.hello;
    host.crashMaster();
    host.startMaster();
    host.advance(config.registration.maxMs);
    host.welcome();
    expect(host.party.registration.hello).toBeGreaterThan(before);
    host.run(commandTask("late"), lead, before);
    expect(host.started).toEqual([]);
    host.run(commandTask("now"));
    expect(host.started.length).toBe(1);
  });

  test("after a lost master says who it is and everything it has", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 500_000));
    host.run(simulatedTask("t2", 1_000));
    for (const update of host.updates) host.acknowledge(update);
    host.advance(1_000);
    host.crashMaster();
    host.hearing.clear();
    host.startMaster();
    host.advance(config.registration.maxMs);
    const [again] = host.hearing.of("registerSlave");
    expect(again?.slaveId).toBe(slaveId);
    expect(again?.tasks).toMatchObject([
      { frameworkId, framework, task: { taskId: "t1" }, status: { state: "running" }, over: false },
      { task: { taskId: "t2" }, status: { state: "finished" }, over: true },
    ]);
  });

  test("tells what the framework is to hear next, not what it cannot know yet", () => {
    const host = Host.registered();
    host.run(simulatedTask("t1", 1_000));
    host.advance(1_000);
    host.crashMaster();
    host.startMaster();
    host.advance(config.registration.maxMs);
    expect(host.hearing.of("registerSlave").at(-1)?.tasks).toMatchObject([
      { status: { state: "running" }, over: true },
    ]);
  });

  test("is begun again when the master is silent for as long as it takes to give a slave up", () => {
    const host = Host.registered();
    host.welcome({ missesMs: 4_000 });
    host.advance(3_000);
    host.say("ping", { lead });
    expect(host.hearing.of("pong")).toEqual([{ slaveId }]);
    host.advance(3_999);
    expect(host.hearing.of("registerSlave")).toEqual([]);
    host.advance(1);
    expect(host.hearing.of("registerSlave").length).toBe(1);
  });

  test("that is refused ends the slave", () => {
    const host = new Host();
    host.startMaster();
    host.advance(config.registration.maxMs);
    host.say("slaveRefused", { lead, reason: "its mem is not a quantity" });
    expect(host.system.find("slave")).toBeUndefined();
  });
});

describe("an order of an older leadership", () => {
  test.each([
    ["an earlier term", { epoch: 2, term: 1 }],
    ["an earlier epoch", { epoch: 1, term: 9 }],
  ])("of %s has no effect, whatever it says", (_, old) => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    host.start(101);
    host.hearing.clear();
    host.run(commandTask("t2"), old);
    host.say("killOnSlave", { lead: old, frameworkId, taskId: commandTask("t1").taskId });
    host.say("shutdownFramework", { lead: old, frameworkId });
    host.say("slaveRegistered", { lead: old, slaveId: "other" as never, missesMs: 1, lost: [] });
    host.say("slaveRefused", { lead: old, reason: "go away" });
    host.say("ping", { lead: old });
    host.advance(5_000);
    expect(host.started.length).toBe(1);
    expect(host.signals).toEqual([]);
    expect(host.hearing.kinds).toEqual([]);
    expect(host.party.registration.slaveId).toBe(slaveId);
  });

  test("of the same or a later one is carried out, and the later one counts from then on", () => {
    const host = Host.registered();
    host.run(commandTask("t1"));
    host.run(commandTask("t2"), { epoch: 3, term: 1 });
    host.run(commandTask("t3"), lead);
    expect(host.started.length).toBe(2);
  });
});
