import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAlive, startMaster, startSlave, temporary, until } from "../kit.ts";
import { booksOf } from "./books.ts";
import { Judge } from "./judge.ts";

test("the master is killed and comes back: the client subscribes under its id and hears how its tasks end", async () => {
  using home = temporary();
  const before = await startMaster(home.path);
  await using first = before.process;
  const port = Number(before.address.split(":")[1]);
  await using _slave = await startSlave(home.path, before.address, "one", "cpus:2;mem:1024");
  const gate = join(home.path, "gate");
  const command = `while [ ! -e ${gate} ]; do sleep 0.05; done; echo $MESOS_TASK_ID >> ${home.path}/ran`;
  const tasks = [{ name: "wait", instances: 3, command, cpus: 0.1, ports: 0 }];
  await using judge = new Judge({ name: "survivor", port, tasks });
  const running = await judge.statuses("TASK_RUNNING", 3);
  await judge.until(() => (judge.count("sent_acknowledge") === 3 ? true : undefined));
  const { frameworkId } = await judge.subscribed();
  const pids = running.map(({ container_status }) => container_status.executor_pid);

  first.kill("SIGKILL");
  await first.finished;
  await judge.until(() => judge.errors.find((error) => error.includes("ECONNREFUSED")));
  await using _again = (await startMaster(home.path, port)).process;
  expect((await judge.subscribed(2)).frameworkId).toBe(frameworkId);
  expect(pids.filter(isAlive)).toEqual(pids);

  writeFileSync(gate, "");
  const finished = await judge.statuses("TASK_FINISHED", 3);
  expect(finished.map(({ task_id }) => task_id.value).sort()).toEqual(
    running.map(({ task_id }) => task_id.value).sort(),
  );
  const books = await until(async () => {
    const { registered } = await booksOf(before.address, frameworkId);
    return registered?.tasks.length === 0 ? registered : undefined;
  });
  expect(books.active).toBe(true);
  expect(books.completed_tasks.map(({ state }) => state)).toEqual(Array(3).fill("TASK_FINISHED"));
});
