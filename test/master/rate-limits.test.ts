import { describe, expect, test } from "vitest";
import type { RateLimits } from "../../src/master/config.ts";
import type { FrameworkInfo } from "../../src/protocol/framework-info.ts";
import { TaskId } from "../../src/protocol/ids.ts";
import { type MasterProtocol, masterName } from "../../src/protocol/master-api.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

function limited(rateLimits: RateLimits, logged: string[] = []) {
  const log = (level: string, _: string, message: string) => {
    if (level === "warn") logged.push(message);
  };
  return new Cluster({ rateLimits }, [], { world: { log } });
}

/** One limit, of the principal `p`. */
function one(qps: number, capacity?: number): RateLimits {
  return { principals: [{ principal: "p", qps, ...(capacity === undefined ? {} : { capacity }) }] };
}

/** A framework whose messages are numbered questions, each of which is answered as soon as it is handled. */
class Asker {
  readonly scheduler: ScriptedScheduler;
  readonly #cluster: Cluster;
  /** When each was answered, by the virtual clock. */
  readonly atMs: number[] = [];
  #asked = 0;

  constructor(cluster: Cluster, name: string, more: Partial<FrameworkInfo> = { principal: "p" }) {
    this.#cluster = cluster;
    this.scheduler = new ScriptedScheduler(cluster, name, more);
    this.scheduler.hearing.react = ({ kind }) => {
      if (kind === "taskUpdate") this.atMs.push(cluster.stage.clock.now());
    };
  }

  /** One that is subscribed and whose limit has nothing to do. */
  static rested(cluster: Cluster, name: string, more?: Partial<FrameworkInfo>): Asker {
    const asker = new Asker(cluster, name, more);
    asker.scheduler.subscribe();
    cluster.advance(10_000);
    return asker;
  }

  ask(times = 1): void {
    const { party, id } = this.scheduler;
    for (let count = 0; count < times; count++) {
      const tasks = [{ taskId: TaskId(`t${this.#asked++}`) }];
      party.say("reconcile", { frameworkId: id, tasks });
    }
    this.#cluster.settle();
  }

  get answered(): number {
    return this.atMs.length;
  }

  /** The numbers of the questions in the order in which they were answered. */
  get numbers(): readonly number[] {
    return this.scheduler.updates.map(({ taskId }) => Number(taskId.slice(1)));
  }

  get state() {
    return this.#cluster.state.frameworks.get(this.scheduler.id)?.state;
  }

  get errors(): readonly string[] {
    return this.scheduler.hearing.of("frameworkError").map(({ message }) => message);
  }
}

function count(cluster: Cluster, name: string): number {
  return cluster.state.counters.counts[`frameworks/p/${name}`] ?? 0;
}

const firstNumbers = (length: number) => Array.from({ length }, (_, index) => index);

