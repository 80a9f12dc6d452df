import { describe, expect, test } from "vitest";
import type { SchedulerDriver } from "../../src/frameworks/scheduler.ts";
import { OfferId, TaskId } from "../../src/protocol/ids.ts";
import type { OfferFilters } from "../../src/protocol/offer-filters.ts";
import { frameworkId, Kit, offer, quantities, scheduler, status, subscribedBody, task, withDriver } from "./kit.ts";

describe("subscription", () => {
  test("a scheduler introduces itself with Mesos's defaults", () => {
    const kit = new Kit();
    kit.startMaster();
    kit.run(scheduler());
    expect(kit.calls("subscribe").map(({ info }) => info)).toEqual([
      {
        name: "probe",
        roles: ["*"],
        capabilities: ["PARTITION_AWARE", "MULTI_ROLE", "RESERVATION_REFINEMENT"],
        user: "",
        failoverTimeoutMs: 604_800_000,
        checkpoint: true,
      },
    ]);
  });

  test("or with the roles that it names", () => {
    const kit = new Kit();
    kit.startMaster();
    kit.run(scheduler({ roles: ["web", "db"] }));
    expect(kit.calls("subscribe").map(({ info: { roles } }) => roles)).toEqual([["web", "db"]]);
  });

  test("it says hello again until the master has answered, and then no more", () => {
    const kit = new Kit();
    kit.startMaster();
    kit.run(scheduler());
    kit.advance(10_000);
    expect(kit.calls("subscribe").length).toBeGreaterThan(2);
    kit.say("subscribed", subscribedBody);
    kit.heard.length = 0;
    kit.advance(300_000);
    expect(kit.calls("subscribe")).toEqual([]);
  });

  test("it keeps trying while there is no master, and tells its follower", () => {
    const kit = new Kit();
    kit.run(scheduler());
    kit.advance(2_000);
    kit.startMaster();
    kit.advance(10_000);
    expect(kit.calls("subscribe").length).toBeGreaterThan(0);
  });

  test("after a lost master it returns under its framework id", () => {
    const kit = Kit.subscribed(scheduler());
    kit.stopMaster();
    kit.startMaster();
    kit.advance(1_000);
    expect(kit.calls("subscribe")[0]?.info.id).toBe(frameworkId);
    expect(kit.reported.map(({ body }) => "state" in body && body.state)).toEqual(["subscribed", "lost"]);
  });

  test("with a framework id it takes over and asks for every task", () => {
    const kit = new Kit();
    kit.startMaster();
    kit.run(scheduler(), frameworkId);
    kit.say("subscribed", subscribedBody);
    expect(kit.calls("subscribe")[0]?.info.id).toBe(frameworkId);
    expect(kit.calls("reconcile")).toEqual([{ frameworkId, tasks: [] }]);
  });

  test("after a return the master learns again what was asked for: suppression, filters, kills", () => {
    const probe = withDriver();
    const kit = Kit.subscribed(probe.definition);
    probe.driver.setNeedsOffers(false);
    probe.driver.setFilters({ minFree: { cpus: 1_000 } });
    probe.driver.killTask(TaskId("t1"));
    return kit.settle().then(() => {
      kit.stopMaster();
      kit.startMaster();
      kit.heard.length = 0;
      kit.advance(1_000);
      kit.say("subscribed", subscribedBody);
      expect(kit.calls("suppress").length).toBe(1);
      expect(kit.calls("setFilters")).toEqual([{ frameworkId, filters: { minFree: { cpus: 1_000 } } }]);
      expect(kit.calls("killTask")).toEqual([{ frameworkId, taskId: "t1" }]);
    });
  });

  test("an error from the master ends the scheduler with a failure", () => {
    const kit = Kit.subscribed(scheduler());
    kit.say("frameworkError", { message: "another scheduler took over" });
    expect(kit.down).toEqual({ failed: "another scheduler took over" });
    expect(kit.ending).toEqual({ kind: "failed", message: "another scheduler took over" });
  });
});

