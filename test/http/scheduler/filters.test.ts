import { expect } from "vitest";
import { launch, multiRole, sleeper } from "./calls.ts";
import type { SchedulerClient, Stream, Wire } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** How long what was declined stays away, and what brings it back. */

const declines = [
  ["absent: 5 s", {}, 5],
  ["negative: 5 s", { filters: { refuse_seconds: -1 } }, 5],
  ["12 s", { filters: { refuse_seconds: 12 } }, 12],
  ["filters without refuse_seconds: 5 s", { filters: {} }, 5],
] as const;

const table = new ContractTable("filters", [
  ...declines.map(([name]) => name),
  "0: none",
  "less than an allocation interval: one",
  "huge: not within an hour",
  "more than was refused breaks through",
  "another framework is offered it",
  "REVIVE clears",
  "SUPPRESS and REVIVE by role",
  "a role of nobody's voids the whole call",
  "suppressed from the start",
]);

async function scene(wire: Wire, info: object = {}) {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe(info);
  const offer = await client.offer(stream);
  return { live, client, stream, offer };
}

async function expectNone(client: SchedulerClient, stream: Stream): Promise<void> {
  await client.quiet(stream);
  expect(stream.waiting("OFFERS")).toEqual([]);
}

const decline = (client: SchedulerClient, offer: { readonly id: object }, more: object) =>
  client.say("DECLINE", { decline: { offer_ids: [offer.id], ...more } });

for (const [name, more, seconds] of declines) {
  table.row(name, async (wire) => {
    const { live, client, stream, offer } = await scene(wire);
    await decline(client, offer, more);
    live.skip((seconds - 1) * 1_000);
    await expectNone(client, stream);
    live.skip(2_100);
    await client.offer(stream);
  });
}

table.row("0: none", async (wire) => {
  const { live, client, stream, offer } = await scene(wire);
  await decline(client, offer, { filters: { refuse_seconds: 0 } });
  live.skip(1_000);
  await client.offer(stream);
});

table.row("less than an allocation interval: one", async (wire) => {
  const live = await LiveCluster.start({ config: { allocationIntervalMs: 20_000 } });
  live.skip(15_000);
  const client = live.client(wire);
  const stream = await client.subscribe();
  await decline(client, await client.offer(stream), { filters: { refuse_seconds: 0.01 } });
  // The next pass over all comes well before an interval has gone by.
  live.skip(10_000);
  await expectNone(client, stream);
  live.skip(30_000);
  await client.offer(stream);
});

table.row("huge: not within an hour", async (wire) => {
  for (const refuse_seconds of [1e300, 3.2e7]) {
    const { live, client, stream, offer } = await scene(wire);
    await decline(client, offer, { filters: { refuse_seconds } });
    live.skip(3_600_000);
    await expectNone(client, stream);
  }
});

table.row("more than was refused breaks through", async (wire) => {
  const { live, client, stream, offer } = await scene(wire);
  const refused = { filters: { refuse_seconds: 1_000 } };
  await client.accept([offer], [launch(sleeper(offer, "t1", { durationMs: 5_000 }))], refused);
  await client.acknowledge(await stream.update("t1", "TASK_RUNNING"));
  live.skip(3_000);
  await expectNone(client, stream);
  live.skip(3_000);
  const { resources } = await client.offer(stream);
  expect(resources[0]).toMatchObject({ name: "cpus", scalar: { value: 4 } });
});

table.row("another framework is offered it", async (wire) => {
  const { live, client, stream, offer } = await scene(wire);
  const other = live.client(wire);
  const others = await other.subscribe();
  await decline(client, offer, { filters: { refuse_seconds: 1_000 } });
  await other.offer(others);
  await expectNone(client, stream);
});

table.row("REVIVE clears", async (wire) => {
  const { client, stream, offer } = await scene(wire);
  await decline(client, offer, { filters: { refuse_seconds: 1_000 } });
  await expectNone(client, stream);
  await client.say("REVIVE");
  await client.offer(stream);
});

table.row("SUPPRESS and REVIVE by role", async (wire) => {
  const { live, client, stream, offer } = await scene(wire, multiRole("a", "b"));
  const { role } = offer.allocation_info;
  const other = role === "a" ? "b" : "a";
  await client.say("SUPPRESS", { suppress: { roles: [role] } });
  await decline(client, offer, { filters: { refuse_seconds: 0 } });
  live.skip(1_100);
  const second = await client.offer(stream);
  expect(second.allocation_info.role).toBe(other);
  await client.say("SUPPRESS");
  await decline(client, second, { filters: { refuse_seconds: 0 } });
  live.skip(10_000);
  await expectNone(client, stream);
  await client.say("REVIVE", { revive: { roles: [role] } });
  expect((await client.offer(stream)).allocation_info.role).toBe(role);
});

table.row("a role of nobody's voids the whole call", async (wire) => {
  const { live, client, stream, offer } = await scene(wire, multiRole("a"));
  await client.say("SUPPRESS", { suppress: { roles: ["a", "nobody's"] } });
  await decline(client, offer, { filters: { refuse_seconds: 0 } });
  live.skip(1_100);
  const second = await client.offer(stream);
  await client.say("SUPPRESS");
  await decline(client, second, { filters: { refuse_seconds: 0 } });
  await client.say("REVIVE", { revive: { roles: ["a", "nobody's"] } });
  live.skip(1_100);
  await expectNone(client, stream);
});

table.row("suppressed from the start", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe(multiRole("a", "b"), { suppressed_roles: ["a", "b"] });
  live.skip(5_000);
  await expectNone(client, stream);
  const framework_info = { user: "ada", name: "f", ...multiRole("a", "b"), id: { value: client.frameworkId } };
  const update_framework = { framework_info, suppressed_roles: ["b"] };
  expect((await client.call("UPDATE_FRAMEWORK", { update_framework })).status).toBe(200);
  expect((await client.offer(stream)).allocation_info.role).toBe("a");
});

table.complete();