describe("what a limited principal says", () => {
  test.each([8, 1, 0.25, 100])("is handled at its rate for a minute, to the message (%f per second)", (qps) => {
    const cluster = limited(one(qps));
    const asker = Asker.rested(cluster, "f1");
    const startMs = cluster.stage.clock.now();
    asker.ask(Math.floor(61 * qps) + 10);
    expect(asker.answered).toBe(1);
    cluster.advance(60_000);
    expect(asker.atMs).toEqual(firstNumbers(60 * qps + 1).map((index) => startMs + (index * 1_000) / qps));
  });

  test("comes no faster than its rate where that is no whole number of milliseconds", () => {
    const cluster = limited(one(55.5));
    const asker = Asker.rested(cluster, "f1");
    asker.ask(5_000);
    cluster.advance(60_000);
    expect(asker.answered).toBe(60 * 55.5 + 1);
    const tooSoon = asker.atMs.filter((atMs, index) => atMs - (asker.atMs[index - 56] ?? 0) < 1_000);
    expect(tooSoon).toEqual([]);
  });

  test("is handled at once while it comes more slowly, and a pause earns no burst", () => {
    const cluster = limited(one(2));
    const asker = Asker.rested(cluster, "f1");
    for (let round = 1; round <= 20; round++) {
      asker.ask();
      expect(asker.answered).toBe(round);
      cluster.advance(500);
    }
    cluster.advance(60_000);
    asker.ask(4);
    expect(asker.answered).toBe(21);
    cluster.advance(1_000);
    expect(asker.answered).toBe(23);
  });

  test("is not made up for in a burst after the process stood still", () => {
    const cluster = limited(one(100));
    const asker = Asker.rested(cluster, "f1");
    asker.ask(500);
    cluster.stage.clock.advanceTo(cluster.stage.clock.now() + 10_000);
    cluster.settle();
    expect(asker.answered).toBeLessThanOrEqual(5);
    cluster.advance(1_000);
    expect(asker.answered).toBeLessThanOrEqual(105);
  });

  test("does not overtake what waits, although a late timer has left it waiting", () => {
    const cluster = limited(one(1));
    const asker = Asker.rested(cluster, "f1");
    asker.ask(3);
    cluster.stage.clock.advanceTo(cluster.stage.clock.now() + 5_000);
    // From the master's own thread, so that it is heard before the timer.
    const { refs, place } = cluster.system;
    const message = { frameworkId: asker.scheduler.id, tasks: [{ taskId: TaskId("t3") }] };
    refs.at<MasterProtocol>({ place, name: masterName }).tell("reconcile", message);
    cluster.advance(10_000);
    expect(asker.numbers).toEqual(firstNumbers(4));
  });
});

describe("the line of a limited principal", () => {
  test("keeps its order, and questions stand in the same line", () => {
    const cluster = limited(one(10));
    const { scheduler } = Asker.rested(cluster, "f1");
    const heard: string[] = [];
    scheduler.hearing.react = ({ kind }) => void (kind === "taskUpdate" && heard.push("update"));
    const { party, id: frameworkId, info } = scheduler;
    const reconcile = () => party.say("reconcile", { frameworkId, tasks: [{ taskId: TaskId("t") }] });
    reconcile();
    reconcile();
    party.asking("guaranteedShare", { frameworkId }, () => heard.push("share"));
    reconcile();
    party.asking("placeable", { resources: { cpus: 1_000 }, frameworkId }, () => heard.push("placeable"));
    const update = { frameworkId, info: { ...info, id: frameworkId, name: "renamed" }, suppressedRoles: [] };
    party.asking("updateFramework", update, () => heard.push("changed"));
    reconcile();
    cluster.advance(599);
    expect(heard).toEqual(["update", "update", "share", "update", "placeable", "changed"]);
    cluster.advance(1);
    expect(heard.at(-1)).toBe("update");
    expect(heard.length).toBe(7);
  });

  test("holds up nobody else: not its slaves, and not another principal", () => {
    const cluster = limited(one(1));
    const slave = ScriptedSlave.registered(cluster, "s1");
    const asker = Asker.rested(cluster, "f1");
    asker.scheduler.launch(task("t", slave.id, "cpus:1"));
    asker.ask(30);
    slave.report(asker.scheduler.id, "t", "running");
    expect(asker.scheduler.news).toContain("t running");
    const other = Asker.rested(cluster, "f2", { principal: "q" });
    other.ask(1_000);
    expect(other.numbers).toEqual(firstNumbers(1_000));
  });

  test("is counted when it comes and when it is handled", () => {
    const cluster = limited(one(1));
    const asker = Asker.rested(cluster, "f1");
    const before = { received: count(cluster, "messages_received"), processed: count(cluster, "messages_processed") };
    asker.ask(10);
    cluster.advance(3_000);
    expect(count(cluster, "messages_received") - before.received).toBe(10);
    expect(count(cluster, "messages_processed") - before.processed).toBe(4);
  });
});