describe("filters", () => {
  test("that make no sense leave those before, and those are what a master learns again", async () => {
    const probe = withDriver();
    const kit = Kit.subscribed(probe.definition);
    probe.driver.setFilters(matchingRack("r[0-9]"));
    probe.driver.setFilters(matchingRack("["));
    await kit.settle();
    kit.stopMaster();
    kit.startMaster();
    kit.advance(1_000);
    kit.say("subscribed", subscribedBody);
    const told = { frameworkId, filters: matchingRack("r[0-9]") };
    expect(kit.calls("setFilters")).toEqual([told, told]);
  });
});

describe("reconciliation", () => {
  test("after a return the driver asks for every task it believes alive", () => {
    const kit = Kit.subscribed(
      scheduler({
        resourceOffers: (_, driver) => driver.replyToOffer([OfferId("o1")], [task("t1", "s1"), task("t2", "s1")]),
      }),
    );
    kit.offers(offer("o1", "s1", "cpus:2"));
    kit.update(status("t2", "finished"));
    kit.stopMaster();
    kit.startMaster();
    kit.advance(1_000);
    kit.say("subscribed", subscribedBody);
    expect(kit.calls("reconcile")).toEqual([{ frameworkId, tasks: [{ taskId: "t1", slaveId: "s1" }] }]);
  });

  test("every fifteen minutes it asks for all tasks, known or not", () => {
    const kit = Kit.subscribed(scheduler());
    kit.advance(899_999);
    expect(kit.heard).toEqual([]);
    kit.advance(1);
    expect(kit.calls("reconcile")).toEqual([{ frameworkId, tasks: [] }]);
  });
});

describe("the driver's actions", () => {
  test("questions are answered as callbacks, and without a master with nothing", async () => {
    const answers: unknown[] = [];
    const probe = withDriver();
    const kit = Kit.subscribed(probe.definition);
    probe.driver.getGuaranteedShare((share) => void answers.push(share));
    probe.driver.placeable(quantities("cpus:1"), (answer) => void answers.push(answer));
    await kit.settle();
    kit.stopMaster();
    probe.driver.getGuaranteedShare((share) => void answers.push(share));
    await kit.settle();
    expect(answers).toEqual([{ cpus: 2_000 }, { slaves: 1, fitting: 1 }, undefined]);
  });

  test("a timer that is cancelled or armed again never runs, even when it already waits for its turn", async () => {
    const ran: string[] = [];
    const gates: (() => void)[] = [];
    const probe = withDriver({
      slaveLost: () => new Promise((resolve) => gates.push(resolve)),
    });
    const kit = Kit.subscribed(probe.definition);
    for (const key of ["a", "b", "c"]) probe.driver.after(key, 10, () => void ran.push(key));
    await kit.settle();
    kit.say("slaveLost", { slaveId: offer("o", "s1", "cpus:1").slaveId, hostname: "h" });
    kit.advance(20);
    probe.driver.cancel("a");
    probe.driver.after("b", 10, () => void ran.push("b again"));
    gates[0]?.();
    await kit.settle();
    expect(ran).toEqual(["c"]);
    kit.advance(10);
    expect(ran).toEqual(["c", "b again"]);
  });

  test("progress is told every tenth of a second at most, the latest counts; records are all told", async () => {
    const probe = withDriver();
    const kit = Kit.subscribed(probe.definition);
    kit.reported.length = 0;
    for (let step = 0; step < 5; step++) {
      probe.driver.progress(() => step);
      probe.driver.record(step);
    }
    await kit.settle();
    kit.advance(100);
    expect(kit.reported.filter(({ kind }) => kind === "record").length).toBe(5);
    expect(
      kit.reported.filter(({ kind }) => kind === "progress").map(({ body }) => "details" in body && body.details),
    ).toEqual([4]);
  });
});

