import { expect } from "vitest";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import { capabilities, launch, sleeper } from "./calls.ts";
import type { Plain, Wire } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** What a scheduler hears of its tasks, until when it hears it, and how it ends them. */

const table = new ContractTable("updates", [
  "finished",
  "failed",
  "killed on request",
  "killed again",
  "executor shut down",
  "max_completion_time",
  "a running task says where it is",
  "acknowledgement: 15 bytes",
  "acknowledgement: an unknown uuid",
  "acknowledgement: an unknown task or agent",
  "retried until acknowledged, and no longer",
  "the next comes after the acknowledgement of the one before",
  "KILL unknown",
  "KILL with the wrong agent",
  "KILL with a grace period",
  "KILL while the agent is away",
  "SHUTDOWN unknown",
  "MESSAGE",
]);

async function running(wire: Wire, wanted: object = {}) {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe(capabilities("PARTITION_AWARE"));
  const offer = await client.offer(stream);
  await client.accept([offer], [launch(sleeper(offer, "t1", wanted))], { filters: { refuse_seconds: 1e6 } });
  const update = await stream.update("t1", "TASK_RUNNING");
  return { live, client, stream, offer, update };
}

const task_id = { value: "t1" };
const uuidLength = ({ uuid }: Plain) => Buffer.from(uuid, "base64").length;

for (const [row, outcome, state] of [
  ["finished", "finished", "TASK_FINISHED"],
  ["failed", "failed", "TASK_FAILED"],
] as const) {
  table.row(row, async (wire) => {
    const { live, client, stream, offer, update } = await running(wire, { durationMs: 1_000, outcome });
    await client.acknowledge(update);
    live.skip(1_500);
    const end = await stream.update("t1");
    expect(end).toMatchObject({ state, source: "SOURCE_EXECUTOR", agent_id: offer.agent_id, executor_id: task_id });
    expect([uuidLength(update), uuidLength(end), end.uuid === update.uuid]).toEqual([16, 16, false]);
    expect(end.timestamp - update.timestamp).toBeCloseTo(1, 3);
  });
}

table.row("killed on request", async (wire) => {
  const { client, stream, update } = await running(wire);
  await client.acknowledge(update);
  await client.say("KILL", { kill: { task_id } });
  const end = await stream.update("t1");
  expect(end).toMatchObject({ state: "TASK_KILLED", source: "SOURCE_EXECUTOR" });
  expect([uuidLength(end), "reason" in end]).toEqual([16, false]);
});

table.row("killed again", async (wire) => {
  const { client, stream, update } = await running(wire);
  await client.acknowledge(update);
  for (let times = 0; times < 3; times++) await client.say("KILL", { kill: { task_id } });
  await client.acknowledge(await stream.update("t1", "TASK_KILLED"));
  await client.quiet(stream);
  expect(stream.waiting("UPDATE")).toEqual([]);
});

table.row("executor shut down", async (wire) => {
  const { client, stream, offer, update } = await running(wire);
  await client.acknowledge(update);
  await client.say("SHUTDOWN", { shutdown: { executor_id: task_id, agent_id: offer.agent_id } });
  const end = await stream.update("t1");
  expect(end).toMatchObject({ state: "TASK_FAILED", source: "SOURCE_AGENT", reason: "REASON_EXECUTOR_TERMINATED" });
  const { failure } = await stream.take("FAILURE");
  expect(failure).toMatchObject({ agent_id: offer.agent_id, executor_id: task_id });
});

table.row("max_completion_time", async (wire) => {
  const task = { max_completion_time: { nanoseconds: 2e9 } };
  const { live, client, stream, update } = await running(wire, { task });
  await client.acknowledge(update);
  live.skip(3_000);
  const reason = "REASON_MAX_COMPLETION_TIME_REACHED";
  expect(await stream.update("t1")).toMatchObject({ state: "TASK_FAILED", source: "SOURCE_EXECUTOR", reason });
});

table.row("a running task says where it is", async (wire) => {
  const { offer, update } = await running(wire);
  expect(update).toMatchObject({
    executor_id: task_id,
    agent_id: offer.agent_id,
    source: "SOURCE_EXECUTOR",
    timestamp: expect.any(Number),
    container_status: {
      container_id: { value: expect.stringMatching(/./) },
      network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "127.0.0.1" }] }],
    },
  });
});

table.row("acknowledgement: 15 bytes", async (wire) => {
  const { client, update } = await running(wire);
  for (const length of [0, 15, 17]) {
    const uuid = Buffer.alloc(length).toString("base64");
    const answer = await client.call("ACKNOWLEDGE", { acknowledge: { ...idsOf(update), uuid } });
    expect([answer.status, answer.text]).toEqual([400, "acknowledge.uuid: is not 16 bytes\n"]);
  }
});

const idsOf = ({ agent_id, task_id: task }: Plain) => ({ agent_id, task_id: task });

table.row("acknowledgement: an unknown uuid", async (wire) => {
  const { live, client, stream, update } = await running(wire);
  await client.acknowledge({ ...idsOf(update), uuid: Buffer.alloc(16).toString("base64") });
  live.skip(11_000);
  expect((await stream.update("t1")).uuid).toBe(update.uuid);
});

