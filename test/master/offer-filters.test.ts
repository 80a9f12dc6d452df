/** What a framework does not want to be offered, the master does not offer. */

import { describe, expect, test } from "vitest";
import type { AttributePredicate, OfferFilters, RoleFilters } from "../../src/protocol/offer-filters.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave } from "./scripted-slave.ts";

function slave(cluster: Cluster, hostname: string, attributes: Record<string, string>, resources = "cpus:4;mem:4096") {
  const scripted = new ScriptedSlave(cluster, hostname, resources, { attributes });
  scripted.hello();
  return scripted;
}

/** Two racks with a slave each, and one slave in none. */
function scene(...roles: readonly string[]) {
  const cluster = new Cluster({ offerTimeoutMs: 0 });
  slave(cluster, "s1", { rack: "r1" });
  slave(cluster, "s2", { rack: "r2" });
  slave(cluster, "s3", {});
  const scheduler = ScriptedScheduler.subscribed(cluster, "f1", { roles: roles.length === 0 ? ["*"] : roles });
  return { cluster, scheduler };
}

function rack(predicate: AttributePredicate): RoleFilters {
  return { constraints: [[{ selector: { attribute: "rack" }, predicate }]] };
}

function setFilters(scheduler: ScriptedScheduler, filters: OfferFilters): void {
  scheduler.party.tell("setFilters", { frameworkId: scheduler.id, filters });
}

function update(scheduler: ScriptedScheduler, filters: OfferFilters) {
  const { info, id: frameworkId } = scheduler;
  return scheduler.party.ask("updateFramework", { frameworkId, info, suppressedRoles: [], filters });
}

/** What is on offer, as `host role`. */
function outstanding({ state }: Cluster): readonly string[] {
  return [...state.offers.all()]
    .map(({ slaveId, role }) => `${state.slaves.get(slaveId)?.info.hostname} ${role}`)
    .sort();
}

/** What is on offer after every offer was given back for no time. */
function offeredAnew(cluster: Cluster, scheduler: ScriptedScheduler): readonly string[] {
  for (const { id } of cluster.state.offers.all()) scheduler.decline(0, [id]);
  cluster.advance(1_000);
  return outstanding(cluster);
}

describe("constraints", () => {
  test.each<[string, RoleFilters, readonly string[]]>([
    ["one attribute", rack({ type: "equals", value: "r1" }), ["s1 *"]],
    ["an attribute that must not be there", rack({ type: "notExists" }), ["s3 *"]],
    ["not one text, and absence is as good", rack({ type: "notEquals", value: "r1" }), ["s2 *", "s3 *"]],
    ["a regular expression", rack({ type: "matches", regex: "r[0-9]" }), ["s1 *", "s2 *"]],
    ["no slave", rack({ type: "matches", regex: "r" }), []],
    [
      "either group",
      {
        constraints: [
          [{ selector: { attribute: "rack" }, predicate: { type: "equals", value: "r2" } }],
          [
            { selector: { pseudo: "hostname" }, predicate: { type: "matches", regex: "s[13]" } },
            { selector: { attribute: "rack" }, predicate: { type: "notExists" } },
          ],
        ],
      },
      ["s2 *", "s3 *"],
    ],
  ])("let through %s", (_, filters, expected) => {
    const { cluster, scheduler } = scene();
    setFilters(scheduler, { roles: { "*": filters } });
    expect(offeredAnew(cluster, scheduler)).toEqual(expected);
    setFilters(scheduler, {});
    expect(offeredAnew(cluster, scheduler)).toEqual(["s1 *", "s2 *", "s3 *"]);
  });

  test("are for one role alone", () => {
    const { cluster, scheduler } = scene("web", "db");
    setFilters(scheduler, { roles: { web: rack({ type: "equals", value: "r1" }), db: rack({ type: "exists" }) } });
    for (let round = 0; round < 4; round++) {
      const offered = offeredAnew(cluster, scheduler);
      expect(offered).toContain("s2 db");
      expect(offered.filter((each) => each.startsWith("s3") || each === "s2 web")).toEqual([]);
    }
  });

  test("hold from the first offer on where the subscription brings them", () => {
    const { cluster } = scene();
    const picky = new ScriptedScheduler(cluster, "f2");
    const filters = { roles: { "*": rack({ type: "equals", value: "r9" }) } };
    picky.party.tell("subscribe", { self: picky.party.address, info: picky.info, filters });
    slave(cluster, "s8", { rack: "r8" });
    slave(cluster, "s9", { rack: "r9" });
    expect(picky.offers.map(({ hostname }) => hostname)).toEqual(["s9"]);
  });

  test("that an update changes act on the next pass and leave what is on offer", () => {
    const { cluster, scheduler } = scene();
    expect(update(scheduler, { roles: { "*": rack({ type: "equals", value: "r1" }) } })).toEqual({ done: true });
    cluster.advance(5_000);
    expect(outstanding(cluster)).toEqual(["s1 *", "s2 *", "s3 *"]);
    expect(scheduler.hearing.of("offersRescinded")).toEqual([]);
    expect(offeredAnew(cluster, scheduler)).toEqual(["s1 *"]);
    update(scheduler, { roles: { "*": rack({ type: "equals", value: "r2" }) } });
    expect(outstanding(cluster)).toEqual(["s1 *", "s2 *"]);
    expect(offeredAnew(cluster, scheduler)).toEqual(["s2 *"]);
  });

  test("are known to the allocator's next life", () => {
    const { cluster, scheduler } = scene();
    setFilters(scheduler, { roles: { "*": rack({ type: "matches", regex: "r2|r3" }) } });
    cluster.stopAllocator();
    cluster.startAllocator();
    cluster.advance(1_000);
    expect(offeredAnew(cluster, scheduler)).toEqual(["s2 *"]);
  });
});

