/** A framework of several roles is owed a share in each. */

import { describe, expect, test } from "vitest";
import type { FrameworkInfo } from "../../src/protocol/framework-info.ts";
import { Cluster, clientsOf } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

/** Two slaves of 4 cpus, and a framework of two roles that has been offered one for each. */
function scene() {
  const cluster = new Cluster();
  const slaves = ["s1", "s2"].map((name) => ScriptedSlave.registered(cluster, name));
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { roles: ["web", "db"] });
  return { cluster, slaves, scheduler };
}

/** The roles of the offers that it may still answer, in order. */
function outstanding({ state }: Cluster): readonly string[] {
  return [...state.offers.all()].map(({ role }) => role).sort();
}

function offerFor(scheduler: ScriptedScheduler, role: string) {
  const found = scheduler.offers.findLast((offer) => offer.role === role);
  if (found === undefined) throw new Error(`there is no offer for ${role}`);
  return found;
}

function update(scheduler: ScriptedScheduler, change: Partial<FrameworkInfo>, suppressedRoles: readonly string[] = []) {
  const info = { ...scheduler.info, ...change };
  return scheduler.party.ask("updateFramework", { frameworkId: scheduler.id, info, suppressedRoles });
}

/** Answers every outstanding offer, for no time. */
function declineAll(cluster: Cluster, scheduler: ScriptedScheduler): void {
  for (const { id } of cluster.state.offers.all()) scheduler.decline(0, [id]);
  cluster.advance(1_000);
}

describe("offers", () => {
  test("are made for each role, and say for which", () => {
    const { scheduler } = scene();
    expect(scheduler.offers.map(({ role }) => role).sort()).toEqual(["db", "web"]);
  });

  test("go to the role that has less, whatever the framework's other roles have", () => {
    const { cluster, scheduler } = scene();
    const { id, slaveId } = offerFor(scheduler, "web");
    scheduler.accept([id], [task("t1", slaveId, "cpus:4;mem:4096")]);
    for (let round = 0; round < 3; round++) {
      declineAll(cluster, scheduler);
      expect(outstanding(cluster)).toEqual(["db"]);
    }
  });

  test("for two roles are not one bundle", () => {
    const cluster = new Cluster();
    const slave = ScriptedSlave.registered(cluster, "s1");
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { roles: ["web", "db"] });
    scheduler.launch(task("t1", slave.id, "cpus:1;mem:64"), task("t2", slave.id, "cpus:3;mem:4032"));
    for (const [taskId, role] of [
      ["t1", "web"],
      ["t2", "db"],
    ] as const) {
      scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: [] });
      scheduler.party.tell("revive", { frameworkId: scheduler.id, roles: [role] });
      slave.report(scheduler.id, taskId, "finished");
    }
    expect(outstanding(cluster)).toEqual(["db", "web"]);
    const ids = [...cluster.state.offers.all()].map(({ id }) => id);
    scheduler.accept(ids, [task("t3", slave.id, "cpus:1")]);
    expect(scheduler.updates.at(-1)).toMatchObject({
      taskId: "t3",
      state: "dropped",
      reason: "INVALID_OFFERS",
      message: "the offers are for different roles",
    });
    expect(slave.tasks.map(({ taskId }) => String(taskId))).toEqual(["t1", "t2"]);
  });

  test("for a role run tasks of that role and of no other", () => {
    const { slaves, scheduler } = scene();
    const { id, slaveId } = offerFor(scheduler, "web");
    scheduler.accept(
      [id],
      [
        task("t1", slaveId, "cpus:1", { role: "db" }),
        task("t2", slaveId, "cpus:1", { role: "web" }),
        task("t3", slaveId, "cpus:1"),
      ],
    );
    expect(scheduler.updates).toMatchObject([
      {
        taskId: "t1",
        state: "error",
        reason: "TASK_INVALID",
        message: "the task's resources are allocated to role db, the offer's to web",
      },
    ]);
    const ran = slaves.flatMap(({ tasks }) => tasks.map(({ taskId, role }) => `${taskId} ${role}`));
    expect(ran).toEqual(["t2 web", "t3 web"]);
  });
});

