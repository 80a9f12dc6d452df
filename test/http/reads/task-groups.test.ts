/** Task groups in what operators read: which executor a task shares, and what that holds in its role. */

import { expect, test } from "vitest";
import type { ClusterChange, FrameworkRow, TaskRow } from "../../../src/protocol/cluster-events.ts";
import { SlaveId } from "../../../src/protocol/ids.ts";
import { changed } from "../read-scene.ts";
import { fedView, frameworkRow, gateway, slaveRow, taskRow } from "../scene.ts";

const executor = { executorId: "pod", resources: { cpus: 250, mem: 32_000 } };

function member(id: string, role: string, slave = "s1"): TaskRow {
  const group = { groupId: "g", executor };
  return changed(taskRow("f2", id), { task: { role, group, slaveId: SlaveId(slave), resources: { cpus: 1_000 } } });
}

const f2 = frameworkRow("f2");
const several: FrameworkRow = { ...f2, info: { ...f2.info, roles: ["batch", "web"], capabilities: ["MULTI_ROLE"] } };
const cluster: readonly ClusterChange[] = [
  { type: "framework", row: several },
  { type: "slave", row: slaveRow("s1") },
  { type: "slave", row: slaveRow("s2") },
  { type: "task", row: member("g1", "web") },
  { type: "task", row: member("g2", "web") },
  { type: "task", row: member("g3", "batch", "s2") },
];

test("the executor of a group counts once on each slave, and tasks name it", async () => {
  const { url } = await gateway({ view: fedView(cluster) });
  const json = async (path: string) => await (await fetch(`${url}${path}`)).json();
  const { roles } = (await json("/roles")) as {
    readonly roles: readonly { readonly name: string; readonly allocated: { readonly cpus: number } }[];
  };
  const cpus = Object.fromEntries(roles.map(({ name, allocated }) => [name, allocated.cpus]));
  expect([cpus["web"], cpus["batch"]]).toEqual([2.25, 1.25]);
  const { tasks } = (await json("/tasks")) as { readonly tasks: readonly { readonly executor_id: string }[] };
  expect(tasks.map(({ executor_id: id }) => id)).toEqual(["pod", "pod", "pod"]);
});
