import { expect } from "vitest";
import { group, launch, launchGroup, scalar, sleeper } from "./calls.ts";
import type { Plain, Wire } from "./client.ts";
import { ContractTable } from "./contract-table.ts";
import { LiveCluster } from "./live-cluster.ts";

/** LAUNCH_GROUP: all of its tasks or none, under one executor; whatever else was asked for happens. */

const table = new ContractTable("LAUNCH_GROUP", [
  "tasks under one executor",
  "SHUTDOWN ends the executor with all of its tasks",
  "an executor that will not do",
  "one task that will not do",
  "an operation id",
]);

async function scene(wire: Wire) {
  const live = await LiveCluster.start();
  const client = live.client(wire);
  const stream = await client.subscribe();
  return { live, client, stream, offer: await client.offer(stream) };
}

const amount = (resources: readonly Plain[], name: string) =>
  resources.find((resource: Plain) => resource.name === name)?.scalar.value;

table.row("tasks under one executor", async (wire) => {
  const { live, client, stream, offer } = await scene(wire);
  await client.accept([offer], [launchGroup(group(offer, "t1", "t2")), launch(sleeper(offer, "alone"))]);
  for (const task of ["t1", "t2"]) {
    const status = await stream.update(task);
    expect(status).toMatchObject({ state: "TASK_RUNNING", executor_id: { value: "e" }, agent_id: offer.agent_id });
    await client.acknowledge(status);
  }
  // Whatever else was asked for happens, with what the group leaves over.
  expect((await stream.update("alone")).state).toBe("TASK_RUNNING");
  live.skip(6_000);
  const rest = await client.offer(stream);
  expect([amount(rest.resources, "cpus"), amount(rest.resources, "mem")]).toEqual([0.9, 4_064]);
  await client.say("KILL", { kill: { task_id: { value: "t2" } } });
  for (const task of ["t2", "t1"]) {
    const status = await stream.update(task);
    expect(status).toMatchObject({ state: "TASK_KILLED", source: "SOURCE_EXECUTOR" });
    expect(status).not.toHaveProperty("reason");
  }
});

table.row("SHUTDOWN ends the executor with all of its tasks", async (wire) => {
  const { client, stream, offer } = await scene(wire);
  await client.accept([offer], [launchGroup(group(offer, "t1", "t2"))]);
  for (const task of ["t1", "t2"]) await client.acknowledge(await stream.update(task));
  await client.say("SHUTDOWN", { shutdown: { executor_id: { value: "e" }, agent_id: offer.agent_id } });
  for (const task of ["t1", "t2"]) {
    const ended = { state: "TASK_FAILED", reason: "REASON_EXECUTOR_TERMINATED" };
    expect(await stream.update(task)).toMatchObject(ended);
  }
  expect((await stream.take("FAILURE")).failure).toMatchObject({
    executor_id: { value: "e" },
    agent_id: offer.agent_id,
  });
});

const command = { value: "true" };

/** What is put in place of a good executor's fields, and what every task of the group is told. */
const badExecutors: Readonly<Record<string, readonly [executor: object, message: RegExp]>> = {
  "without a type": [{ type: undefined }, /^the executor of the group: it has no type/],
  "of a framework's own": [{ type: "CUSTOM", command }, /^the executor of the group: executors of frameworks/],
  "with a command": [{ command }, /^the executor of the group: a DEFAULT executor has no command/],
  "in a docker container": [{ container: { type: "DOCKER" } }, /^the executor of the group: its container is not of/],
  "with a network": [{ container: { type: "MESOS", network_infos: [{}] } }, /^the executor of the group: containers/],
  "without resources": [{ resources: [] }, /^the executor of the group: it uses no resources/],
  "without disk": [{ resources: [scalar("cpus", 1), scalar("mem", 32)] }, /it has 0 disk, and needs at least/],
  "with too little memory": [
    { resources: [scalar("cpus", 1), scalar("mem", 31), scalar("disk", 1)] },
    /it has 31 mem, and needs at least 32/,
  ],
  "with too little cpus": [
    { resources: [scalar("cpus", 0.009), scalar("mem", 32), scalar("disk", 1)] },
    /it has 0\.009 cpus, and needs at least 0\.01/,
  ],
  "for another role": [
    { resources: [scalar("cpus", 1), scalar("mem", 32), { ...scalar("disk", 1), allocation_info: { role: "b" } }] },
    /allocated to role b/,
  ],
};

table.row("an executor that will not do", async (wire) => {
  const { client, stream, offer } = await scene(wire);
  const groups = Object.values(badExecutors).map(([change], at) => {
    const { executor, task_group } = group(offer, `a${at}`, `b${at}`);
    return launchGroup({ executor: { ...executor, ...change }, task_group });
  });
  await client.accept([offer], [...groups, launch(sleeper(offer, "alone", { cpus: 4 }))]);
  for (const [at, [, message]] of Object.values(badExecutors).entries()) {
    for (const task of [`a${at}`, `b${at}`]) {
      const status = await stream.update(task);
      expect(status).toMatchObject({
        state: "TASK_ERROR",
        reason: "REASON_TASK_GROUP_INVALID",
        source: "SOURCE_MASTER",
      });
      expect(status.message).toMatch(message);
    }
  }
  expect((await stream.update("alone")).state).toBe("TASK_RUNNING");
});

/** What is put in place of a good task's fields. */
const badMembers: Readonly<Record<string, readonly [task: object, message: RegExp]>> = {
  "an executor of its own": [
    { executor: { executor_id: { value: "x" }, command } },
    /^task b\d of the group: it has an executor of its own/,
  ],
  "a check": [{ check: { type: "COMMAND", command: { command } } }, /^task b\d of the group: checks are not/],
  "a docker container": [
    { container: { type: "DOCKER", docker: { image: "i" } } },
    /^task b\d of the group: containers/,
  ],
  "more than is left": [
    { resources: [scalar("cpus", 4)] },
    /^task b\d of the group: the task needs more than the offer/,
  ],
  "another agent": [{ agent_id: { value: "other" } }, /^task b\d of the group: the task names slave other/],
};

table.row("one task that will not do", async (wire) => {
  const { client, stream, offer } = await scene(wire);
  const groups = Object.values(badMembers).map(([change], at) => {
    const { executor, task_group } = group(offer, `a${at}`);
    const bad = sleeper(offer, `b${at}`, { task: change });
    return launchGroup({ executor, task_group: { tasks: [...task_group.tasks, bad] } });
  });
  await client.accept([offer], [...groups, launch(sleeper(offer, "alone", { cpus: 4 }))]);
  for (const [at, [, message]] of Object.values(badMembers).entries()) {
    for (const task of [`a${at}`, `b${at}`]) {
      const status = await stream.update(task);
      expect(status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_GROUP_INVALID" });
      expect(status.message).toMatch(message);
    }
  }
  expect((await stream.update("alone")).state).toBe("TASK_RUNNING");
});

table.row("an operation id", async (wire) => {
  const { client, stream, offer } = await scene(wire);
  const operation = launchGroup(group(offer, "t1", "t2"), { id: { value: "op" } });
  await client.accept([offer], [operation, launch(sleeper(offer, "alone"))]);
  for (const task of ["t1", "t2"]) {
    const message = "a launch cannot have an operation id";
    const refused = { state: "TASK_ERROR", reason: "REASON_TASK_GROUP_INVALID", message };
    expect(await stream.update(task)).toMatchObject(refused);
  }
  expect((await stream.update("alone")).state).toBe("TASK_RUNNING");
});

table.complete();
