import { expect } from "vitest";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import { capabilities, launch, sleeper } from "./calls.ts";
import type { Plain } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** What a framework sees that says what it knows how to deal with. */

const table = new ContractTable("capabilities", [
  "none",
  "MULTI_ROLE",
  "RESERVATION_REFINEMENT",
  "MULTI_ROLE and RESERVATION_REFINEMENT",
  "not PARTITION_AWARE",
  "PARTITION_AWARE",
  "one that nobody knows",
  "one gained while subscribed",
]);

const forms = [
  ["none", [], { role: "*" }, undefined],
  ["MULTI_ROLE", ["MULTI_ROLE"], { role: "*", allocation_info: { role: "a" } }, { role: "a" }],
  ["RESERVATION_REFINEMENT", ["RESERVATION_REFINEMENT"], {}, undefined],
  [
    "MULTI_ROLE and RESERVATION_REFINEMENT",
    ["MULTI_ROLE", "RESERVATION_REFINEMENT"],
    { allocation_info: { role: "a" } },
    { role: "a" },
  ],
] as const;

const roleKeys = ({ role, allocation_info, reservation, reservations }: Plain) =>
  JSON.parse(JSON.stringify({ role, allocation_info, reservation, reservations }));

for (const [row, names, form, allocated] of forms) {
  table.row(row, async (wire) => {
    const live = await LiveCluster.start();
    const client = live.client(wire);
    const hasMany = names.some((name) => name === "MULTI_ROLE");
    const stream = await client.subscribe({
      ...capabilities(...names),
      ...(hasMany ? { roles: ["a"] } : { role: "a" }),
    });
    const offer = await client.offer(stream);
    expect(offer.allocation_info).toEqual(allocated);
    expect(offer.resources.map(({ name }: Plain) => name)).toEqual(["cpus", "mem", "disk", "ports"]);
    for (const resource of offer.resources) expect(roleKeys(resource)).toEqual(form);
    // What was offered can be given back as it came, or without what a role has to do with it.
    const [cpus] = offer.resources;
    const echoed = { ...cpus, scalar: { value: 1 } };
    await client.accept(
      [offer],
      [launch(sleeper(offer, "echo", { task: { resources: [echoed] } }), sleeper(offer, "bare"))],
    );
    for (const task of ["echo", "bare"]) expect((await stream.update(task)).state).toBe("TASK_RUNNING");
  });
}

for (const aware of [true, false]) {
  table.row(aware ? "PARTITION_AWARE" : "not PARTITION_AWARE", async (wire) => {
    const live = await LiveCluster.start({ slaves: [] });
    const slave = live.scripted("scripted", undefined, true);
    const client = live.client(wire);
    const info = { checkpoint: true, failover_timeout: 60, ...(aware ? capabilities("PARTITION_AWARE") : {}) };
    const stream = await client.subscribe(info);
    const offer = await client.offer(stream);
    await client.accept([offer], [launch(sleeper(offer, "t1"))]);
    const [task] = slave.tasks;
    const { framework } = slave.hearing.of("runTask")[0] ?? {};
    if (task === undefined || framework === undefined) throw new Error("nothing was launched");
    live.silence(slave);
    const away = await stream.update("t1");
    expect(away).toMatchObject({ state: aware ? "TASK_UNREACHABLE" : "TASK_LOST", source: "SOURCE_MASTER" });
    expect("unreachable_time" in away).toBe(aware);
    expect(away).not.toHaveProperty("uuid");
    expect((await stream.take("FAILURE")).failure).toEqual({ agent_id: { value: slave.id } });
    // Its agent comes back with the task, which has run on.
    slave.pongs = true;
    slave.helloAgain([slave.known(FrameworkId(client.frameworkId), framework, task)]);
    const back = await stream.update("t1");
    expect(back).toMatchObject({ state: "TASK_RUNNING", source: "SOURCE_MASTER", reason: "REASON_AGENT_REREGISTERED" });
    expect(back).not.toHaveProperty("uuid");
  });
}

table.row("one that nobody knows", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const type = wire === "json" ? "FROM_THE_FUTURE" : 99;
  const stream = await client.subscribe({ capabilities: [{ type }, { type: "MULTI_ROLE" }], roles: ["a"] });
  expect((await client.offer(stream)).allocation_info).toEqual({ role: "a" });
});

table.row("one gained while subscribed", async (wire) => {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe({ role: "a" });
  const first = await client.offer(stream);
  expect(first).not.toHaveProperty("allocation_info");
  const framework_info = {
    user: "ada",
    name: "f",
    ...capabilities("MULTI_ROLE"),
    roles: ["a"],
    id: { value: client.frameworkId },
  };
  expect((await client.call("UPDATE_FRAMEWORK", { update_framework: { framework_info } })).status).toBe(200);
  await client.say("DECLINE", { decline: { offer_ids: [first.id], filters: { refuse_seconds: 0 } } });
  live.skip(1_100);
  expect((await client.offer(stream)).allocation_info).toEqual({ role: "a" });
});

table.complete();
