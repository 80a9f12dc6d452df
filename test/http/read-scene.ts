import { expect } from "vitest";
import type { GatewayOptions } from "../../src/http/gateway.ts";
import type { ClusterChange, FrameworkRow, TaskRow } from "../../src/protocol/cluster-events.ts";
import type { TaskState } from "../../src/protocol/task.ts";
import { fedView, frameworkRow, gateway, offerRow, slaveRow, taskRow } from "./scene.ts";

/** A cluster with a bit of everything, and the reads of it. */

export const discovery = {
  visibility: "EXTERNAL",
  name: "web",
  ports: { ports: [{ number: 31_000, protocol: "tcp" }] },
};
const several: FrameworkRow = frameworkRow("f2", {
  info: {
    ...frameworkRow("f2").info,
    roles: ["batch", "web"],
    capabilities: ["MULTI_ROLE", "PARTITION_AWARE"],
    principal: "ada",
    hostname: "desk",
    webuiUrl: "http://desk/",
    labels: [{ key: "team", value: "blue" }],
  },
  state: "disconnected",
  used: { cpus: 1_000 },
  offered: { cpus: 500 },
});

const cluster: readonly ClusterChange[] = [
  { type: "framework", row: frameworkRow("f1") },
  { type: "framework", row: several },
  { type: "framework", row: frameworkRow("f0", { state: "completed" }) },
  { type: "slave", row: slaveRow("s1") },
  { type: "slave", row: slaveRow("s2", { state: "disconnected" }) },
  { type: "slave", row: slaveRow("s3", { state: "unreachable" }) },
  { type: "task", row: changed(taskRow("f1", "t1"), { task: { discovery } }) },
  { type: "task", row: taskRow("f1", "t2", "unreachable") },
  { type: "task", row: taskRow("f1", "t3", "finished") },
  { type: "task", row: taskRow("nobody", "t4") },
  { type: "task", row: inRole("t5", "web", "running", 2) },
  { type: "task", row: inRole("t6", "batch", "unreachable", 1) },
  { type: "offer", row: offerRow("o1", "f1") },
  { type: "offer", row: { ...offerRow("o2", "f2"), role: "web" } },
  { type: "counters", counts: { "master/messages_register_slave": 3, "master/tasks_finished": 1 } },
];

/** A row with some fields of its parts replaced. */
export function changed(
  row: TaskRow,
  parts: { task?: Partial<TaskRow["task"]>; status?: Partial<TaskRow["status"]> },
): TaskRow {
  return { ...row, task: { ...row.task, ...parts.task }, status: { ...row.status, ...parts.status } };
}

function inRole(id: string, role: string, state: TaskState, atMs: number): TaskRow {
  const row = changed(taskRow("f2", id, state), {
    task: { role, resources: { cpus: 1_000 } },
    status: { timestampMs: atMs },
  });
  const { labels: _labels, ...task } = row.task;
  return { ...row, task };
}

export async function opened(options: Partial<GatewayOptions> = {}) {
  const { port, url } = await gateway({ view: fedView(cluster), ...options });
  const json = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    expect([path, response.status, response.headers.get("content-type")]).toEqual([path, 200, "application/json"]);
    return JSON.parse(await response.text());
  };
  return { port, url, json };
}