describe("frameworks of one principal", () => {
  test("share its rate and its line", () => {
    const cluster = limited(one(2));
    const [first, second] = [Asker.rested(cluster, "f1"), Asker.rested(cluster, "f2")];
    for (let round = 0; round < 10; round++) {
      first.ask();
      second.ask();
    }
    cluster.advance(5_000);
    expect(first.answered + second.answered).toBe(11);
    expect([first.numbers, second.numbers]).toEqual([firstNumbers(6), firstNumbers(5)]);
  });

  test("that no limit names share that of all others, with those that have no principal", () => {
    const cluster = limited({ principals: [{ principal: "named", capacity: 1 }], others: { qps: 1, capacity: 1_000 } });
    const named = Asker.rested(cluster, "f0", { principal: "named" });
    const askers = [Asker.rested(cluster, "f1", { principal: "a" }), Asker.rested(cluster, "f2", {})];
    named.ask(100);
    expect(named.answered).toBe(100);
    for (const asker of askers) asker.ask(20);
    cluster.advance(10_000);
    expect(askers.map(({ answered }) => answered)).toEqual([11, 0]);
    cluster.advance(12_000);
    expect(askers.map(({ answered }) => answered)).toEqual([20, 3]);
  });

  test.each<[string, RateLimits | undefined]>([
    ["without any limit", undefined],
    ["with limits of others alone", { principals: [{ principal: "q", qps: 1, capacity: 1 }] }],
    ["with a capacity and no rate", { principals: [{ principal: "p", capacity: 1 }], others: { capacity: 1 } }],
  ])("are handled at once %s", (_, rateLimits) => {
    const cluster = rateLimits === undefined ? new Cluster() : limited(rateLimits);
    const askers = [Asker.rested(cluster, "f1"), Asker.rested(cluster, "f2", {})];
    for (const asker of askers) {
      asker.ask(100);
      expect(asker.numbers).toEqual(firstNumbers(100));
    }
    expect(count(cluster, "messages_processed")).toBe(count(cluster, "messages_received"));
  });
});

/** One message handled, three that wait, and one too many. */
function overflown() {
  const logged: string[] = [];
  const cluster = limited(one(1, 3), logged);
  const slave = ScriptedSlave.registered(cluster, "s1");
  const asker = Asker.rested(cluster, "f1");
  asker.ask(4);
  expect([asker.state, asker.errors]).toEqual(["connected", []]);
  expect(asker.scheduler.offers.length).toBe(1);
  asker.ask();
  return { cluster, slave, asker, logged };
}

describe("a line that is full", () => {
  test("ends the subscription of who speaks next, who is told why in Mesos's words", () => {
    const { cluster, asker, logged } = overflown();
    expect(asker.errors).toEqual(["Message reconcile from p dropped: capacity(3) exceeded"]);
    expect(asker.state).toBe("disconnected");
    expect([...cluster.state.offers.all()]).toEqual([]);
    expect(count(cluster, "messages_dropped")).toBe(1);
    expect(logged).toContain(`framework ${asker.scheduler.id} is disconnected: more than 3 messages of p wait`);
    asker.ask(5);
    expect(asker.errors.length).toBe(1);
  });

  test("is emptied in order all the same", () => {
    const { cluster } = overflown();
    const handled = count(cluster, "messages_processed");
    cluster.advance(3_000);
    expect(count(cluster, "messages_processed") - handled).toBe(3);
  });

  test("begins the failover timeout of its framework", () => {
    const { cluster, asker } = overflown();
    cluster.advance(59_000);
    expect(asker.state).toBe("disconnected");
    cluster.advance(1_000);
    expect(asker.state).toBe("completed");
  });

  test("takes nobody back, until there is room", () => {
    const { cluster, slave, asker } = overflown();
    const { scheduler } = asker;
    scheduler.subscribe(scheduler.id);
    expect(asker.errors[1]).toBe("Message subscribe from p dropped: capacity(3) exceeded");
    expect(asker.state).toBe("disconnected");
    cluster.advance(1_000);
    scheduler.subscribe(scheduler.id);
    cluster.advance(3_000);
    expect(asker.state).toBe("connected");
    cluster.advance(100_000);
    expect(asker.state).toBe("connected");
    expect(scheduler.offer.slaveId).toBe(slave.id);
    asker.ask();
    expect(asker.numbers.at(-1)).toBe(5);
  });
});

