import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAlive, startMaster, startSlave, temporary, until } from "../../e2e/kit.ts";
import { booksOf } from "./books.ts";
import { Judge } from "./judge.ts";

test("the master is killed and comes back: the client subscribes under its id and hears how its tasks end", async () => {
  using home = temporary();
  const before = await startMaster(home.path);
  await using first = before.process;
  const port = Number(before.address.split(":")[1]);
  const slaves = ["one", "two"].map((name) => startSlave(home.path, before.address, name, "cpus:1;mem:512"));
  const [one, two] = await Promise.all(slaves);
  await using _one = one;
  await using _two = two;
  // One ends while there is no master, the other when it is back.
  const [early = "", late = ""] = ["early", "late"].map((name) => join(home.path, name));
  const tasks = [early, late].map((gate, index) => {
    const command = `while [ ! -e ${gate} ]; do sleep 0.05; done; echo $MESOS_TASK_ID >> ${gate}`;
    return { name: `task-${index}`, instances: 1, command, cpus: 0.1, ports: 0 };
  });
  await using judge = new Judge({ name: "survivor", port, tasks });
  const running = await judge.statuses("TASK_RUNNING", 2);
  await judge.until(() => (judge.count("sent_acknowledge") === 2 ? true : undefined));
  const { frameworkId } = await judge.subscribed();

  first.kill("SIGKILL");
  await first.finished;
  await judge.until(() => judge.errors.find((error) => error.includes("ECONNREFUSED")));
  const pidOf = (name: string) =>
    running.find(({ task_id }) => task_id.value.includes(name))?.container_status.executor_pid ?? -1;
  expect([pidOf("task-0"), pidOf("task-1")].filter(isAlive).length).toBe(2);
  writeFileSync(early, "");
  await until(() => (isAlive(pidOf("task-0")) ? undefined : true));
  await using _again = (await startMaster(home.path, port)).process;
  expect((await judge.subscribed(2)).frameworkId).toBe(frameworkId);
  await judge.statuses("TASK_FINISHED");
  expect(isAlive(pidOf("task-1"))).toBe(true);
  writeFileSync(late, "");

  const finished = await judge.statuses("TASK_FINISHED", 2);
  const ids = (statuses: typeof running) => statuses.map(({ task_id }) => task_id.value).sort();
  expect(ids(finished)).toEqual(ids(running));
  const books = await until(async () => {
    const { registered } = await booksOf(before.address, frameworkId);
    return registered?.tasks.length === 0 ? registered : undefined;
  });
  expect(books.active).toBe(true);
  expect(books.completed_tasks.map(({ state }) => state)).toEqual(["TASK_FINISHED", "TASK_FINISHED"]);
});
