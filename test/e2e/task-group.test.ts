/** A group of real processes, launched by a scheduler of Mesos's API on a master and a slave in processes of their own. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scalar } from "../http/scheduler/calls.ts";
import { type Plain, SchedulerClient } from "../http/scheduler/client.ts";
import { isAlive, startMaster, startSlave, temporary, until } from "./kit.ts";

test("one task of a group fails: the other is gone, and what all of them held comes back", async () => {
  using home = temporary();
  const { process: master, address } = await startMaster(home.path);
  await using _master = master;
  await using _slave = await startSlave(home.path, address, "slave", "cpus:1;mem:512;disk:100");
  const client = new SchedulerClient(Number(address.split(":")[1]), "protobuf");
  const stream = await client.subscribe();
  const offer = await client.offer(stream);
  const task = (id: string, value: string) => ({
    name: id,
    task_id: { value: id },
    agent_id: offer.agent_id,
    resources: [scalar("cpus", 0.4), scalar("mem", 32)],
    command: { value },
  });
  const go = join(home.path, "go");
  const pidFile = join(home.path, "pid");
  const launch_group = {
    executor: {
      type: "DEFAULT",
      executor_id: { value: "pod" },
      resources: [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 10)],
    },
    // The second ignores SIGTERM: it is its kill policy that ends it.
    task_group: {
      tasks: [
        task("fails", `until test -e ${go}; do sleep 0.02; done; exit 3`),
        {
          ...task("stays", `trap '' TERM; echo $$ > ${pidFile}; while :; do sleep 0.05; done`),
          kill_policy: { grace_period: { nanoseconds: 2e8 } },
        },
      ],
    },
  };
  await client.accept([offer], [{ type: "LAUNCH_GROUP", launch_group }], { filters: { refuse_seconds: 0 } });
  for (const id of ["fails", "stays"]) {
    const status = await stream.update(id);
    expect(status).toMatchObject({ state: "TASK_RUNNING", executor_id: { value: "pod" } });
    await client.acknowledge(status);
  }
  const pid = await until(() => Number(readFileSync(pidFile, { encoding: "utf8", flag: "a+" })) || undefined);
  expect(isAlive(pid)).toBe(true);

  writeFileSync(go, "");
  const ends = [await stream.update("fails"), await stream.update("stays")];
  expect(ends.map(({ state }: Plain) => state)).toEqual(["TASK_FAILED", "TASK_KILLED"]);
  expect(ends[1].message).toBe("Command terminated with signal SIGKILL; its group ends, because task fails is failed");
  expect(isAlive(pid)).toBe(false);
  await until(async () => {
    const { slaves } = (await (await fetch(`http://${address}/slaves`)).json()) as Plain;
    const { cpus, mem, disk } = slaves[0].used_resources;
    return cpus + mem + disk === 0 ? true : undefined;
  });
});
