/** Who is refused, and what of a framework stays as it was. */

import { describe, expect, test } from "vitest";
import type { FrameworkInfo } from "../../src/protocol/framework-info.ts";
import { Cluster, clientsOf } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave } from "./scripted-slave.ts";

function subscribing(
  info: Partial<FrameworkInfo>,
  suppressedRoles: readonly string[] = [],
  config: ConstructorParameters<typeof Cluster>[0] = {},
) {
  const cluster = new Cluster(config);
  const scheduler = new ScriptedScheduler(cluster, "f1", info);
  scheduler.party.tell("subscribe", { self: scheduler.party.address, info: scheduler.info, suppressedRoles });
  return { cluster, scheduler };
}

describe("a subscription is refused, and makes no framework,", () => {
  test.each<[string, Partial<FrameworkInfo>, readonly string[], string]>([
    [
      "with a role that cannot be",
      { roles: ["a", "a//b"] },
      [],
      'role "a//b" begins or ends with /, or has two in a row',
    ],
    ["with a role twice", { roles: ["a", "a"] }, [], 'role "a" is named twice'],
    [
      "that suppresses a stranger's role",
      { roles: ["a"] },
      ["b"],
      `suppressed role "b" is none of the framework's roles`,
    ],
  ])("%s", (_, info, suppressed, message) => {
    const { cluster, scheduler } = subscribing(info, suppressed);
    expect(scheduler.hearing.heard).toEqual([{ kind: "frameworkError", body: { message } }]);
    expect([...cluster.state.frameworks.all()]).toEqual([]);
  });

  test("of root where root may not submit", () => {
    const root = { user: "root" };
    const { scheduler } = subscribing(root, [], { rootSubmissions: false });
    expect(scheduler.hearing.of("frameworkError")).toEqual([{ message: "frameworks of the user root are refused" }]);
    expect(scheduler.hearing.of("subscribed")).toEqual([]);
    expect(subscribing(root).scheduler.hearing.kinds).toEqual(["subscribed"]);
    expect(subscribing({}, [], { rootSubmissions: false }).scheduler.hearing.kinds).toEqual(["subscribed"]);
  });
});

test("a framework without a role is let in, and offered nothing until it has one", () => {
  const { cluster, scheduler } = subscribing({ roles: [] });
  ScriptedSlave.registered(cluster, "s1");
  cluster.advance(2_000);
  expect(scheduler.hearing.kinds).toEqual(["subscribed"]);
  const heir = new ScriptedScheduler(cluster, "heir", { ...scheduler.info, roles: ["web"] });
  heir.subscribe(scheduler.hearing.of("subscribed")[0]?.frameworkId);
  cluster.advance(2_000);
  expect(heir.hearing.of("resourceOffers").flatMap(({ offers }) => offers.map(({ role }) => role))).toEqual(["web"]);
});

describe("who comes back to a framework", () => {
  function returning(change: Partial<FrameworkInfo>, first: Partial<FrameworkInfo> = {}) {
    const cluster = new Cluster();
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { principal: "p", ...first });
    const heir = new ScriptedScheduler(cluster, "f1-heir", { ...scheduler.info, ...change });
    heir.subscribe(scheduler.id);
    return { cluster, scheduler, heir };
  }

  test("as somebody else is refused, and the scheduler that is there stays", () => {
    const { cluster, scheduler, heir } = returning({ principal: "q" });
    expect(heir.hearing.of("frameworkError")).toEqual([{ message: "a framework cannot change its principal" }]);
    expect(heir.hearing.of("subscribed")).toEqual([]);
    expect(scheduler.hearing.of("frameworkError")).toEqual([]);
    expect(cluster.state.frameworks.get(scheduler.id)?.ref?.address).toBe(scheduler.party.address);
  });

  test("may change its name, its roles and its failover timeout, and not its user or its checkpoint", () => {
    const { cluster, heir } = returning(
      { user: "other", checkpoint: false, name: "new", roles: ["web"], failoverTimeoutMs: 5 },
      { user: "ada", checkpoint: true, roles: ["db"] },
    );
    expect(cluster.state.frameworks.row(heir.id).info).toMatchObject({
      user: "ada",
      checkpoint: true,
      name: "new",
      roles: ["web"],
      failoverTimeoutMs: 5,
    });
    expect(clientsOf(cluster)).toEqual([`${heir.id}/web`]);
  });

  test("after its end hears that it has been removed, also when what it says is wrong", () => {
    const cluster = new Cluster();
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
    scheduler.party.tell("teardown", { frameworkId: scheduler.id });
    const heir = new ScriptedScheduler(cluster, "f1-heir", { roles: [] });
    heir.subscribe(scheduler.id);
    expect(heir.hearing.heard).toEqual([{ kind: "frameworkError", body: { message: "Framework has been removed" } }]);
    const info = { ...scheduler.info, name: "new" };
    const update = { frameworkId: scheduler.id, info, suppressedRoles: [] };
    expect(heir.party.ask("updateFramework", update)).toEqual({ done: false, reason: "Framework has been removed" });
  });
});
