import { expect } from "vitest";
import { capabilities, launch, scalar, sleeper } from "./calls.ts";
import type { Plain, Wire } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** RESERVE and UNRESERVE over the scheduler API, and how a scheduler follows them. */

const table = new ContractTable("reservations", [
  "a RESERVE and a LAUNCH on what it reserves",
  "an UNRESERVE of a part",
  "a RESERVE in the form of the time before refinement",
  "a status is repeated until it is acknowledged",
  "RECONCILE_OPERATIONS",
  "a RESERVE that cannot be understood",
  "an acknowledgement without a uuid of 16 bytes",
]);

const role = "ads";
const stack = { ...capabilities("RESERVATION_REFINEMENT"), roles: undefined, role };
const reserved = (cpus: number) => ({ ...scalar("cpus", cpus), reservations: [{ type: "DYNAMIC", role }] });
const reserve = (resources: readonly object[], id?: string, more: object = {}) => ({
  type: "RESERVE",
  reserve: { resources, ...more },
  ...(id === undefined ? {} : { id: { value: id } }),
});
const unreserve = (resources: readonly object[], id: string) => ({
  type: "UNRESERVE",
  unreserve: { resources },
  id: { value: id },
});
const noFilter = { filters: { refuse_seconds: 0 } };

async function scene(wire: Wire, info: object = stack) {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe(info);
  const status = async () => (await stream.take("UPDATE_OPERATION_STATUS")).update_operation_status.status as Plain;
  return { live, client, stream, status, offer: await client.offer(stream) };
}

const cpusOf = (offer: Plain) => (offer.resources as readonly Plain[]).filter(({ name }) => name === "cpus");

table.row("a RESERVE and a LAUNCH on what it reserves", async (wire) => {
  const { live, client, stream, status, offer } = await scene(wire);
  const on = sleeper(offer, "t1", { task: { resources: [reserved(1)] } });
  await client.accept([offer], [reserve([reserved(2)], "r"), launch(on)], noFilter);
  expect(await status()).toEqual({
    operation_id: { value: "r" },
    state: "OPERATION_FINISHED",
    uuid: { value: expect.anything() },
    agent_id: offer.agent_id,
  });
  expect((await stream.update("t1")).state).toBe("TASK_RUNNING");
  live.skip(1_100);
  const next = await client.offer(stream, (each) =>
    cpusOf(each).some(({ reservations = [] }) => reservations.length > 0),
  );
  const kept = cpusOf(next).find(({ reservations = [] }) => reservations.length > 0);
  expect(kept).toMatchObject({ scalar: { value: 1 }, reservations: [{ type: "DYNAMIC", role }] });
});

table.row("an UNRESERVE of a part", async (wire) => {
  const { client, status, offer } = await scene(wire);
  const parts = [reserve([reserved(2)]), unreserve([reserved(1)], "u"), unreserve([reserved(2)], "more")];
  await client.accept([offer], parts, noFilter);
  expect(await status()).toMatchObject({ operation_id: { value: "u" }, state: "OPERATION_FINISHED" });
  const refused = await status();
  expect(refused).toMatchObject({ operation_id: { value: "more" }, state: "OPERATION_ERROR" });
  expect(refused.message).toContain("this is not reserved");
  expect(refused).not.toHaveProperty("uuid");
});

table.row("a RESERVE in the form of the time before refinement", async (wire) => {
  const { live, client, stream, status, offer } = await scene(wire, { roles: undefined, role });
  await client.accept([offer], [reserve([{ ...scalar("cpus", 1), role, reservation: {} }], "r")], noFilter);
  expect((await status()).state).toBe("OPERATION_FINISHED");
  live.skip(1_100);
  const next = await client.offer(stream, (each) => cpusOf(each).length === 2);
  expect(cpusOf(next).find(({ reservation }) => reservation !== undefined)).toMatchObject({ role });
});

table.row("a status is repeated until it is acknowledged", async (wire) => {
  const { live, client, stream, status, offer } = await scene(wire);
  await client.accept([offer], [reserve([reserved(1)], "r")], noFilter);
  const told = await status();
  live.skip(10_100);
  expect(await status()).toEqual(told);
  const acknowledged = { agent_id: told.agent_id, operation_id: told.operation_id, uuid: told.uuid.value };
  await client.say("ACKNOWLEDGE_OPERATION_STATUS", { acknowledge_operation_status: acknowledged });
  await client.quiet(stream);
  live.skip(30_000);
  await client.quiet(stream);
  expect(stream.waiting("UPDATE_OPERATION_STATUS")).toEqual([]);
});

table.row("RECONCILE_OPERATIONS", async (wire) => {
  const { client, status, offer } = await scene(wire);
  await client.accept([offer], [reserve([reserved(1)], "r")], noFilter);
  const told = await status();
  const headers = { accept: wire === "json" ? "application/json" : "application/x-protobuf" };
  const answer = await client.call("RECONCILE_OPERATIONS", { reconcile_operations: { operations: [] } }, { headers });
  expect(client.decodeResponse(answer).reconcile_operations.operation_statuses).toEqual([told]);
});

table.row("a RESERVE that cannot be understood", async (wire) => {
  const { client, stream, status, offer } = await scene(wire);
  const bad: readonly (readonly [object, RegExp])[] = [
    [reserve([reserved(1)], "1", { source: [reserved(1)] }), /source must be empty/],
    [reserve([], "2"), /uses no resources/],
    [reserve([scalar("cpus", 1)], "3"), /named without a reservation/],
    [reserve([{ ...reserved(1), allocation_info: { role: "web" } }], "4"), /allocated to role web/],
    [reserve([{ ...scalar("cpus", 1), reservations: [{ type: "DYNAMIC", role: "web" }] }], "5"), /role web/],
  ];
  await client.accept([offer], [...bad.map(([operation]) => operation), launch(sleeper(offer, "t1"))]);
  for (const [, message] of bad) {
    const refused = await status();
    expect([refused.state, refused.message]).toEqual(["OPERATION_ERROR", expect.stringMatching(message)]);
  }
  expect((await stream.update("t1")).state).toBe("TASK_RUNNING");
});

table.row("an acknowledgement without a uuid of 16 bytes", async (wire) => {
  const { client } = await scene(wire);
  const acknowledged = { operation_id: { value: "r" }, uuid: wire === "json" ? "AAAA" : Buffer.alloc(3) };
  const answer = await client.call("ACKNOWLEDGE_OPERATION_STATUS", { acknowledge_operation_status: acknowledged });
  expect([answer.status, answer.text]).toEqual([400, "acknowledge_operation_status.uuid: is not 16 bytes\n"]);
});

table.complete();
