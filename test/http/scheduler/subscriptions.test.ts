import { expect } from "vitest";
import { Authenticator, masterRealms } from "../../../src/http/guards/authentication.ts";
import { Secret } from "../../../src/http/guards/secret.ts";
import type { FrameworkId } from "../../../src/protocol/ids.ts";
import { capabilities, launch, multiRole, sleeper } from "./calls.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** What a subscription that succeeds does to the framework, to whoever subscribed before, and to its offers. */

const table = new ContractTable("subscriptions", [
  "no id",
  "id known, connected",
  "id known, disconnected",
  "id unknown, not completed",
  "user and checkpoint changed",
  "what may change has changed",
  "principal absent, client authenticated",
  "disconnect",
  "resume within failover_timeout",
  "failover_timeout passes",
  "failover_timeout absent",
  "teardown",
  "master failover",
]);

const infoOf = (live: LiveCluster, id: string) => live.cluster.state.frameworks.get(id as FrameworkId)?.info;
const stateOf = (live: LiveCluster, id: string) => live.cluster.state.frameworks.get(id as FrameworkId)?.state;
const again = (value: string) => ({ id: { value } });

table.row("no id", async (wire) => {
  const live = await LiveCluster.start({ slaves: [] });
  const [one, other] = [live.client(wire), live.client(wire)];
  await one.subscribe();
  await other.subscribe();
  const { id } = live.cluster.state;
  expect([one.frameworkId, other.frameworkId]).toEqual([`${id}-0000`, `${id}-0001`]);
});

table.row("id known, connected", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const old = await client.subscribe({ failover_timeout: 60 });
  const { id: first } = await client.offer(old);
  const oldStreamId = client.streamId;
  const present = await client.subscribe({ failover_timeout: 60, ...again(client.frameworkId) });
  await old.end();
  expect(old.events.at(-1)).toEqual({ type: "ERROR", error: { message: "Framework failed over" } });
  expect(old.types).not.toContain("RESCIND");
  expect(present.types.slice(0, 2)).toEqual(["SUBSCRIBED", "HEARTBEAT"]);
  expect(present.streamId).not.toBe(oldStreamId);
  expect((await client.call("REVIVE", {}, { streamId: oldStreamId })).status).toBe(400);
  // What the old one was offered is nobody's, and is offered anew.
  const { id: second } = await client.offer(present);
  expect(second).not.toEqual(first);
});

table.row("id known, disconnected", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const old = await client.subscribe({ failover_timeout: 60 });
  const offer = await client.offer(old);
  await client.say("DECLINE", { decline: { offer_ids: [offer.id], filters: { refuse_seconds: 1_000 } } });
  old.close();
  await live.until(() => stateOf(live, client.frameworkId) === "disconnected");
  const present = await client.subscribe({ failover_timeout: 60, ...again(client.frameworkId) });
  await client.offer(present);
  expect(stateOf(live, client.frameworkId)).toBe("connected");
});

table.row("id unknown, not completed", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe(again("my-own_Framework.1"));
  expect(client.frameworkId).toBe("my-own_Framework.1");
  await client.offer(stream);
});

table.row("user and checkpoint changed", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  await client.subscribe({ failover_timeout: 60, checkpoint: true });
  await client.subscribe({ failover_timeout: 60, user: "eve", checkpoint: false, ...again(client.frameworkId) });
  expect(infoOf(live, client.frameworkId)).toMatchObject({ user: "ada", checkpoint: true });
  for (const change of [{ user: "eve" }, { checkpoint: false }]) {
    const framework_info = { user: "ada", name: "f", checkpoint: true, ...change, ...again(client.frameworkId) };
    const answer = await client.call("UPDATE_FRAMEWORK", { update_framework: { framework_info } });
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/^the (user|checkpoint) of a framework/)]);
  }
});

table.row("what may change has changed", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const changed = {
    name: "g",
    failover_timeout: 7,
    hostname: "h",
    webui_url: "http://h",
    labels: { labels: [{ key: "k", value: "v" }] },
  };
  const expected = { name: "g", failoverTimeoutMs: 7_000, hostname: "h", webuiUrl: "http://h", roles: ["b"] };
  await client.subscribe({ ...multiRole("a"), failover_timeout: 60 });
  await client.subscribe({ ...changed, ...multiRole("b"), ...again(client.frameworkId) });
  expect(infoOf(live, client.frameworkId)).toMatchObject({ ...expected, labels: [{ key: "k", value: "v" }] });
  // And while it is subscribed: offers of a role that it drops are taken back.
  const other = live.client(wire);
  const stream = await other.subscribe({ ...multiRole("a", "b"), failover_timeout: 60 });
  await client.say("SUPPRESS");
  await client.say("DECLINE", { decline: { offer_ids: [], filters: {} } });
  live.slave("late");
  const offer = await other.offer(stream, ({ hostname }) => hostname === "late");
  const kept = offer.allocation_info.role === "a" ? "b" : "a";
  const framework_info = { user: "ada", ...changed, ...multiRole(kept), ...again(other.frameworkId) };
  const answer = await other.call("UPDATE_FRAMEWORK", { update_framework: { framework_info } });
  expect([answer.status, answer.text]).toEqual([200, ""]);
  const { rescind } = await stream.take("RESCIND");
  expect(rescind.offer_id).toEqual(offer.id);
  const next = await other.offer(stream, ({ hostname }) => hostname === "late");
  expect(next.allocation_info).toEqual({ role: kept });
});