describe("suppress and revive", () => {
  test("are for the roles they name", () => {
    const { cluster, scheduler } = scene();
    scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: ["web"] });
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual(["db", "db"]);
    scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: ["db"] });
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual([]);
    scheduler.party.tell("revive", { frameworkId: scheduler.id, roles: ["web"] });
    expect(outstanding(cluster)).toEqual(["web", "web"]);
  });

  test("are for all roles when they name none", () => {
    const { cluster, scheduler } = scene();
    scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: [] });
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual([]);
    scheduler.party.tell("revive", { frameworkId: scheduler.id, roles: [] });
    expect(outstanding(cluster)).toEqual(["db", "web"]);
  });

  test("are void when one of the roles is not the framework's", () => {
    const { cluster, scheduler } = scene();
    const frameworkId = scheduler.id;
    scheduler.party.tell("suppress", { frameworkId, roles: ["web", "other"] });
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual(["db", "web"]);
    scheduler.party.tell("suppress", { frameworkId, roles: [] });
    declineAll(cluster, scheduler);
    scheduler.party.tell("revive", { frameworkId, roles: ["other", "web"] });
    expect(outstanding(cluster)).toEqual([]);
  });

  test("of a subscription hold from its first offer on", () => {
    const cluster = new Cluster();
    for (const name of ["s1", "s2"]) ScriptedSlave.registered(cluster, name);
    const scheduler = new ScriptedScheduler(cluster, "f1", { roles: ["web", "db"] });
    const { party, info } = scheduler;
    party.tell("subscribe", { self: party.address, info, suppressedRoles: ["web"] });
    expect(scheduler.offers.map(({ role }) => role)).toEqual(["db", "db"]);
  });

  test("are remembered for an allocator that is new", () => {
    const { cluster, scheduler } = scene();
    scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: ["web"] });
    cluster.stopAllocator();
    cluster.startAllocator();
    cluster.advance(1_000);
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual(["db", "db"]);
  });
});

describe("an update of a framework", () => {
  test("takes back the offers for a role that it drops, and no others", () => {
    const { cluster, scheduler } = scene();
    const [web, db] = [offerFor(scheduler, "web"), offerFor(scheduler, "db")];
    expect(update(scheduler, { roles: ["db"] })).toEqual({ done: true });
    expect(scheduler.hearing.of("offersRescinded")).toEqual([{ offerIds: [web.id], reason: "roleDropped" }]);
    expect([...cluster.state.offers.all()].some(({ id }) => id === db.id)).toBe(true);
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual(["db", "db"]);
  });

  test("brings offers for a role that it adds", () => {
    const { cluster, scheduler } = scene();
    expect(update(scheduler, { roles: ["web", "db", "batch"] })).toEqual({ done: true });
    ScriptedSlave.registered(cluster, "s3");
    expect(outstanding(cluster)).toEqual(["batch", "db", "web"]);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([]);
  });

  test("leaves the framework's filters as they are, for a role that it adds too", () => {
    const { cluster, slaves, scheduler } = scene();
    const frameworkId = scheduler.id;
    const [first, second] = slaves.map(({ id }) => id);
    if (first === undefined || second === undefined) throw new Error("two slaves are needed");
    scheduler.party.tell("setFilters", { frameworkId, filters: { slaves: [first] } });
    update(scheduler, { roles: ["batch"] });
    declineAll(cluster, scheduler);
    expect([...cluster.state.offers.all()].map(({ slaveId }) => slaveId)).toEqual([first]);
    const info = { ...scheduler.info, roles: ["batch", "web"] };
    const filters = { slaves: [second] };
    scheduler.party.ask("updateFramework", { frameworkId, info, suppressedRoles: ["batch"], filters });
    declineAll(cluster, scheduler);
    expect([...cluster.state.offers.all()].map(({ slaveId, role }) => [slaveId, role])).toEqual([[second, "web"]]);
  });

  test("says anew which roles want no offers", () => {
    const { cluster, scheduler } = scene();
    update(scheduler, { roles: ["web", "db", "batch"] }, ["web", "batch"]);
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual(["db", "db"]);
    update(scheduler, { roles: ["web", "db", "batch"] }, ["db", "batch"]);
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual(["web", "web"]);
  });

  test("that brings back a role it had dropped begins with that role from the start", () => {
    const { cluster, scheduler } = scene();
    update(scheduler, {}, ["web"]);
    update(scheduler, { roles: ["db"] });
    update(scheduler, {}, ["web"]);
    declineAll(cluster, scheduler);
    expect(outstanding(cluster)).toEqual(["db", "db"]);
    expect(clientsOf(cluster).length).toBe(2);
  });

  test("changes what is told of it", () => {
    const { cluster, scheduler } = scene();
    const change = { name: "new", labels: [{ key: "team", value: "a" }], failoverTimeoutMs: 5 };
    expect(update(scheduler, change)).toEqual({ done: true });
    expect(cluster.state.frameworks.row(scheduler.id).info).toMatchObject({ ...change, id: scheduler.id });
  });

  test.each<[string, Partial<FrameworkInfo>, readonly string[], string]>([
    ["its user", { user: "other" }, [], "the user of a framework cannot be changed"],
    ["its checkpoint", { checkpoint: false }, [], "the checkpoint of a framework cannot be changed"],
    ["its principal", { principal: "other" }, [], "the principal of a framework cannot be changed"],
    ["a role that cannot be", { roles: ["-a"] }, [], 'role "-a" contains a name that begins with -'],
    ["a stranger's silence", {}, ["other"], `suppressed role "other" is none of the framework's roles`],
  ])("with %s is refused, and changes nothing", (_, change, suppressed, reason) => {
    const { cluster, scheduler } = scene();
    const before = cluster.state.frameworks.row(scheduler.id);
    expect(update(scheduler, { name: "new", ...change }, suppressed)).toEqual({ done: false, reason });
    expect(cluster.state.frameworks.row(scheduler.id)).toEqual(before);
    expect(outstanding(cluster)).toEqual(["db", "web"]);
  });

  test("that nobody knows is refused", () => {
    const { scheduler } = scene();
    const stranger = { frameworkId: "never" as typeof scheduler.id, info: scheduler.info, suppressedRoles: [] };
    const answer = scheduler.party.ask("updateFramework", stranger);
    expect(answer).toEqual({ done: false, reason: "no framework never is registered" });
  });
});