describe("the least worth an offer", () => {
  /** Slaves with a sliver of cpu, with some, and with ports alone. */
  function slivers(filters: OfferFilters): readonly string[] {
    const cluster = new Cluster();
    slave(cluster, "sliver", {}, "cpus:0.001;mem:1");
    slave(cluster, "some", {}, "cpus:1;mem:16");
    slave(cluster, "large", {}, "cpus:4;mem:64");
    slave(cluster, "ports", {}, "ports:[31000-31002]");
    const scheduler = ScriptedScheduler.subscribed(cluster, "f1");
    setFilters(scheduler, filters);
    return offeredAnew(cluster, scheduler).map((each) => each.split(" ")[0] ?? "");
  }
  const least = (...minAllocatable: readonly Record<string, number>[]) => ({ roles: { "*": { minAllocatable } } });

  test.each<[string, OfferFilters, readonly string[]]>([
    ["is a hundredth of a cpu or 32 MiB", {}, ["large", "some"]],
    ["is what one of the vectors says", least({ cpus: 2_000 }, { mem: 1_000_000 }), ["large"]],
    ["is all that a vector names", least({ cpus: 1_000, mem: 17_000 }), ["large"]],
    ["is less than usual where a vector is", least({ cpus: 1 }), ["large", "sliver", "some"]],
    ["is nothing where there is no vector", least(), ["large", "ports", "sliver", "some"]],
    ["is a number of ports", least({ ports: 3_000 }), ["ports"]],
    ["is more ports than there are", least({ ports: 3_001 }), []],
    ["comes with what must be free", { minFree: { mem: 2_000 }, ...least() }, ["large", "some"]],
  ])("%s", (_, filters, expected) => {
    expect(slivers(filters)).toEqual(expected);
  });
});

describe("filters for a role that is not the framework's", () => {
  const filters = { roles: { db: rack({ type: "exists" }) } };
  const reason = 'filters name the role "db", which is not its own';

  test("refuse its subscription", () => {
    const { cluster } = scene();
    const scheduler = new ScriptedScheduler(cluster, "f2", { roles: ["web"] });
    scheduler.party.tell("subscribe", { self: scheduler.party.address, info: scheduler.info, filters });
    expect(scheduler.hearing.of("frameworkError")).toEqual([{ message: reason }]);
  });

  test("refuse its update, and leave all as it was", () => {
    const { cluster, scheduler } = scene("web");
    setFilters(scheduler, { roles: { web: rack({ type: "notExists" }) } });
    expect(update(scheduler, filters)).toEqual({ done: false, reason });
    setFilters(scheduler, filters);
    expect(offeredAnew(cluster, scheduler)).toEqual(["s3 web"]);
  });
});
