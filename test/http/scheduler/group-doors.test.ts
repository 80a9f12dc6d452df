/** Schedulers of the SDK launch groups over the bridge and by HTTP alike. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type SlaveId, TaskId } from "../../../src/protocol/ids.ts";
import type { TaskInfo } from "../../../src/protocol/task.ts";
import { isAlive, temporary, until } from "../../e2e/kit.ts";
import { Doors } from "./doors.ts";

let doors: Doors;

beforeAll(async () => {
  doors = await Doors.open();
});

afterEach(() => doors.leave());
afterAll(() => doors.close());

function shell(id: string, slaveId: SlaveId, value: string): TaskInfo {
  const resources = { cpus: 100, mem: 32_000 };
  return { taskId: TaskId(id), name: id, slaveId, resources, command: { shell: true, value } };
}

describe.each(["bridge", "http"] as const)("a scheduler that comes by %s", (door) => {
  test("launches a group, of which nothing is left when one of its processes fails", async () => {
    const probe = doors.probe(door);
    const { id, slaveId } = await probe.offer();
    using home = temporary();
    const go = join(home.path, "go");
    const executor = { executorId: "pod", resources: { cpus: 100, mem: 32_000, disk: 1_000 } };
    const fails = shell("fails", slaveId, `until test -e ${go}; do sleep 0.02; done; exit 3`);
    probe.driver.launchGroup([id], { executor, tasks: [fails, shell("stays", slaveId, "exec sleep 600")] });
    await probe.state("fails", "running");
    const { worker } = await probe.state("stays", "running");
    expect(isAlive(Number(worker))).toBe(true);
    writeFileSync(go, "");
    expect(await probe.terminal("fails")).toMatchObject({ state: "failed", executorId: "pod" });
    expect(await probe.terminal("stays")).toMatchObject({
      state: "killed",
      executorId: "pod",
      message: "Command terminated with signal SIGTERM; its group ends, because task fails is failed",
    });
    await until(() => (isAlive(Number(worker)) ? undefined : true));
  });

  test("is told what is wrong with its group, once for each task", async () => {
    const probe = doors.probe(door);
    const { id, slaveId } = await probe.offer();
    const executor = { executorId: "pod", resources: { cpus: 100, mem: 32_000 } };
    const tasks = [shell("g1", slaveId, "true"), shell("g2", slaveId, "true")];
    probe.driver.launchGroup([id], { executor, tasks }, { refuseMs: 0 });
    const message = "the executor of the group: it has 0 disk, and needs at least 0.001";
    const refused = { state: "error", reason: "TASK_GROUP_INVALID", message };
    for (const { taskId } of tasks) expect(await probe.terminal(taskId)).toMatchObject(refused);
  });
});
