/** Reservations from the command line, and by a framework through either door, on a cluster as people start it. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Mesolite, mesolite, temporary } from "./kit.ts";

const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** Reserves a cpu for its role, runs a task on it, and gives it back. */
const program = `
import { defineScheduler } from ${source("frameworks/scheduler.ts")};
import { reserve, unreserve } from ${source("frameworks/operations.ts")};
import { TaskId } from ${source("protocol/ids.ts")};

const made = reserve({ cpus: 1000 }, { role: "ads" }, "made");
let phase = "new";
export default () => defineScheduler({
  name: "reserving",
  roles: ["ads"],
  resourceOffers([offer], driver) {
    if (offer === undefined) return;
    if (phase === "new") {
      phase = "running";
      const command = { shell: true, value: "true" };
      const tasks = [{ taskId: TaskId("t1"), name: "t1", slaveId: offer.slaveId, resources: made.resources, command }];
      driver.acceptOffers([offer.id], [made, { type: "launch", tasks }], { refuseMs: 0 });
    } else if (phase === "ran" && Object.keys(made.resources).every((key) => key in offer.resources)) {
      phase = "over";
      driver.acceptOffers([offer.id], [unreserve(made.resources, "ended")], { refuseMs: 0 });
    } else driver.decline([offer.id], { refuseMs: 0 });
  },
  statusUpdate({ state }) {
    if (state === "finished") phase = "ran";
  },
  operationUpdate({ operationId, state }, driver) {
    driver.record({ operationId, state });
    if (operationId === "ended") driver.stop({ kind: "done", result: null });
  },
});
`;

type Slave = {
  readonly agent_info: { readonly id: { readonly value: string } };
  readonly total_resources: readonly unknown[];
};

test("a slave is reserved and given back, by an operator and by frameworks", async () => {
  using home = temporary();
  await using dev = new Mesolite(["dev", "--port", "0", "--slaves", "1", "--resources", "cpus:4;mem:4096"], home.path);
  const [, address = ""] = await dev.printed(/ready in \d+ ms: http:\/\/(\S+)/);
  const ask = (...args: readonly string[]) => mesolite([...args, "--master", address], home.path);
  const total = async () => {
    const [slave] = JSON.parse((await ask("slave", "list", "-o", "json")).stdout) as readonly Slave[];
    if (slave === undefined) throw new Error("there is no slave");
    return slave;
  };
  const { value: slave } = (await total()).agent_info.id;
  const label = ["--principal", "ada", "--label", "tier=front"];
  const reserved = await ask("reserve", slave, "cpus:2;mem:1024", "--role", "ads", ...label);
  const named =
    "cpus(ads, dynamic, principal ada, labels tier=front):2;mem(ads, dynamic, principal ada, labels tier=front):1024";
  expect(reserved).toEqual({ code: 0, stdout: `reserved on ${slave}: ${named}\n`, stderr: "" });
  expect((await total()).total_resources).toContainEqual(
    expect.objectContaining({ name: "cpus", role: "ads", scalar: { value: 2 } }),
  );
  const more = await ask("reserve", slave, "cpus:3", "--role", "ads");
  expect(more).toMatchObject({ code: 6, stderr: expect.stringContaining("not as much is free: cpus:3 of 2") });
  expect((await ask("reserve", "nobody", "cpus:1", "--role", "ads")).code).toBe(4);
  expect((await ask("reserve", slave, "cpus:1", "--role", "*")).code).toBe(2);
  expect((await ask("unreserve", slave, "cpus:1", "--role", "ads")).code).toBe(6);
  const ended = await ask("unreserve", slave, "cpus:2;mem:1024", "--role", "ads", ...label, "-o", "json");
  expect(JSON.parse(ended.stdout)).toMatchObject({ slave, unreserved: [{ name: "cpus" }, { name: "mem" }] });

  writeFileSync(join(home.path, "reserving.ts"), program);
  for (const door of ["bridge", "http"]) {
    const run = await ask("framework", "run", "./reserving.ts", "--door", door, "--json");
    expect([door, run.code, run.stderr]).toEqual([door, 0, ""]);
    expect((JSON.parse(run.stdout) as { readonly rows: unknown }).rows).toEqual([
      { operationId: "made", state: "finished" },
      { operationId: "ended", state: "finished" },
    ]);
  }
  expect((await total()).total_resources.length).toBe(2);
}, 60_000);