table.row("principal absent, client authenticated", async (wire) => {
  const credentials = [{ principal: "ada", secret: new Secret("a") }];
  const authenticator = new Authenticator(masterRealms, credentials, ["mesos-master-scheduler"]);
  const live = await LiveCluster.start({ gateway: { authenticator } });
  const client = live.client(wire, { authorization: `Basic ${Buffer.from("ada:a").toString("base64")}` });
  await client.subscribe();
  expect(infoOf(live, client.frameworkId)?.principal).toBe("ada");
  const framework_info = { user: "ada", name: "f", principal: "bob" };
  expect((await client.post({ type: "SUBSCRIBE", subscribe: { framework_info } }, { streamId: null })).status).toBe(
    400,
  );
});

/** A framework with a task that runs and another slave's offer in its hands. */
async function busy(wire: "json" | "protobuf", info: object) {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe(info);
  await client.accept([await client.offer(stream)], [launch(sleeper(await lastOffer(stream), "t1"))]);
  await client.acknowledge(await stream.update("t1", "TASK_RUNNING"));
  live.slave("second");
  const { id } = await client.offer(stream, ({ hostname }) => hostname === "second");
  return { live, client, stream, offerId: id.value as string };
}

const lastOffer = async (stream: {
  readonly events: readonly { readonly offers?: { readonly offers: readonly object[] } }[];
}) => stream.events.flatMap(({ offers }) => offers?.offers ?? []).at(-1);

const taskStates = (live: LiveCluster, id: string) =>
  live.cluster.state.tasks.ofFramework(id as FrameworkId).map(({ status }) => status.state);

table.row("disconnect", async (wire) => {
  const { live, client, stream } = await busy(wire, { failover_timeout: 60 });
  stream.close();
  await live.until(() => stateOf(live, client.frameworkId) === "disconnected");
  expect([...live.cluster.state.offers.all()]).toEqual([]);
  expect(taskStates(live, client.frameworkId)).toEqual(["running"]);
  // The door knows frameworks that are away from its view, which follows a little later.
  live.skip(100);
  expect((await client.call("REVIVE")).status).toBe(403);
});

table.row("resume within failover_timeout", async (wire) => {
  const { live, client, stream, offerId } = await busy(wire, { failover_timeout: 60 });
  stream.close();
  await live.until(() => stateOf(live, client.frameworkId) === "disconnected");
  live.skip(59_000);
  const resumed = await client.subscribe({ failover_timeout: 60, ...again(client.frameworkId) });
  const fresh = await client.offer(resumed, ({ hostname }) => hostname === "second");
  expect(fresh.id.value).not.toBe(offerId);
  live.skip(59_000);
  await client.say("RECONCILE", { reconcile: { tasks: [] } });
  // Its end came while it was being asked for: nothing that ran was lost.
  expect(["TASK_RUNNING", "TASK_FINISHED"]).toContain((await resumed.update("t1")).state);
});

table.row("failover_timeout passes", async (wire) => {
  const { live, client, stream } = await busy(wire, { failover_timeout: 10 });
  stream.close();
  await live.until(() => stateOf(live, client.frameworkId) === "disconnected");
  live.skip(9_000);
  expect(stateOf(live, client.frameworkId)).toBe("disconnected");
  live.skip(2_000);
  expect([stateOf(live, client.frameworkId), taskStates(live, client.frameworkId)]).toEqual(["completed", []]);
  const late = await client.open(again(client.frameworkId));
  expect(await late.take("ERROR")).toEqual({ type: "ERROR", error: { message: "Framework has been removed" } });
});

table.row("failover_timeout absent", async (wire) => {
  const { live, client, stream } = await busy(wire, {});
  stream.close();
  await live.until(() => stateOf(live, client.frameworkId) === "completed");
  expect(taskStates(live, client.frameworkId)).toEqual([]);
});

table.row("teardown", async (wire) => {
  const { live, client, stream } = await busy(wire, { failover_timeout: 60 });
  expect((await client.call("TEARDOWN")).status).toBe(202);
  await stream.end();
  expect([stateOf(live, client.frameworkId), taskStates(live, client.frameworkId)]).toEqual(["completed", []]);
  expect(stream.waiting("UPDATE")).toEqual([]);
  expect((await client.call("TEARDOWN")).status).toBe(400);
});

table.row("master failover", async (wire) => {
  const { live, client, stream } = await busy(wire, { failover_timeout: 60, ...capabilities("PARTITION_AWARE") });
  live.restartMaster();
  await stream.end();
  live.skip(2_000);
  expect([stateOf(live, client.frameworkId), taskStates(live, client.frameworkId)]).toEqual([
    "disconnected",
    ["running"],
  ]);
  const resumed = await client.subscribe({ failover_timeout: 60, ...again(client.frameworkId) });
  await client.say("RECONCILE", { reconcile: { tasks: [{ task_id: { value: "t1" } }] } });
  expect((await resumed.update("t1")).state).toBe("TASK_RUNNING");
});

table.complete();
