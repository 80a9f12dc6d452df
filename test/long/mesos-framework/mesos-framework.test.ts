/** The npm package mesos-framework, as it was published, judges the scheduler API: it was written for Mesos. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive, Mesolite, temporary, until } from "../../e2e/kit.ts";
import { gateway } from "../../http/scene.ts";
import { booksOf } from "./books.ts";
import { Judge, type Plan } from "./judge.ts";
import { Wire } from "./wire.ts";

const home = temporary();
let dev: Mesolite;
let address: string;
let port: number;
/** Stays subscribed while all the others come and go. */
let patient: Judge;

beforeAll(async () => {
  const resources = "cpus:40;mem:16384;ports:[31000-31099]";
  dev = new Mesolite(["dev", "--port", "0", "--slaves", "2", "--resources", resources], home.path);
  [, address = ""] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  port = Number(address.split(":")[1]);
  const command = 'echo "$MESOS_TASK_ID at $HOST"; echo beside >&2';
  patient = new Judge({
    name: "patient",
    port,
    tasks: [{ name: "hello", instances: 1, command, cpus: 0.1, ports: 1 }],
  });
});

afterAll(async () => {
  await patient[Symbol.asyncDispose]();
  await dev[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** A client with tasks that run until the file is there. */
function waiting(name: string, more: Partial<Plan> = {}): { readonly judge: Judge; readonly open: () => void } {
  const gate = join(home.path, `${name}-gate`);
  const command = `while [ ! -e ${gate} ]; do sleep 0.05; done`;
  const tasks = [{ name: "wait", instances: 2, command, cpus: 0.1, ports: 0 }];
  return { judge: new Judge({ name, port, tasks, ...more }), open: () => writeFileSync(gate, "") };
}

const pidsOf = async (judge: Judge) =>
  (await judge.statuses("TASK_RUNNING", 2)).map(({ container_status }) => container_status.executor_pid);

describe("tasks", () => {
  test("one runs to its end, and what it wrote is in its sandbox", async () => {
    const [finished] = await patient.statuses("TASK_FINISHED");
    const { frameworkId } = await patient.subscribed();
    const { value: taskId = "" } = finished?.task_id ?? {};
    const offer = patient.offers.find(({ agent_id }) => agent_id.value === finished?.agent_id.value);
    const at = offer?.url.address;
    const directory = `/frameworks/${frameworkId}/executors/${finished?.executor_id.value}/runs/latest`;
    const read = async (file: string) => {
      const query = new URLSearchParams({ path: `${directory}/${file}`, offset: "0" });
      return await (await fetch(`http://${at?.ip}:${at?.port}/files/read?${query}`)).json();
    };
    expect(await read("stdout")).toEqual({ data: `${taskId} at 127.0.0.1\n`, offset: 0 });
    expect(await read("stderr")).toEqual({ data: "beside\n", offset: 0 });
    expect(taskId).toMatch(/^patient\.hello-1\./);
  });

  test("two hundred all finish, each of them once", async () => {
    const ran = join(home.path, "ran");
    const command = `echo $MESOS_TASK_ID >> ${ran}`;
    await using loop = new Judge({
      name: "loop",
      port,
      tasks: [{ name: "t", instances: 200, command, cpus: 0.1, ports: 0 }],
    });
    const finished = await loop.statuses("TASK_FINISHED", 200);
    const ids = new Set(finished.map(({ task_id }) => task_id.value));
    const { frameworkId } = await loop.subscribed();
    await loop.until(() => (loop.count("sent_acknowledge") === loop.updates.length ? true : undefined));
    const books = await until(async () => {
      const { registered } = await booksOf(address, frameworkId);
      return registered?.tasks.length === 0 ? registered : undefined;
    });
    expect(ids.size).toBe(200);
    expect(books.completed_tasks.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(
      [...ids].map((id) => `${id} TASK_FINISHED`).sort(),
    );
    expect(readFileSync(ran, "utf8").trimEnd().split("\n").sort()).toEqual([...ids].sort());
    expect(loop.errors).toEqual([]);
  });

  test("one whose id is not ASCII is heard of all the same, though the client counts characters as bytes", async () => {
    const tasks = [{ name: "doppio", instances: 1, command: "true", cpus: 0.1, ports: 0 }];
    await using judge = new Judge({ name: "caffè-☕", port, tasks });
    const [finished] = await judge.statuses("TASK_FINISHED");
    expect(finished?.task_id.value).toMatch(/^caffè-☕\.doppio-1\./);
    expect(judge.errors).toEqual([]);
  });

  test("one that fails is heard of as failed, and the client runs it again", async () => {
    const tried = join(home.path, "tried");
    const command = `[ -e ${tried} ] || { touch ${tried}; exit 3; }`;
    const tasks = [{ name: "twice", instances: 1, command, cpus: 0.1, ports: 0 }];
    await using judge = new Judge({ name: "again", port, tasks });
    const [failed] = await judge.statuses("TASK_FAILED");
    const [finished] = await judge.statuses("TASK_FINISHED");
    expect(finished?.task_id).not.toEqual(failed?.task_id);
    expect(judge.errors).toEqual([]);
  });

  test("one is killed on request, and the others are reported when the client asks for them", async () => {
    const { judge, open } = waiting("choosy");
    await using _judge = judge;
    const pids = await pidsOf(judge);
    const [first, second] = judge.updates;
    if (first === undefined || second === undefined) throw new Error("two tasks run");
    judge.order({ kind: "kill", taskId: first.task_id.value, agentId: first.agent_id.value });
    const [killed] = await judge.statuses("TASK_KILLED");
    expect(killed?.task_id).toEqual(first.task_id);
    await until(() => (pids.filter(isAlive).length === 1 ? true : undefined));
    judge.order({ kind: "reconcile" });
    const [, , again] = await judge.statuses("TASK_RUNNING", 3);
    expect(again).toMatchObject({ task_id: second.task_id, reason: "REASON_RECONCILIATION" });
    expect(again?.uuid).toBeUndefined();
    open();
    await judge.statuses("TASK_FINISHED");
    expect(judge.errors).toEqual([]);
  });
});

test("a master that does not lead sends it to the one that does", async () => {
  const follower = await gateway({ leader: () => ({ kind: "elsewhere", host: "127.0.0.1", port }) });
  const tasks = [{ name: "t", instances: 1, command: "true", cpus: 0.1, ports: 0 }];
  await using led = new Judge({ name: "led", port: follower.port, tasks });
  await led.statuses("TASK_FINISHED");
  expect(led.subscriptions.map((subscribed) => subscribed.port)).toEqual([port]);
  expect(led.errors).toEqual([]);
});

describe("a stream that is lost", () => {
  test("is taken up again under the same id, and the tasks never knew", async () => {
    await using wire = await Wire.to(port);
    const { judge, open } = waiting("dropped", { port: wire.port });
    await using _judge = judge;
    const pids = await pidsOf(judge);
    const first = await judge.subscribed();
    const books = async () => (await booksOf(address, first.frameworkId)).registered;

    wire.closed = true;
    wire.cut();
    const alone = await until(async () => {
      const framework = await books();
      return framework?.active === false ? framework : undefined;
    });
    expect(alone.tasks.map(({ state }) => state)).toEqual(["TASK_RUNNING", "TASK_RUNNING"]);
    wire.closed = false;
    const second = await judge.subscribed(2);
    const triesOfTheProgram = judge.count("subscribing anew");
    // This end the client sees, and subscribes anew by itself.
    wire.endStreams();
    const third = await judge.subscribed(3);
    expect(judge.count("subscribing anew")).toBe(triesOfTheProgram);
    expect([second.frameworkId, third.frameworkId]).toEqual([first.frameworkId, first.frameworkId]);
    expect(new Set(judge.subscriptions.map(({ mesosStreamId }) => mesosStreamId)).size).toBe(3);
    expect(pids.filter(isAlive)).toEqual(pids);

    open();
    await judge.statuses("TASK_FINISHED", 2);
    const ended = await until(async () => {
      const framework = await books();
      return framework?.tasks.length === 0 ? framework : undefined;
    });
    expect(ended.completed_tasks.map(({ state }) => state)).toEqual(["TASK_FINISHED", "TASK_FINISHED"]);
    expect(ended.active).toBe(true);
  });

  test("ends the framework at once when it has no failover timeout, and for good", async () => {
    await using wire = await Wire.to(port);
    const { judge } = waiting("brief", { port: wire.port, failoverSeconds: 0 });
    await using _judge = judge;
    const pids = await pidsOf(judge);
    const { frameworkId } = await judge.subscribed();
    wire.cut();
    await judge.until(() => judge.errors.find((error) => error.includes("Framework has been removed")));
    await endedWith(frameworkId, pids);
    expect(judge.subscriptions.length).toBe(1);
  });

  test("ends the framework when its failover timeout has passed", async () => {
    const failoverSeconds = 0.5;
    const { judge } = waiting("late", { failoverSeconds });
    await using _judge = judge;
    const pids = await pidsOf(judge);
    const { frameworkId } = await judge.subscribed();
    const fromMs = performance.now();
    judge.kill();
    await until(async () => ((await booksOf(address, frameworkId)).registered?.active === false ? true : undefined));
    expect(pids.filter(isAlive)).toEqual(pids);
    await endedWith(frameworkId, pids);
    expect(performance.now() - fromMs).toBeGreaterThan(failoverSeconds * 1000);
  });
});

test("a teardown kills the tasks and completes the framework, whose id is burnt", async () => {
  const { judge } = waiting("torn");
  await using _judge = judge;
  const pids = await pidsOf(judge);
  const { frameworkId } = await judge.subscribed();
  judge.order({ kind: "teardown" });
  await judge.until(() => (judge.count("sent_teardown") === 1 ? true : undefined));
  await endedWith(frameworkId, pids);
  await judge.until(() => judge.errors.find((error) => error.includes("Framework has been removed")));
});

/** The framework is in the books as completed, its tasks as killed, and their processes are gone. */
async function endedWith(frameworkId: string, pids: readonly number[]): Promise<void> {
  const completed = await until(async () => {
    const { registered, completed } = await booksOf(address, frameworkId);
    return registered === undefined && completed?.tasks.length === 0 ? completed : undefined;
  });
  expect(completed.completed_tasks.map(({ state }) => state)).toEqual(pids.map(() => "TASK_KILLED"));
  await until(() => (pids.some(isAlive) ? undefined : true));
}

/** Last, because the second heartbeat comes 15 seconds after the first; an update would have been repeated after 10. */
test("the first client is still subscribed: heartbeats came, and no update came twice", async () => {
  await patient.until(() => (patient.count("heartbeat") >= 2 ? true : undefined), 18_000);
  expect(patient.updates.map(({ state }) => state)).toEqual(["TASK_RUNNING", "TASK_FINISHED"]);
  expect(patient.subscriptions.length).toBe(1);
  expect(patient.errors).toEqual([]);
});
