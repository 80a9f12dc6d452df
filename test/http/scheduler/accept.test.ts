import { expect } from "vitest";
import { capabilities, group, launch, launchGroup, multiRole, scalar, sleeper } from "./calls.ts";
import type { Plain, SchedulerClient, Stream, Wire } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** ACCEPT: which offers it may name, what becomes of what it launches, and where the rest goes. */

const offerFaults = [
  "1 no offer",
  "1 an offer of nobody's",
  "1 an offer twice",
  "1 an offer of another framework",
  "1 offers of two agents",
  "1 offers of two roles",
] as const;

const otherOperations = {
  RESERVE: { reserve: { resources: [scalar("cpus", 1)] } },
  UNRESERVE: { unreserve: { resources: [scalar("cpus", 1)] } },
  CREATE: { create: { volumes: [scalar("disk", 1)] } },
  DESTROY: { destroy: { volumes: [scalar("disk", 1)] } },
  GROW_VOLUME: { grow_volume: { volume: scalar("disk", 1), addition: scalar("disk", 1) } },
  SHRINK_VOLUME: { shrink_volume: { volume: scalar("disk", 1), subtract: { value: 1 } } },
  CREATE_DISK: { create_disk: { source: scalar("disk", 1), target_type: "MOUNT" } },
  DESTROY_DISK: { destroy_disk: { source: scalar("disk", 1) } },
} as const;
type OtherOperation = keyof typeof otherOperations;
const otherNames = Object.keys(otherOperations) as OtherOperation[];

const table = new ContractTable("ACCEPT", [
  ...offerFaults,
  "1 operations on offers that are not valid",
  "1 the agent has gone",
  "2 operations see what those before left",
  "2 several offers of an agent are one",
  "3 the rest is returned with the filter",
  "3 no operation declines",
  "3 an empty LAUNCH declines",
  "4 allocation_info is filled in",
  "4 another allocation_info is an error",
  "LAUNCH: siblings of an invalid task run",
  "LAUNCH with an operation id",
  ...otherNames,
]);

async function scene(wire: Wire, info: object = {}) {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe(info);
  return { live, client, stream, offer: await client.offer(stream) };
}

const sized = ({ name, scalar: amount, ranges }: Plain) => ({ name, amount, ranges });

const nowhere = { agent_id: { value: "nobody" } };

/** What every offer fault names, and an agent that the task says. */
async function faulty(live: LiveCluster, client: SchedulerClient, stream: Stream, fault: (typeof offerFaults)[number]) {
  const own = await client.offer(stream);
  if (fault === "1 no offer") return { own, named: [] };
  if (fault === "1 an offer of nobody's") return { own, named: [own.id, { value: "nobody-O1" }] };
  if (fault === "1 an offer twice") return { own, named: [own.id, own.id] };
  if (fault === "1 offers of two agents") {
    live.slave("second");
    return { own, named: [own.id, (await client.offer(stream)).id] };
  }
  if (fault === "1 offers of two roles") {
    // While a task counts against one role, the rest goes to the other; what it leaves then goes to the first.
    await client.accept([own], [launch(sleeper(own, "short", { durationMs: 1_500 }))], zero);
    await client.acknowledge(await stream.update("short", "TASK_RUNNING"));
    live.skip(1_100);
    const one = await client.offer(stream);
    live.skip(2_000);
    const other = await client.offer(stream);
    expect([one.allocation_info.role, other.allocation_info.role].sort()).toEqual(["a", "b"]);
    expect(one.agent_id).toEqual(other.agent_id);
    return { own, named: [one.id, other.id] };
  }
  await client.say("SUPPRESS");
  const other = live.client(client.wire);
  const others = await other.subscribe(multiRole("a"));
  live.slave("second");
  return { own, named: [own.id, (await other.offer(others)).id] };
}

