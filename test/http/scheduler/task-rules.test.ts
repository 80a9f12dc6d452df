import { expect } from "vitest";
import { launch, scalar, sleeper } from "./calls.ts";
import type { Plain } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** What a task must be to be launched. One that is not is answered with TASK_ERROR, and takes nothing. */

const command = { value: "true" };
const negative = { nanoseconds: -1 };
const executor = { executor_id: { value: "e" }, command };
const ranges = (begin: number, end: number) => ({ name: "ports", type: "RANGES", ranges: { range: [{ begin, end }] } });
const plain = { mesolite_simulated: undefined };

/** What is put in place of a good task's fields, and what is said of it. */
const invalid: Readonly<Record<string, readonly [task: object, message: RegExp, id?: string]>> = {
  "an empty id": [{}, /^the task id is empty/, ""],
  "an id that is a path": [{}, /^the task id contains/, "a/b"],
  "an id with a control character": [{}, /^the task id contains/, "a\nb"],
  "an id of 256 bytes": [{}, /^the task id is longer/, "\u00e9".repeat(128)],
  "an id of dots": [{}, /^the task id is \. or/, ".."],
  "neither command nor executor": [plain, /^it has neither a command nor an executor/],
  "both command and executor": [{ ...plain, command, executor }, /^it has both/],
  "an executor": [{ ...plain, executor }, /^executors of frameworks are not implemented/],
  "another agent": [{ agent_id: { value: "other" } }, /^the task names slave other/],
  "no resources": [{ resources: [] }, /^it uses no resources/],
  "resources of nothing": [{ resources: [scalar("cpus", 0)] }, /^it uses no resources/],
  "resources below zero": [{ resources: [scalar("cpus", -1)] }, /^resource cpus: -1 is no amount/],
  "more than was offered": [{ resources: [scalar("cpus", 5)] }, /^the task needs more than the offer has: .*cpus/],
  "what was not offered": [{ resources: [scalar("gpus", 1)] }, /^the task needs more than the offer has: .*gpus/],
  "ports outside of the offer": [{ resources: [ranges(31_005, 31_010)] }, /^the task needs more .*ports/],
  "a range that ends before it begins": [{ resources: [ranges(2, 1)] }, /^resource ports: the range \[2-1\]/],
  "revocable resources": [{ resources: [{ ...scalar("cpus", 1), revocable: {} }] }, /revocable/],
  "reserved resources": [{ resources: [{ ...scalar("cpus", 1), role: "a" }] }, /cpus\(a\):1 of 0/],
  "a persistent volume": [
    { resources: [{ ...scalar("disk", 1), disk: { persistence: { id: "p" } } }] },
    /no such disk was offered/,
  ],
  "a kill policy below zero": [{ kill_policy: { grace_period: negative } }, /kill_policy/],
  "a completion time below zero": [{ max_completion_time: negative }, /max_completion_time/],
  "a health check": [{ health_check: { type: "COMMAND", command } }, /^checks are not implemented/],
  "a check": [{ check: { type: "COMMAND", command: { command } } }, /^checks are not implemented/],
  limits: [{ limits: { cpus: { value: 2 } } }, /TASK_RESOURCE_LIMITS/],
  "a variable without a value": [
    { ...plain, command: { ...command, environment: { variables: [{ name: "A" }] } } },
    /^the environment variable A has no value/,
  ],
  "a secret": [
    { ...plain, command: { ...command, environment: { variables: [{ name: "A", type: "SECRET" }] } } },
    /^secrets are not implemented/,
  ],
  "a command that is too long to travel": [
    { ...plain, command: { value: "x".repeat(70_000) } },
    /^it is \d+ characters long, and the limit is 65536/,
  ],
  "a docker container": [
    { ...plain, command, container: { type: "DOCKER", docker: { image: "i" } } },
    /^containers with an image/,
  ],
};

const names = Object.keys(invalid);
const table = new ContractTable("rules for tasks", [...names, "an id that is in use", "an id that was acknowledged"]);

for (const [name, [task, message, id = "bad"]] of Object.entries(invalid)) {
  table.row(name, async (wire) => {
    const live = await LiveCluster.start();
    const client = live.client(wire);
    const stream = await client.subscribe();
    const offer = await client.offer(stream);
    await client.accept([offer], [launch(sleeper(offer, id, { task }), sleeper(offer, "whole", { cpus: 4 }))]);
    const status: Plain = await stream.update(id);
    expect(status).toMatchObject({ state: "TASK_ERROR", source: "SOURCE_MASTER", reason: "REASON_TASK_INVALID" });
    expect(status.message).toMatch(message);
    expect(status).not.toHaveProperty("uuid");
    // It has taken nothing.
    expect((await stream.update("whole")).state).toBe("TASK_RUNNING");
  });
}

table.row("an id that is in use", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe();
  const offer = await client.offer(stream);
  await client.accept([offer], [launch(sleeper(offer, "t1"), sleeper(offer, "t1"))]);
  expect(await stream.update("t1")).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_INVALID" });
  expect((await stream.update("t1")).state).toBe("TASK_RUNNING");
  await client.quiet(stream);
  expect([stream.waiting("UPDATE"), [...live.cluster.state.tasks.all()].length]).toEqual([[], 1]);
});

table.row("an id that was acknowledged", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe();
  const again = async () => {
    const offer = await client.offer(stream);
    await client.accept([offer], [launch(sleeper(offer, "t1", { durationMs: 10 }))], {
      filters: { refuse_seconds: 0 },
    });
    await client.acknowledge(await stream.update("t1", "TASK_RUNNING"));
    live.skip(2_000);
    await client.acknowledge(await stream.update("t1", "TASK_FINISHED"));
    await client.quiet(stream);
  };
  await again();
  await again();
});

table.complete();