describe("the end", () => {
  test("stop acknowledges, tears the framework down, reports, and ends normally", () => {
    const kit = Kit.subscribed(
      scheduler({ statusUpdate: (_, driver) => driver.stop({ kind: "done", result: { answer: 42 } }) }),
    );
    kit.update(status("t1", "finished"));
    expect(kit.heard.map(({ kind }) => kind)).toEqual(["acknowledge", "teardown"]);
    expect(kit.ending).toEqual({ kind: "done", result: { answer: 42 } });
    expect(kit.down).toBe("normal");
  });

  test("stop without a master waits for one to tear down, ten seconds at most", async () => {
    const probe = withDriver();
    const kit = Kit.subscribed(probe.definition);
    kit.stopMaster();
    probe.driver.stop({ kind: "done", result: null });
    await kit.settle();
    expect(kit.down).toBeUndefined();
    kit.startMaster();
    kit.advance(1_000);
    kit.say("subscribed", subscribedBody);
    expect(kit.calls("teardown").length).toBe(1);
    expect(kit.down).toBe("normal");

    const lonely = withDriver();
    const other = Kit.subscribed(lonely.definition);
    other.stopMaster();
    lonely.driver.stop({ kind: "done", result: null });
    await other.settle();
    other.advance(10_000);
    expect(other.down).toBe("normal");
    expect(other.ending).toEqual({ kind: "done", result: null });
  });

  test("a scheduler that cannot start ends with a failure and is never announced", () => {
    const kit = new Kit();
    kit.startMaster();
    kit.run(
      scheduler({
        start() {
          throw new Error("no configuration");
        },
      }),
    );
    expect(kit.down).toMatchObject({ failed: expect.stringContaining("could not start") });
    expect(kit.reported.filter(({ kind }) => kind === "finished").length).toBe(1);
    expect(kit.heard).toEqual([]);
  });
});

describe("a group", () => {
  const executor = { executorId: "pod", resources: quantities("cpus:0.1;mem:32;disk:1") };

  test("is launched by one operation on its offers", async () => {
    const probe = withDriver({
      resourceOffers: ([first], driver) => {
        const tasks = [task("t1", "s1"), task("t2", "s1")];
        if (first !== undefined) driver.launchGroup([first.id], { executor, tasks }, { refuseMs: 7 });
      },
    });
    const kit = Kit.subscribed(probe.definition);
    kit.offers(offer("o1", "s1", "cpus:4;mem:128;disk:1"));
    await kit.settle();
    const operations = [{ type: "launchGroup", executor, tasks: [task("t1", "s1"), task("t2", "s1")] }];
    expect(kit.calls("accept")).toEqual([{ frameworkId, offerIds: ["o1"], operations, filter: { refuseMs: 7 } }]);
    expect(kit.calls("decline")).toEqual([]);
    expect([...(kit.inspect()?.tasks.keys() ?? [])]).toEqual(["t1", "t2"]);
  });

  test.each<[string, object, string]>([
    ["a task", { executor, tasks: [task("t1", "s1"), task("a/b", "s1")] }, 'group.tasks.1.taskId: contains "/"'],
    [
      "an executor",
      { executor: { executorId: "pod" }, tasks: [task("t1", "s1"), task("t2", "s1")] },
      "group.executor.resources: ",
    ],
  ])("of which %s has a wrong shape ends as a whole, and its offer goes back", async (_, group, what) => {
    const told: string[] = [];
    const probe = withDriver({
      resourceOffers: ([first], driver) => {
        if (first !== undefined) driver.launchGroup([first.id], group as never);
      },
      statusUpdate: ({ state, reason, message }) => void told.push(`${state} ${reason} ${message}`),
    });
    const kit = Kit.subscribed(probe.definition);
    kit.offers(offer("o1", "s1", "cpus:4;mem:128;disk:1"));
    await kit.settle();
    expect(kit.calls("accept")).toMatchObject([{ offerIds: ["o1"], operations: [] }]);
    expect(told.length).toBe(2);
    for (const line of told) expect(line).toContain(`error TASK_GROUP_INVALID ${what}`);
  });

  test("without tasks declines, and without a master is dropped", async () => {
    const told: string[] = [];
    const probe = withDriver({
      resourceOffers: ([first], driver) => first && driver.launchGroup([first.id], { executor, tasks: [] }),
      statusUpdate: ({ taskId, state }) => void told.push(`${taskId} ${state}`),
    });
    const kit = Kit.subscribed(probe.definition);
    kit.offers(offer("o1", "s1", "cpus:4;mem:128;disk:1"));
    await kit.settle();
    expect(kit.calls("decline").map(({ offerIds }) => offerIds)).toEqual([["o1"]]);
    kit.stopMaster();
    probe.driver.launchGroup([OfferId("o2")], { executor, tasks: [task("t1", "s1"), task("t2", "s1")] });
    await kit.settle();
    expect(told).toEqual(["t1 dropped", "t2 dropped"]);
  });
});

