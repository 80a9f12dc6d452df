/** LAUNCH_GROUP at the master: all of a group or nothing, and what its executor holds from its first task to its last. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../src/protocol/offer.ts";
import { format, type Resources } from "../../src/protocol/resources.ts";
import type { TaskInfo, TaskState } from "../../src/protocol/task.ts";
import { groupTasksMax } from "../../src/protocol/task-group.ts";
import { quantities } from "../protocol/quantities.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave, task } from "./scripted-slave.ts";

const small = quantities("cpus:0.5;mem:64;disk:10");
const whole = "cpus:4;mem:4096;disk:1000";

type GroupOptions = { readonly resources?: Resources; readonly executorId?: string; readonly role?: string };

class Scene {
  readonly cluster = new Cluster();
  readonly slave = ScriptedSlave.registered(this.cluster, "s1", whole);
  readonly scheduler: ScriptedScheduler;

  constructor(roles: readonly string[] = ["*"]) {
    this.scheduler = ScriptedScheduler.subscribed(this.cluster, "f1", { roles });
  }

  /** On all that it has been offered. */
  accept(...operations: readonly Operation[]): void {
    const { id: frameworkId, party } = this.scheduler;
    const offerIds = this.cluster.state.offers.onSlave(this.slave.id).map(({ id }) => id);
    party.tell("accept", { frameworkId, offerIds, operations, filter: { refuseMs: 0 } });
    this.cluster.advance(1_000);
  }

  group(tasks: readonly TaskInfo[], { resources = small, executorId = "e", role }: GroupOptions = {}): Operation {
    const executor = { executorId, resources, ...(role === undefined ? {} : { role }) };
    return { type: "launchGroup", executor, tasks };
  }

  task(id: string, resources = "cpus:1", more: Partial<TaskInfo> = {}): TaskInfo {
    return task(id, this.slave.id, resources, more);
  }

  ends(...ids: readonly string[]): void {
    for (const id of ids) this.report(id, "finished");
  }

  report(id: string, state: TaskState): void {
    this.slave.report(this.scheduler.id, id, state);
    this.cluster.advance(1_000);
  }

  /** What the master believes to be used, of the slave and by the framework. */
  get used(): string {
    const slave = format(this.cluster.state.slaves.get(this.slave.id)?.used ?? {});
    const framework = format(this.cluster.state.frameworks.get(this.scheduler.id)?.used ?? {});
    return slave === framework ? slave : `slave ${slave}, framework ${framework}`;
  }

  get refusals() {
    return this.scheduler.updates.map(({ taskId, state, reason, message }) => [taskId, state, reason, message]);
  }
}

describe("a group that is valid", () => {
  test("goes to its slave in one message, and each task knows what it shares", () => {
    const scene = new Scene();
    scene.accept(scene.group([scene.task("g1"), scene.task("g2")]));
    expect(scene.slave.hearing.of("runTask")).toEqual([]);
    const [order, more] = scene.slave.hearing.of("runGroup");
    expect(more).toBeUndefined();
    expect(order?.tasks.map(({ taskId, role }) => [taskId, role])).toEqual([
      ["g1", "*"],
      ["g2", "*"],
    ]);
    const [one, two] = order?.tasks.map(({ group }) => group) ?? [];
    expect(one).toEqual(two);
    expect(one?.executor).toEqual({ executorId: "e", resources: small });
    expect(scene.refusals).toEqual([]);
  });

  test("holds its executor's resources once, until the last of its tasks has ended", () => {
    const scene = new Scene();
    scene.accept(scene.group([scene.task("g1"), scene.task("g2")]));
    expect(scene.used).toBe("cpus:2.5;mem:64;disk:10");
    expect(format(scene.scheduler.offer.resources)).toBe("cpus:1.5;mem:4032;disk:990");
    scene.ends("g1");
    expect(scene.used).toBe("cpus:1.5;mem:64;disk:10");
    scene.ends("g1", "g2");
    expect(scene.used).toBe("");
    expect(scene.scheduler.offers.at(-1)).toBeDefined();
    expect(scene.cluster.bookFault()).toBeUndefined();
  });

  test("leaves the rest of its offers to the operations behind it", () => {
    const scene = new Scene();
    const alone: Operation = { type: "launch", tasks: [scene.task("t1", "cpus:1.5"), scene.task("t2", "cpus:0.1")] };
    scene.accept(scene.group([scene.task("g1"), scene.task("g2")]), alone);
    expect(scene.slave.tasks.map(({ taskId }) => taskId)).toEqual(["t1"]);
    expect(scene.refusals).toMatchObject([
      ["t2", "error", "TASK_INVALID", "the task needs more than the offer has: cpus:0.1 of 0"],
    ]);
  });

  test("joins an executor that runs already, which is not paid for again", () => {
    const scene = new Scene();
    scene.accept(scene.group([scene.task("g1")]));
    scene.accept(scene.group([scene.task("g2")]));
    expect(scene.used).toBe("cpus:2.5;mem:64;disk:10");
    const [one, two] = scene.slave.hearing.of("runGroup").map(({ tasks }) => tasks[0]?.group?.groupId);
    expect(one).not.toBe(two);
    scene.ends("g1");
    expect(scene.used).toBe("cpus:1.5;mem:64;disk:10");
    scene.ends("g2");
    expect(scene.used).toBe("");
  });

  test("may be empty, and then it is a way to decline", () => {
    const scene = new Scene();
    scene.accept(scene.group([]));
    expect([scene.used, scene.slave.hearing.of("runGroup")]).toEqual(["", []]);
  });
});