for (const fault of offerFaults) {
  table.row(fault, async (wire) => {
    for (const aware of [true, false]) {
      const live = await LiveCluster.start();
      const client = live.client(wire);
      const two = fault === "1 offers of two roles" ? ["a", "b"] : ["a"];
      const stream = await client.subscribe({
        ...capabilities("MULTI_ROLE", ...(aware ? ["PARTITION_AWARE"] : [])),
        roles: two,
      });
      const { own, named } = await faulty(live, client, stream, fault);
      const operations = [launch(sleeper(own, "t1"), sleeper(own, "t2"))];
      await client.say("ACCEPT", { accept: { offer_ids: named, operations } });
      for (const task of ["t1", "t2"]) {
        const status = await stream.update(task);
        expect(status).toMatchObject({
          state: aware ? "TASK_DROPPED" : "TASK_LOST",
          source: "SOURCE_MASTER",
          reason: "REASON_INVALID_OFFERS",
          agent_id: own.agent_id,
        });
        expect(status).not.toHaveProperty("uuid");
      }
      live.skip(1_100);
      // Those that were valid have gone back, whole and without a filter.
      if (named.length === 0 || fault === "1 an offer of another framework") continue;
      const anew = await client.offer(stream, ({ agent_id }) => agent_id.value === own.agent_id.value);
      expect(anew.id).not.toEqual(own.id);
      expect(anew.resources.map(sized)).toEqual(own.resources.map(sized));
    }
  });
}

table.row("1 operations on offers that are not valid", async (wire) => {
  const { client, stream } = await scene(wire);
  const operations = [
    { type: "RESERVE", id: { value: "op1" }, ...otherOperations.RESERVE },
    { type: "RESERVE", ...otherOperations.RESERVE },
    launchGroup(group(nowhere, "t1")),
  ];
  await client.say("ACCEPT", { accept: { offer_ids: [{ value: "nobody" }], operations } });
  const { update_operation_status: refused } = await stream.take("UPDATE_OPERATION_STATUS");
  expect(refused.status).toMatchObject({ operation_id: { value: "op1" }, state: "OPERATION_DROPPED" });
  expect(await stream.update("t1")).toMatchObject({ state: "TASK_LOST", reason: "REASON_INVALID_OFFERS" });
  await client.quiet(stream);
  expect([stream.waiting("UPDATE"), stream.waiting("UPDATE_OPERATION_STATUS")]).toEqual([[], []]);
});

table.row("1 the agent has gone", async (wire) => {
  for (const aware of [true, false]) {
    const live = await LiveCluster.start({ slaves: [] });
    const slave = live.scripted("scripted");
    const client = live.client(wire);
    const stream = await client.subscribe(aware ? capabilities("PARTITION_AWARE") : {});
    const offer = await client.offer(stream);
    slave.party.end();
    await client.accept([offer], [launch(sleeper(offer, "t1"))]);
    expect((await stream.take("RESCIND")).rescind.offer_id).toEqual(offer.id);
    const status = await stream.update("t1");
    expect([status.state, status.source]).toEqual([aware ? "TASK_DROPPED" : "TASK_LOST", "SOURCE_MASTER"]);
    // The offer went with its agent.
    expect(status.reason).toBe("REASON_INVALID_OFFERS");
  }
});

table.row("2 operations see what those before left", async (wire) => {
  const { client, stream, offer } = await scene(wire);
  const [first, second, third] = [3, 1, 1].map((cpus, index) => sleeper(offer, `t${index}`, { cpus }));
  await client.accept([offer], [launch(first ?? {}), launch(second ?? {}, third ?? {})]);
  expect((await stream.update("t0")).state).toBe("TASK_RUNNING");
  expect((await stream.update("t1")).state).toBe("TASK_RUNNING");
  const status = await stream.update("t2");
  expect([status.state, status.message]).toEqual(["TASK_ERROR", expect.stringMatching(/^the task needs more than/)]);
});

table.row("2 several offers of an agent are one", async (wire) => {
  const { live, client, stream, offer } = await scene(wire);
  await client.accept([offer], [launch(sleeper(offer, "short", { cpus: 3, durationMs: 1_500 }))], zero);
  await client.acknowledge(await stream.update("short", "TASK_RUNNING"));
  live.skip(1_100);
  const rest = await client.offer(stream, ({ resources }) => amount(resources, "cpus") === 1);
  live.skip(1_000);
  const more = await client.offer(stream, ({ resources }) => amount(resources, "cpus") === 3);
  await client.accept([rest, more], [launch(sleeper(offer, "large", { cpus: 4 }))]);
  expect((await stream.update("large")).state).toBe("TASK_RUNNING");
});

const zero = { filters: { refuse_seconds: 0 } };
const amount = (resources: readonly Plain[], name: string) =>
  resources.find((resource: Plain) => resource.name === name)?.scalar.value;