describe("a line that is full, or nearly so,", () => {
  test("refuses a framework that does not exist yet", () => {
    const { cluster } = overflown();
    const late = new Asker(cluster, "f2");
    late.scheduler.subscribe();
    expect(late.errors).toEqual(["Message subscribe from p dropped: capacity(3) exceeded"]);
    cluster.advance(10_000);
    expect([...cluster.state.frameworks.all()].length).toBe(1);
  });

  test("drops questions too", () => {
    const { cluster, asker } = overflown();
    const { party, id: frameworkId } = asker.scheduler;
    const outcomes = party.asking("guaranteedShare", { frameworkId });
    cluster.advance(60_000);
    expect(outcomes).toMatchObject([{ ok: false, code: "timeout" }]);
  });

  test("drops what a principal without a name says as well", () => {
    const cluster = limited({ principals: [], others: { qps: 1, capacity: 1 } });
    const asker = Asker.rested(cluster, "f1", {});
    asker.ask(3);
    expect(asker.errors).toEqual([
      "Message reconcile from a framework without a principal dropped: capacity(1) exceeded",
    ]);
    expect(cluster.state.counters.counts["master/dropped_messages"]).toBe(1);
  });

  test("is announced at four fifths, and again only after it was half empty", () => {
    const logged: string[] = [];
    const cluster = limited(one(1, 10), logged);
    const asker = Asker.rested(cluster, "f1");
    const warnings = () => count(cluster, "capacity_warnings");
    asker.ask(8);
    expect([warnings(), logged]).toEqual([0, []]);
    asker.ask();
    expect(warnings()).toBe(1);
    expect(logged).toEqual([expect.stringMatching(/^8 messages of p wait, of 10 that may/)]);
    asker.ask();
    for (let round = 0; round < 3; round++) {
      cluster.advance(2_000);
      asker.ask(2);
    }
    expect(warnings()).toBe(1);
    cluster.advance(4_000);
    asker.ask(3);
    expect(warnings()).toBe(2);
    expect(asker.errors).toEqual([]);
  });
});

describe("a subscription", () => {
  test("waits in the line of the principal that it names", () => {
    const cluster = limited(one(1));
    const asker = Asker.rested(cluster, "f1");
    asker.ask(3);
    const late = new Asker(cluster, "f2");
    late.scheduler.subscribe();
    cluster.advance(2_000);
    expect(late.scheduler.hearing.kinds).toEqual([]);
    cluster.advance(1_000);
    expect(late.scheduler.hearing.kinds).toEqual(["subscribed"]);
  });

  test("is not overtaken by what its framework says next, also where the master does not know it yet", () => {
    const cluster = limited(one(1));
    const [first, second] = [Asker.rested(cluster, "f1"), Asker.rested(cluster, "f2")];
    const ids = [first, second].map(({ scheduler }) => scheduler.id);
    cluster.bootMaster();
    for (const [index, { scheduler }] of [first, second].entries()) {
      scheduler.party.connect();
      scheduler.hearing.clear();
      scheduler.subscribe(ids[index]);
    }
    const { scheduler } = second;
    scheduler.party.tell("reconcile", { frameworkId: scheduler.id, tasks: [{ taskId: TaskId("t") }] });
    expect(scheduler.hearing.kinds).toEqual([]);
    cluster.advance(1_000);
    expect(scheduler.hearing.kinds).toEqual(["subscribed"]);
    cluster.advance(1_000);
    expect(scheduler.hearing.kinds).toEqual(["subscribed", "taskUpdate"]);
  });

  test("of a stranger with the id of another's framework counts against the stranger", () => {
    const cluster = limited(one(1, 1));
    const asker = Asker.rested(cluster, "f1");
    const stranger = new Asker(cluster, "f2", { principal: "q" });
    for (let round = 0; round < 5; round++) stranger.scheduler.subscribe(asker.scheduler.id);
    expect(stranger.errors).toEqual(Array.from({ length: 5 }, () => "a framework cannot change its principal"));
    asker.ask(2);
    expect([asker.state, asker.errors]).toEqual(["connected", []]);
  });
});
