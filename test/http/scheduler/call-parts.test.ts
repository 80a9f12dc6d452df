import { expect } from "vitest";
import { launch, scalar } from "./calls.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** Which calls mean nothing without their part, and which do very well. */

const id = (value: string) => ({ value });
const [agent_id, task_id, executor_id] = [id("a"), id("t"), id("e")];
const uuid = Buffer.alloc(16).toString("base64");

/** `whole`: nothing is missing. `lacking`: something that the part must have is. */
const needing = {
  ACCEPT: { whole: { offer_ids: [] }, lacking: { offer_ids: [{}] } },
  DECLINE: { whole: {}, lacking: { offer_ids: [{}] } },
  KILL: { whole: { task_id }, lacking: { agent_id } },
  SHUTDOWN: { whole: { executor_id, agent_id }, lacking: { executor_id } },
  ACKNOWLEDGE: { whole: { agent_id, task_id, uuid }, lacking: { agent_id, task_id } },
  RECONCILE: { whole: {}, lacking: { tasks: [{ agent_id }] } },
  MESSAGE: { whole: { agent_id, executor_id, data: "" }, lacking: { agent_id, executor_id } },
  REQUEST: { whole: { requests: [{ resources: [scalar("cpus", 1)] }] }, lacking: { requests: [{ resources: [{}] }] } },
  ACCEPT_INVERSE_OFFERS: { whole: { inverse_offer_ids: [id("i")] }, lacking: { inverse_offer_ids: [{}] } },
  DECLINE_INVERSE_OFFERS: { whole: {}, lacking: { inverse_offer_ids: [{}] } },
  ACKNOWLEDGE_OPERATION_STATUS: { whole: { uuid, operation_id: id("o") }, lacking: { uuid } },
  RECONCILE_OPERATIONS: { whole: {}, lacking: { operations: [{ agent_id }] } },
} as const;

const without = ["REVIVE", "SUPPRESS", "TEARDOWN"] as const;
const names = Object.keys(needing) as (keyof typeof needing)[];

const table = new ContractTable("parts of calls", [
  ...names,
  ...without,
  "SUBSCRIBE",
  "UPDATE_FRAMEWORK",
  "no type",
  "explicit nulls",
  "an empty DECLINE",
  "ids that differ in UPDATE_FRAMEWORK",
]);

for (const type of names) {
  table.row(type, async (wire) => {
    const live = await LiveCluster.start({ slaves: [] });
    const client = live.client(wire);
    const stream = await client.subscribe();
    const part = type.toLowerCase();
    const bare = await client.call(type);
    expect([bare.status, bare.text]).toEqual([400, `${part}: is missing in a call ${type}\n`]);
    expect((await client.call(type, { [part]: needing[type].lacking })).status).toBe(400);
    const whole = await client.call(type, { [part]: needing[type].whole });
    expect(whole.status).toBe(type === "RECONCILE_OPERATIONS" ? 200 : 202);
    await client.quiet(stream);
  });
}

for (const type of without) {
  table.row(type, async (wire) => {
    const client = (await LiveCluster.start({ slaves: [] })).client(wire);
    await client.subscribe();
    expect((await client.call(type)).status).toBe(202);
  });
}

for (const type of ["SUBSCRIBE", "UPDATE_FRAMEWORK"] as const) {
  table.row(type, async (wire) => {
    const client = (await LiveCluster.start({ slaves: [] })).client(wire);
    await client.subscribe();
    for (const more of [{}, { [type.toLowerCase()]: {} }]) {
      expect((await client.call(type, more, { streamId: type === "SUBSCRIBE" ? null : client.streamId })).status).toBe(
        400,
      );
    }
  });
}

table.row("no type", async (wire) => {
  const client = (await LiveCluster.start({ slaves: [] })).client(wire);
  await client.subscribe();
  expect((await client.post({ framework_id: id(client.frameworkId) })).status).toBe(400);
});

table.row("explicit nulls", async (wire) => {
  const client = (await LiveCluster.start({ slaves: [] })).client(wire);
  await client.subscribe({ id: null, labels: null, checkpoint: null, role: null });
  const accept = { offer_ids: [], operations: [{ ...launch(), id: null, reserve: null }], filters: null };
  expect((await client.call("ACCEPT", { accept, decline: null, kill: null })).status).toBe(202);
});

table.row("an empty DECLINE", async (wire) => {
  const client = (await LiveCluster.start({ slaves: [] })).client(wire);
  const stream = await client.subscribe();
  expect((await client.call("DECLINE", { decline: { offer_ids: [] } })).status).toBe(202);
  expect((await client.call("DECLINE", { decline: { offer_ids: [id("nobody's")] } })).status).toBe(202);
  await client.quiet(stream);
});

table.row("ids that differ in UPDATE_FRAMEWORK", async (wire) => {
  const client = (await LiveCluster.start({ slaves: [] })).client(wire);
  await client.subscribe();
  for (const info of [{ id: id("other") }, {}]) {
    const framework_info = { user: "ada", name: "f", ...info };
    expect((await client.call("UPDATE_FRAMEWORK", { update_framework: { framework_info } })).status).toBe(400);
  }
});

table.complete();