table.row("3 the rest is returned with the filter", async (wire) => {
  const { live, client, stream, offer } = await scene(wire);
  await client.accept([offer], [launch(sleeper(offer, "t1"))], { filters: { refuse_seconds: 50 } });
  await stream.update("t1");
  live.skip(49_000);
  await client.quiet(stream);
  expect(stream.waiting("OFFERS")).toEqual([]);
  live.skip(2_000);
  expect(amount((await client.offer(stream)).resources, "cpus")).toBe(3);
});

for (const [row, operations] of [
  ["3 no operation declines", []],
  ["3 an empty LAUNCH declines", [launch()]],
] as const) {
  table.row(row, async (wire) => {
    const { live, client, stream, offer } = await scene(wire);
    await client.accept([offer], operations, { filters: { refuse_seconds: 50 } });
    live.skip(49_000);
    await client.quiet(stream);
    expect(stream.waiting("OFFERS")).toEqual([]);
    live.skip(2_000);
    expect(amount((await client.offer(stream)).resources, "cpus")).toBe(4);
  });
}

const allocated = (role: string) => ({ resources: [{ ...scalar("cpus", 1), allocation_info: { role } }] });

table.row("4 allocation_info is filled in", async (wire) => {
  const { live, client, stream, offer } = await scene(wire, multiRole("a", "b"));
  const { role } = offer.allocation_info;
  await client.accept([offer], [launch(sleeper(offer, "bare"), sleeper(offer, "named", { task: allocated(role) }))]);
  for (const task of ["bare", "named"]) expect((await stream.update(task)).state).toBe("TASK_RUNNING");
  expect([...live.cluster.state.tasks.all()].map(({ info }) => info.role)).toEqual([role, role]);
});

table.row("4 another allocation_info is an error", async (wire) => {
  const { client, stream, offer } = await scene(wire, multiRole("a", "b"));
  const other = offer.allocation_info.role === "a" ? "b" : "a";
  const two = [scalar("mem", 32), scalar("cpus", 1)].map((one, index) => ({
    ...one,
    allocation_info: { role: index === 0 ? "a" : "b" },
  }));
  const tasks = [
    sleeper(offer, "other", { task: allocated(other) }),
    sleeper(offer, "both", { task: { resources: two } }),
  ];
  await client.accept([offer], [launch(...tasks)]);
  for (const task of ["other", "both"]) {
    expect(await stream.update(task)).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_INVALID" });
  }
});

table.row("LAUNCH: siblings of an invalid task run", async (wire) => {
  const { client, stream, offer } = await scene(wire);
  const tasks = [sleeper(offer, "one"), sleeper(nowhere, "astray"), sleeper(offer, "two")];
  await client.accept([offer], [launch(...tasks)]);
  expect((await stream.update("one")).state).toBe("TASK_RUNNING");
  expect((await stream.update("two")).state).toBe("TASK_RUNNING");
  const status = await stream.update("astray");
  expect(status).toMatchObject({ state: "TASK_ERROR", source: "SOURCE_MASTER", reason: "REASON_TASK_INVALID" });
  expect(status).not.toHaveProperty("uuid");
});

table.row("LAUNCH with an operation id", async (wire) => {
  const { client, stream, offer } = await scene(wire);
  await client.accept([offer], [{ ...launch(sleeper(offer, "t1")), id: { value: "op" } }]);
  expect(await stream.update("t1")).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_INVALID" });
});

for (const type of otherNames) {
  table.row(type, async (wire) => {
    const { client, stream, offer } = await scene(wire);
    const operation = { type, ...otherOperations[type] };
    await client.accept([offer], [{ ...operation, id: { value: "op" } }, operation, launch(sleeper(offer, "t1"))]);
    const { update_operation_status: refused } = await stream.take("UPDATE_OPERATION_STATUS");
    expect(refused.status).toMatchObject({ operation_id: { value: "op" }, state: "OPERATION_ERROR" });
    expect(refused.status).not.toHaveProperty("uuid");
    expect((await stream.update("t1")).state).toBe("TASK_RUNNING");
    await client.quiet(stream);
    expect(stream.waiting("UPDATE_OPERATION_STATUS")).toEqual([]);
  });
}

table.complete();