table.row("acknowledgement: an unknown task or agent", async (wire) => {
  const { client, stream, update } = await running(wire);
  await client.acknowledge({ ...update, task_id: { value: "nobody's" } });
  await client.acknowledge({ ...update, agent_id: { value: "nobody" } });
  await client.quiet(stream);
});

table.row("retried until acknowledged, and no longer", async (wire) => {
  const { live, client, stream, update } = await running(wire, { durationMs: 1e6 });
  // After 10 s, and after 20 s more.
  for (const [quietMs, moreMs] of [
    [9_000, 2_000],
    [17_000, 3_000],
  ] as const) {
    live.skip(quietMs);
    await client.quiet(stream);
    expect(stream.waiting("UPDATE")).toEqual([]);
    live.skip(moreMs);
    expect((await stream.update("t1")).uuid).toBe(update.uuid);
  }
  await client.acknowledge(update);
  live.skip(100_000);
  await client.quiet(stream);
  expect(stream.waiting("UPDATE")).toEqual([]);
});

table.row("the next comes after the acknowledgement of the one before", async (wire) => {
  const { live, client, stream, update } = await running(wire, { durationMs: 1_000 });
  live.skip(5_000);
  await client.quiet(stream);
  expect(stream.waiting("UPDATE")).toEqual([]);
  await client.acknowledge(update);
  expect((await stream.update("t1")).state).toBe("TASK_FINISHED");
});

table.row("KILL unknown", async (wire) => {
  const { client, stream, offer } = await running(wire);
  const { agent_id } = offer;
  await client.say("KILL", { kill: { task_id: { value: "t8" } } });
  await client.say("KILL", { kill: { task_id: { value: "t9" }, agent_id } });
  const reason = "REASON_RECONCILIATION";
  expect(await stream.update("t8")).toMatchObject({ state: "TASK_UNKNOWN", source: "SOURCE_MASTER", reason });
  expect(await stream.update("t9")).toMatchObject({ state: "TASK_GONE", source: "SOURCE_MASTER", reason });
});

table.row("KILL with the wrong agent", async (wire) => {
  const { live, client, stream, update } = await running(wire);
  await client.acknowledge(update);
  await client.say("KILL", { kill: { task_id, agent_id: { value: "nobody" } } });
  live.skip(1_000);
  await client.quiet(stream);
  expect(stream.waiting("UPDATE")).toEqual([]);
});

/** A task on a slave that only listens. */
async function scripted(wire: Wire) {
  const live = await LiveCluster.start({ slaves: [] });
  const slave = live.scripted("scripted", undefined, true);
  const client = live.client(wire);
  const stream = await client.subscribe({ checkpoint: true, failover_timeout: 60 });
  const offer = await client.offer(stream);
  await client.accept([offer], [launch(sleeper(offer, "t1"))]);
  await client.quiet(stream);
  return { live, slave, client, stream };
}

table.row("KILL with a grace period", async (wire) => {
  const { slave, client, stream } = await scripted(wire);
  const orders = [{ grace_period: { nanoseconds: 2_500_000_000 } }, { grace_period: { nanoseconds: -1 } }];
  for (const kill_policy of orders) await client.say("KILL", { kill: { task_id, kill_policy } });
  await client.quiet(stream);
  expect(slave.hearing.of("killOnSlave").map(({ graceMs }) => graceMs)).toEqual([2_500, undefined]);
});

table.row("KILL while the agent is away", async (wire) => {
  const { slave, client, stream } = await scripted(wire);
  const [task] = slave.tasks;
  const { framework } = slave.hearing.of("runTask")[0] ?? {};
  if (task === undefined || framework === undefined) throw new Error("nothing was launched");
  slave.party.cut();
  await client.say("KILL", { kill: { task_id } });
  await client.quiet(stream);
  expect(slave.hearing.of("killOnSlave")).toEqual([]);
  slave.party.connect();
  slave.helloAgain([slave.known(FrameworkId(client.frameworkId), framework, task)]);
  expect(slave.hearing.of("killOnSlave").map(({ taskId }) => taskId)).toEqual(["t1"]);
});

table.row("SHUTDOWN unknown", async (wire) => {
  const { client, stream, offer, update } = await running(wire);
  await client.acknowledge(update);
  const [nobody, here] = [{ value: "nobody" }, offer.agent_id];
  for (const shutdown of [
    { executor_id: nobody, agent_id: here },
    { executor_id: task_id, agent_id: nobody },
  ]) {
    await client.say("SHUTDOWN", { shutdown });
  }
  await client.quiet(stream);
  expect([stream.waiting("UPDATE"), stream.waiting("FAILURE")]).toEqual([[], []]);
});

table.row("MESSAGE", async (wire) => {
  const { client, stream, offer } = await running(wire);
  const data = Buffer.from("hello").toString("base64");
  await client.say("MESSAGE", { message: { agent_id: offer.agent_id, executor_id: task_id, data } });
  await client.quiet(stream);
});

table.complete();