describe("tasks count against the role they were launched in", () => {
  /** A task on 1 cpu for `web` and one on 3 for `db`, on one slave each. */
  function busy() {
    const { cluster, slaves, scheduler } = scene();
    for (const [role, resources] of [
      ["web", "cpus:1;mem:64"],
      ["db", "cpus:3;mem:64"],
    ] as const) {
      const { id, slaveId } = offerFor(scheduler, role);
      scheduler.accept([id], [task(role, slaveId, resources)]);
      slaves.find((slave) => slave.id === slaveId)?.report(scheduler.id, role, "running");
    }
    return { cluster, slaves, scheduler };
  }

  /** What the allocator holds to be whose, over all slaves, without what is offered. */
  function held({ cluster, scheduler }: ReturnType<typeof busy>): readonly (number | undefined)[] {
    scheduler.party.tell("suppress", { frameworkId: scheduler.id, roles: [] });
    declineAll(cluster, scheduler);
    const { book } = cluster;
    const rows = Array.from({ length: book?.slaves.height ?? 0 }, (_, row) => [...(book?.held(row) ?? [])]).flat();
    return ["web", "db"].map((role) => {
      const own = rows.find(({ client }) => client.frameworkId === scheduler.id && client.role === role);
      return Number(own?.resources["cpus"] ?? 0);
    });
  }

  test("when the allocator is new", () => {
    const story = busy();
    story.cluster.stopAllocator();
    story.cluster.startAllocator();
    story.cluster.advance(1_000);
    expect(held(story)).toEqual([1_000, 3_000]);
  });

  test("when the master is new, and learns of them from their slaves", () => {
    const story = busy();
    const { cluster, slaves, scheduler } = story;
    const known = slaves.map((slave) => slave.tasks.map((each) => slave.known(scheduler.id, scheduler.info, each)));
    cluster.bootMaster();
    slaves.forEach((slave, index) => {
      slave.party.connect();
      slave.helloAgain(known[index]);
    });
    expect(cluster.state.frameworks.row(scheduler.id)).toMatchObject({ info: { roles: ["web", "db"] } });
    scheduler.party.connect();
    scheduler.subscribe(scheduler.id);
    expect(held(story)).toEqual([1_000, 3_000]);
  });

  test("when the framework has dropped the role since, until they end", () => {
    const story = busy();
    const { slaves, scheduler } = story;
    update(scheduler, { roles: ["db"] });
    expect(held(story)).toEqual([1_000, 3_000]);
    const home = slaves.find(({ tasks }) => tasks.some(({ role }) => role === "web"));
    home?.report(scheduler.id, "web", "finished");
    expect(held(story)).toEqual([0, 3_000]);
  });
});