/** What is wrong, and what is said of it. */
const invalid: Readonly<Record<string, readonly [(scene: Scene) => Operation, string]>> = {
  "a task that is larger than the rest": [
    (scene) => scene.group([scene.task("g1", "cpus:3"), scene.task("g2")]),
    "task g2 of the group: the task needs more than the offer has: cpus:1 of 0.5",
  ],
  "an executor that is larger than the offer": [
    (scene) => scene.group([scene.task("g1"), scene.task("g2")], { resources: quantities("cpus:5;mem:64;disk:1") }),
    "the executor of the group needs more than the offer has: cpus:5 of 4",
  ],
  "an executor with too little cpus": [
    (scene) => scene.group([scene.task("g1"), scene.task("g2")], { resources: quantities("cpus:0.009;mem:64;disk:1") }),
    "the executor of the group: it has 0.009 cpus, and needs at least 0.01",
  ],
  "an executor with too little memory": [
    (scene) => scene.group([scene.task("g1"), scene.task("g2")], { resources: quantities("cpus:1;mem:31;disk:1") }),
    "the executor of the group: it has 31 mem, and needs at least 32",
  ],
  "an executor without disk": [
    (scene) => scene.group([scene.task("g1"), scene.task("g2")], { resources: quantities("cpus:1;mem:32") }),
    "the executor of the group: it has 0 disk, and needs at least 0.001",
  ],
  "an executor whose id is a path": [
    (scene) => scene.group([scene.task("g1"), scene.task("g2")], { executorId: "../e" }),
    'the executor of the group: its id contains "/"',
  ],
  "an executor for another role": [
    (scene) => scene.group([scene.task("g1"), scene.task("g2")], { role: "web" }),
    "the executor of the group: its resources are allocated to role web, the offer's to *",
  ],
  "a task id twice": [
    (scene) => scene.group([scene.task("g1"), scene.task("g1")]),
    "task g1 of the group: its id is in use",
  ],
  "a task for another slave": [
    (scene) => scene.group([scene.task("g1"), { ...scene.task("g2"), slaveId: "other" as TaskInfo["slaveId"] }]),
    "task g2 of the group: the task names slave other, the offer is of",
  ],
  "a task that names a group itself": [
    (scene) => {
      const group = { groupId: "mine", executor: { executorId: "x", resources: {} } };
      return scene.group([scene.task("g1"), scene.task("g2", "cpus:1", { group })]);
    },
    "task g2 of the group: a task's group is the master's to say",
  ],
  "more tasks than a group may have": [
    (scene) => scene.group(Array.from({ length: groupTasksMax + 1 }, (_, at) => scene.task(`g${at}`, "cpus:0.001"))),
    "the group has 101 tasks, and the limit is 100",
  ],
};

describe("a group that is not valid is refused as a whole", () => {
  test.each(Object.entries(invalid))("%s", (_, [operation, message]) => {
    const scene = new Scene();
    const wanted = operation(scene);
    scene.accept(wanted);
    const tasks = "tasks" in wanted ? wanted.tasks : [];
    expect(scene.refusals).toEqual(
      tasks.map(({ taskId }) => [taskId, "error", "TASK_GROUP_INVALID", expect.stringContaining(message)]),
    );
    expect([scene.used, scene.slave.hearing.of("runGroup"), scene.slave.tasks]).toEqual(["", [], []]);
    expect(format(scene.scheduler.offer.resources)).toBe(whole);
  });

  test("what uses an executor that runs, but describes it otherwise", () => {
    const scene = new Scene();
    scene.accept(scene.group([scene.task("g1")]));
    scene.accept(scene.group([scene.task("g2")], { resources: quantities("cpus:0.6;mem:64;disk:10") }));
    const message = "the executor of the group: e runs on this slave already, with other resources";
    expect(scene.refusals).toEqual([["g2", "error", "TASK_GROUP_INVALID", message]]);
    expect(scene.used).toBe("cpus:1.5;mem:64;disk:10");
  });

  test("what uses a task id that runs already", () => {
    const scene = new Scene();
    scene.accept({ type: "launch", tasks: [scene.task("g2")] });
    scene.accept(scene.group([scene.task("g1"), scene.task("g2")]));
    expect(scene.refusals.map(([id]) => id)).toEqual(["g1", "g2"]);
    expect(scene.used).toBe("cpus:1");
  });

  test("a group on offers that are gone is dropped", () => {
    const scene = new Scene();
    const { offer } = scene.scheduler;
    scene.scheduler.decline(0);
    const { id: frameworkId, party } = scene.scheduler;
    const operations = [scene.group([scene.task("g1"), scene.task("g2")])];
    party.tell("accept", { frameworkId, offerIds: [offer.id], operations, filter: { refuseMs: 0 } });
    expect(scene.refusals.map((refusal) => refusal.slice(0, 3))).toEqual([
      ["g1", "dropped", "INVALID_OFFERS"],
      ["g2", "dropped", "INVALID_OFFERS"],
    ]);
  });
});