describe("what an author gives in a wrong shape", () => {
  test("is an error for a task, and its siblings are launched", async () => {
    const told: string[] = [];
    const probe = withDriver({
      resourceOffers: ([first], driver) => {
        if (first === undefined) return;
        const half = { ...task("half", "s1"), resources: { cpus: 0.5 } };
        driver.replyToOffer([first.id], [half, task("a/b", "s1"), task("fine", "s1")]);
      },
      statusUpdate: ({ taskId, state, reason, message }) => {
        told.push(`${taskId} ${state} ${reason} ${message}`);
      },
    });
    const kit = Kit.subscribed(probe.definition);
    kit.offers(offer("o1", "s1", "cpus:4;mem:128"));
    await kit.settle();
    expect(kit.takeTasks().map(({ taskId }) => String(taskId))).toEqual(["fine"]);
    expect(told).toEqual([
      "half error TASK_INVALID resources.cpus: is not a quantity",
      'a/b error TASK_INVALID taskId: contains "/"',
    ]);
  });

  test.each<[string, string, (driver: SchedulerDriver) => void]>([
    ["a kill", "killTask is malformed and is not sent: graceMs: ", (driver) => driver.killTask(TaskId("t"), -1)],
    ["filters", "setFilters is malformed and is not sent: filters.slaves: ", (driver) => driver.setFilters(bad)],
    [
      "filters for another role",
      'setFilters is malformed and is not sent: filters name the role "web", which is not its own',
      (driver) => driver.setFilters({ roles: { web: {} } }),
    ],
    [
      "a regular expression that is none",
      "setFilters is malformed and is not sent: filters.roles.*.constraints.0.0.predicate.regex: is no regular ",
      (driver) => driver.setFilters(matchingRack("(")),
    ],
    [
      "a question",
      "placeable is malformed and is not asked: resources.slaves: ",
      (driver) => driver.placeable(bad, () => {}),
    ],
    ["a list", "reconcile is malformed and is not sent: tasks.0.taskId: ", (driver) => driver.reconcile([TaskId("")])],
  ])("is an error in the log for %s, and is not sent", async (_, says, act) => {
    const probe = withDriver();
    const kit = Kit.subscribed(probe.definition);
    act(probe.driver);
    await kit.settle();
    expect(kit.heard).toEqual([]);
    expect(kit.logged).toContainEqual(expect.stringContaining(says));
  });

  test("ends the framework when it is what it says of itself", () => {
    const kit = new Kit();
    kit.startMaster();
    kit.run(scheduler({ failoverTimeoutMs: -1 }));
    expect(kit.ending).toMatchObject({ kind: "failed", message: expect.stringContaining("info.failoverTimeoutMs: ") });
    expect(kit.heard).toEqual([]);
  });
});

function matchingRack(regex: string): OfferFilters {
  const constraint = { selector: { attribute: "rack" }, predicate: { type: "matches", regex } } as const;
  return { roles: { "*": { constraints: [[constraint]] } } };
}

/** What only a program without types can give. */
const bad = { slaves: -7 } as never;
