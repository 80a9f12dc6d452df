import { expect } from "vitest";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import type { ScriptedSlave } from "../../master/scripted-slave.ts";
import { capabilities, launch, sleeper } from "./calls.ts";
import type { Plain, SchedulerClient, Stream, Wire } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** What a scheduler is told that asks about tasks; those that do not know of partitions hear of losses only. */

const rows = [
  "implicit",
  "implicit: what was acknowledged is over",
  "known task",
  "known task, whatever agent is named",
  "agent registered, task unknown",
  "agent known from the registry, not back yet",
  "agent unreachable",
  "agent gone",
  "agent never seen",
  "no agent, task unknown",
] as const;

const kinds = ["partition-aware", "not partition-aware"] as const;
const table = new ContractTable(
  "reconciliation",
  rows.flatMap((row) => kinds.map((kind) => `${row}, ${kind}` as const)),
);

type Scene = {
  readonly live: LiveCluster;
  readonly client: SchedulerClient;
  readonly stream: Stream;
  readonly slave: ScriptedSlave;
  readonly aware: boolean;
};

function row(name: (typeof rows)[number], body: (scene: Scene) => Promise<void>): void {
  for (const kind of kinds) {
    table.row(`${name}, ${kind}`, async (wire: Wire) => {
      const aware = kind === "partition-aware";
      const live = await LiveCluster.start({ slaves: [] });
      const slave = live.scripted("scripted", undefined, true);
      const client = live.client(wire);
      const info = aware ? capabilities("PARTITION_AWARE") : {};
      const stream = await client.subscribe({ failover_timeout: 1e6, checkpoint: true, ...info });
      await body({ live, client, stream, slave, aware });
    });
  }
}

const ask = (client: SchedulerClient, ...tasks: readonly (readonly [string, string?])[]) =>
  client.say("RECONCILE", {
    reconcile: {
      tasks: tasks.map(([task, agent]) => ({
        task_id: { value: task },
        ...(agent === undefined ? {} : { agent_id: { value: agent } }),
      })),
    },
  });

const answer = { source: "SOURCE_MASTER", reason: "REASON_RECONCILIATION" };

function expectAnswer(status: Plain, state: string): void {
  expect(status).toMatchObject({ ...answer, state });
  expect(status).not.toHaveProperty("uuid");
}

const uuid = Buffer.alloc(16, 7).toString("base64url").slice(0, 21);

/** A task of the framework on the slave, which has said how it is. */
async function start({ client, stream, slave }: Scene, state: "running" | "finished"): Promise<Plain> {
  const offer = await client.offer(stream);
  await client.accept([offer], [launch(sleeper(offer, "t1"))]);
  slave.report(FrameworkId(client.frameworkId), "t1", state, { uuid });
  return await stream.update("t1");
}

row("implicit", async (scene) => {
  const { client, stream } = scene;
  await start(scene, "finished");
  await ask(client);
  // It has ended, but that is not acknowledged yet.
  expectAnswer(await stream.update("t1"), "TASK_FINISHED");
});

row("implicit: what was acknowledged is over", async (scene) => {
  const { client, stream } = scene;
  const status = await start(scene, "finished");
  await client.acknowledge(status);
  await ask(client);
  await client.quiet(stream);
  expect(stream.waiting("UPDATE")).toEqual([]);
});

row("known task", async (scene) => {
  await start(scene, "running");
  await ask(scene.client, ["t1", scene.slave.id]);
  expectAnswer(await scene.stream.update("t1"), "TASK_RUNNING");
});

row("known task, whatever agent is named", async (scene) => {
  await start(scene, "running");
  await ask(scene.client, ["t1"], ["t1", "nobody"]);
  expectAnswer(await scene.stream.update("t1"), "TASK_RUNNING");
  expectAnswer(await scene.stream.update("t1"), "TASK_RUNNING");
});

row("agent registered, task unknown", async ({ client, stream, slave, aware }) => {
  await ask(client, ["t9", slave.id]);
  expectAnswer(await stream.update("t9"), aware ? "TASK_GONE" : "TASK_LOST");
});

row("agent known from the registry, not back yet", async ({ live, client, slave, aware }) => {
  live.restartMaster();
  const stream = await client.subscribe({
    failover_timeout: 1e6,
    ...(aware ? capabilities("PARTITION_AWARE") : {}),
    id: { value: client.frameworkId },
  });
  await ask(client, ["t9", slave.id], ["t8"]);
  await client.quiet(stream);
  expect(stream.waiting("UPDATE")).toEqual([]);
  // Its time has passed.
  live.skip(6_000);
  await ask(client, ["t9", slave.id], ["t8"]);
  const status = await stream.update("t9");
  expectAnswer(status, aware ? "TASK_UNREACHABLE" : "TASK_LOST");
  expect("unreachable_time" in status).toBe(aware);
  expectAnswer(await stream.update("t8"), aware ? "TASK_UNKNOWN" : "TASK_LOST");
});

row("agent unreachable", async (scene) => {
  const { live, client, stream, slave, aware } = scene;
  await start(scene, "running");
  live.silence(slave);
  const told = await stream.update("t1");
  expect(told).toMatchObject({ state: aware ? "TASK_UNREACHABLE" : "TASK_LOST", reason: "REASON_AGENT_REMOVED" });
  await ask(client, ["t1", slave.id], ["t9", slave.id]);
  for (const task of ["t1", "t9"]) {
    const status = await stream.update(task);
    expectAnswer(status, aware ? "TASK_UNREACHABLE" : "TASK_LOST");
    expect("unreachable_time" in status).toBe(aware);
    if (aware)
      expect(status.unreachable_time.nanoseconds / 1e9).toBeCloseTo(told.unreachable_time.nanoseconds / 1e9, 0);
  }
});

row("agent gone", async (scene) => {
  const { live, client, stream, slave, aware } = scene;
  await start(scene, "running");
  const response = await fetch(`http://127.0.0.1:${live.port}/api/v1`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ type: "MARK_AGENT_GONE", mark_agent_gone: { agent_id: { value: slave.id } } }),
  });
  expect(response.status).toBe(200);
  const told = await stream.update("t1");
  expect(told).toMatchObject({
    state: aware ? "TASK_GONE_BY_OPERATOR" : "TASK_LOST",
    reason: "REASON_AGENT_REMOVED_BY_OPERATOR",
  });
  await ask(client, ["t1", slave.id]);
  expectAnswer(await stream.update("t1"), aware ? "TASK_GONE_BY_OPERATOR" : "TASK_LOST");
});

row("agent never seen", async ({ client, stream, aware }) => {
  await ask(client, ["t9", "nobody"]);
  expectAnswer(await stream.update("t9"), aware ? "TASK_UNKNOWN" : "TASK_LOST");
});

row("no agent, task unknown", async ({ client, stream, aware }) => {
  await ask(client, ["t9"]);
  const status = await stream.update("t9");
  expectAnswer(status, aware ? "TASK_UNKNOWN" : "TASK_LOST");
  expect(status).not.toHaveProperty("agent_id");
});

table.complete();