test("a task launched alone names no group: its framework would hold an executor that it never paid for", () => {
  const scene = new Scene();
  const group = { groupId: "mine", executor: { executorId: "x", resources: small } };
  scene.accept({ type: "launch", tasks: [scene.task("t1", "cpus:1", { group })] });
  expect(scene.refusals.map(([id, state]) => [id, state])).toEqual([["t1", "error"]]);
  expect(scene.used).toBe("");
});

describe("the books of a master that finds the group on a slave", () => {
  function returning(over: readonly string[]) {
    const scene = new Scene();
    scene.accept(scene.group([scene.task("g1"), scene.task("g2")]));
    const tasks = scene.slave.hearing.of("runGroup").flatMap((order) => order.tasks);
    const { id, info } = scene.scheduler;
    const known = tasks.map((each) => {
      return scene.slave.known(id, info, each, over.includes(each.taskId) ? "failed" : "running");
    });
    scene.cluster.bootMaster();
    scene.slave.party.connect();
    scene.scheduler.party.connect();
    scene.slave.helloAgain(known);
    scene.scheduler.subscribe(id);
    scene.cluster.advance(10_000);
    return scene;
  }

  test("hold its executor with its tasks", () => {
    const scene = returning([]);
    expect(scene.used).toBe("cpus:2.5;mem:64;disk:10");
    scene.report("g1", "failed");
    scene.report("g2", "killed");
    expect(scene.used).toBe("");
  });

  test("hold it as long as one task lives, and not for tasks that have ended", () => {
    expect(returning(["g1"]).used).toBe("cpus:1.5;mem:64;disk:10");
    expect(returning(["g1", "g2"]).used).toBe("");
  });

  test("do not hold what a slave says of an executor that cannot be", () => {
    const scene = new Scene();
    const { id, info } = scene.scheduler;
    const executor = (cpus: string) => ({ executorId: "e", resources: quantities(cpus) });
    const tasks = [
      scene.task("old", "cpus:1", { group: { groupId: "g", executor: executor("cpus:1") } }),
      scene.task("large", "cpus:1", { group: { groupId: "h", executor: { ...executor("cpus:4"), executorId: "x" } } }),
      scene.task("new", "cpus:1", { group: { groupId: "g", executor: executor("cpus:2") } }),
    ];
    scene.slave.helloAgain(tasks.map((each) => scene.slave.known(id, info, each)));
    scene.cluster.advance(1_000);
    expect(scene.used).toBe("cpus:3");
    expect(
      scene.slave.hearing
        .of("slaveRegistered")
        .at(-1)
        ?.lost.map(({ taskId }) => taskId)
        .sort(),
    ).toEqual(["large", "old"]);
  });
});

test("whatever ends in whatever order, an executor is held exactly while one of its tasks lives", () => {
  const ending = fc.constantFrom<TaskState>("finished", "failed", "killed", "running", "lost");
  const step = fc.oneof(
    fc.record({ launch: fc.constantFrom("e1", "e2"), size: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ end: fc.nat(11), state: ending }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
      const scene = new Scene();
      const live = new Map<string, string>();
      const launched: string[] = [];
      for (const each of steps) {
        if ("launch" in each) {
          const ids = Array.from({ length: each.size }, (_, at) => `t${launched.length + at}`);
          const fits = (live.size + each.size) * 0.25 + 1 <= 4;
          if (!fits) continue;
          scene.accept(
            scene.group(
              ids.map((id) => scene.task(id, "cpus:0.25")),
              { executorId: each.launch },
            ),
          );
          for (const id of ids) live.set(id, each.launch);
          launched.push(...ids);
        } else {
          const id = launched[each.end];
          if (id === undefined) continue;
          scene.report(id, each.state);
          if (each.state !== "running") live.delete(id);
        }
        const executors = new Set(live.values()).size;
        expect(scene.cluster.state.slaves.get(scene.slave.id)?.used["cpus"] ?? 0).toBe(
          live.size * 250 + executors * 500,
        );
      }
    }),
    { numRuns: 25 },
  );
});
