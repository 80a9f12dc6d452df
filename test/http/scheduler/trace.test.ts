import { expect, test } from "vitest";
import { launch, sleeper } from "./calls.ts";
import { type Plain, type Stream, type Wire, wires } from "./client.ts";
import { LiveCluster } from "./live-cluster.ts";

/** One session, in both encodings: whoever reads the events must not be able to tell which it was. */

const info = {
  user: "ada",
  name: "session",
  failover_timeout: 60,
  capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }, { type: "UNKNOWN" }],
  roles: ["a", "b"],
  labels: { labels: [{ key: "k" }] },
};

async function session(wire: Wire): Promise<readonly unknown[]> {
  const live = await LiveCluster.start({ config: { offerTimeoutMs: 100_000 } });
  const client = live.client(wire);
  const stream = await client.subscribe(info);
  const first = await client.offer(stream);
  const unfit = sleeper(first, "unfit", { cpus: 400 });
  const operations = [
    launch(sleeper(first, "t1", { durationMs: 3_000 }), sleeper(first, "t2"), unfit),
    launch(sleeper(first, "t3", { durationMs: 2_000, outcome: "failed" })),
    { type: "RESERVE", id: { value: "op" }, reserve: { resources: [] } },
  ];
  await client.accept([first], operations, { filters: { refuse_seconds: 10 } });
  for (const task of ["t1", "t2", "t3"]) await client.acknowledge(await stream.update(task, "TASK_RUNNING"));
  live.skip(2_500);
  await client.acknowledge(await stream.update("t3", "TASK_FAILED"));
  live.skip(1_000);
  await client.acknowledge(await stream.update("t1", "TASK_FINISHED"));
  const second = await client.offer(stream);
  await client.say("DECLINE", { decline: { offer_ids: [second.id], filters: { refuse_seconds: 0.5 } } });
  await client.say("RECONCILE", { reconcile: { tasks: [] } });
  await stream.update("t2", "TASK_RUNNING");
  await client.say("RECONCILE", { reconcile: { tasks: [{ task_id: { value: "t4" }, agent_id: first.agent_id }] } });
  await stream.update("t4", "TASK_GONE");
  await client.say("KILL", { kill: { task_id: { value: "t2" }, kill_policy: { grace_period: { nanoseconds: 1e9 } } } });
  await client.acknowledge(await stream.update("t2", "TASK_KILLED"));
  await client.say("SUPPRESS", { suppress: { roles: ["a"] } });
  await client.say("SUPPRESS");
  live.skip(5_000);
  live.slave("late");
  await client.quiet(stream);
  await client.say("REVIVE", { revive: { roles: ["b"] } });
  await client.quiet(stream);
  live.skip(100_000);
  await client.say("TEARDOWN");
  await stream.end();
  return normalised(stream);
}

/** Ids in the order in which they came up, and no times: those are their own. */
function normalised({ events }: Stream): readonly unknown[] {
  const names = new Map<string, string>();
  const known = events.filter(
    ({ type, update }) => type !== "HEARTBEAT" && !update?.status.task_id.value.startsWith("fence"),
  );
  const [{ subscribed }] = known as Plain;
  const master: string = subscribed.master_info.id;
  return JSON.parse(JSON.stringify(known), (key, value) => {
    if (key === "timestamp") return typeof value;
    if (key === "port" || key === "pid") return key;
    if (typeof value !== "string") return value;
    const isMade = key === "uuid" || (key === "value" && /^[\w-]{21}$/.test(value));
    if (isMade && !names.has(value)) names.set(value, `${key} ${names.size}`);
    return names.get(value) ?? value.replace(master, "master");
  });
}

test("a session has the same events in both encodings", async () => {
  const [json, protobuf] = [await session("json"), await session("protobuf")];
  expect(json.length).toBeGreaterThan(14);
  expect(json).toEqual(protobuf);
  const types = new Set((json as readonly Plain[]).map(({ type }) => type));
  expect([...types].sort()).toEqual(["OFFERS", "RESCIND", "SUBSCRIBED", "UPDATE", "UPDATE_OPERATION_STATUS"]);
});

test.each(wires)("a session is the same each time (%s)", async (wire) => {
  expect(await session(wire)).toEqual(await session(wire));
});
