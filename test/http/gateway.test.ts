import { describe, expect, test, vi } from "vitest";
import { ClusterView } from "../../src/http/view.ts";
import type { ClusterChange } from "../../src/protocol/cluster-events.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import { fedView, frameworkRow, gateway, offerRow, slaveRow, taskRow } from "./scene.ts";

const cluster: readonly ClusterChange[] = [
  { type: "framework", row: frameworkRow("f1") },
  { type: "framework", row: frameworkRow("f0", { state: "completed" }) },
  { type: "slave", row: slaveRow("s1") },
  { type: "slave", row: slaveRow("s2", { state: "disconnected" }) },
  { type: "slave", row: slaveRow("s3", { state: "unreachable" }) },
  { type: "task", row: taskRow("f1", "t1") },
  { type: "task", row: taskRow("f1", "t2", "unreachable") },
  { type: "task", row: taskRow("f1", "t3", "finished") },
  { type: "task", row: taskRow("nobody", "t4") },
  { type: "offer", row: offerRow("o1", "f1") },
];

describe("/health", () => {
  test("is 200 and empty once the master leads and the cluster is ready", async () => {
    const response = await fetch(`${(await gateway()).url}/health`);
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  test("is 503 with a reason before that", async () => {
    const view = new ClusterView();
    let ready = false;
    const { url } = await gateway({ view, ready: () => ready });
    const health = async () => {
      const response = await fetch(`${url}/master/health`);
      return [response.status, await response.text()];
    };
    expect(await health()).toEqual([503, "no master leads yet; try again in a moment\n"]);
    view.applySnapshot({
      seq: 1,
      master: { id: "c", lead: { epoch: 1, term: 1 }, startedMs: 1 },
      changes: [],
      last: true,
    });
    expect(await health()).toEqual([503, "not every slave has registered yet\n"]);
    ready = true;
    expect(await health()).toEqual([200, ""]);
    view.lost();
    expect((await health())[0]).toBe(503);
  });
});

test("/version is what clients of Mesos compare", async () => {
  const response = await fetch(`${(await gateway()).url}/version`);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toEqual({
    version: "1.11.0",
    build_date: "1970-01-01 00:00:00",
    build_time: 0,
    build_user: "mesolite",
  });
});

test("/mesolite/bridge says where the actors are, once there is a bridge", async () => {
  const address = { host: "127.0.0.1", port: 5060, node: "master-1", epoch: 3, clusterId: "c" };
  let bridge: typeof address | undefined;
  const { url } = await gateway({ bridge: () => bridge });
  expect((await fetch(`${url}/mesolite/bridge`)).status).toBe(503);
  bridge = address;
  expect(await (await fetch(`${url}/mesolite/bridge`)).json()).toEqual(address);
});

describe("/mesolite/actors", () => {
  test("tells what the process sees of itself, also while nobody leads", async () => {
    const seen = { threads: [{ thread: "main", fault: "a test has no threads" }] };
    const { url } = await gateway({ view: new ClusterView(), look: async () => seen });
    const response = await fetch(`${url}/mesolite/actors`);
    expect([response.status, await response.json()]).toEqual([200, seen]);
  });

  test("asks the threads once for all who ask at the same time", async () => {
    let looks = 0;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const look = () => {
      looks++;
      return promise;
    };
    const { url } = await gateway({ look });
    const asked = Array.from({ length: 5 }, () => fetch(`${url}/mesolite/actors`));
    await vi.waitFor(() => expect(looks).toBe(1));
    resolve({ threads: [] });
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(looks).toBe(1);
  });

  test("asks them again for who comes later", async () => {
    let looks = 0;
    const { url } = await gateway({ look: async () => ({ threads: [], looks: ++looks }) });
    await vi.waitFor(async () => {
      expect(await (await fetch(`${url}/mesolite/actors`)).json()).toEqual({ threads: [], looks: 2 });
    });
  });

  test("is refused to pages of another origin, as every read", async () => {
    const { url } = await gateway();
    const response = await fetch(`${url}/mesolite/actors`, { headers: { origin: "http://evil.example" } });
    expect(response.status).toBe(403);
  });
});

describe("/state", () => {
  test("is 503 while nobody leads", async () => {
    expect((await fetch(`${(await gateway({ view: new ClusterView() })).url}/state`)).status).toBe(503);
  });

  test("has the keys of Mesos and no others", async () => {
    const { port, url } = await gateway({ view: fedView(cluster) });
    const response = await fetch(`${url}/master/state/`);
    expect(response.headers.get("content-type")).toBe("application/json");
    const state = await response.json();
    expect(await (await fetch(`${url}/state`)).json()).toEqual(state);
    const pid = `master@127.0.0.1:${port}`;
    expect(state).toEqual({
      version: "1.11.0",
      build_date: "1970-01-01 00:00:00",
      build_time: 0,
      build_user: "mesolite",
      start_time: 1_700_000_000,
      elected_time: 1_700_000_000,
      id: "cluster-1",
      pid,
      hostname: "127.0.0.1",
      capabilities: [],
      activated_slaves: 1,
      deactivated_slaves: 1,
      unreachable_slaves: 1,
      leader: pid,
      leader_info: { id: "cluster-1", pid, port, hostname: "127.0.0.1" },
      flags: {},
      slaves: [slaveJson("s1", true), slaveJson("s2", false)],
      recovered_slaves: [],
      frameworks: [frameworkJson("f1", true)],
      completed_frameworks: [frameworkJson("f0", false)],
      orphan_tasks: [{ ...taskJson("t4", "TASK_RUNNING"), framework_id: "nobody" }],
      unregistered_frameworks: [],
    });
  });
});

function slaveJson(id: string, active: boolean) {
  const total = { cpus: 4, gpus: 0, mem: 1024, disk: 0, ports: "[31000-31009]", zones: "{a, b}" };
  return {
    id,
    hostname: "127.0.0.1",
    port: 5051,
    attributes: { rack: "r1", size: 2.5 },
    pid: "slave(1)@127.0.0.1:5051",
    registered_time: 1_700_000_001,
    resources: total,
    used_resources: { cpus: 1.5, gpus: 0, mem: 64, disk: 0 },
    offered_resources: { cpus: 0.5, gpus: 0, mem: 0, disk: 0 },
    reserved_resources: {},
    unreserved_resources: total,
    active,
    deactivated: false,
    version: "1.11.0",
    capabilities: [],
  };
}

function frameworkJson(id: string, active: boolean) {
  return {
    id,
    name: `${id} name`,
    used_resources: { cpus: 1.5, gpus: 0, mem: 64, disk: 0 },
    offered_resources: { cpus: 0.5, gpus: 0, mem: 0, disk: 0 },
    resources: { cpus: 2, gpus: 0, mem: 64, disk: 0 },
    capabilities: [],
    hostname: "",
    webui_url: "",
    active,
    connected: active,
    recovered: false,
    user: "ada",
    failover_timeout: 60.5,
    checkpoint: true,
    registered_time: 1_700_000_002,
    unregistered_time: 0,
    roles: ["batch"],
    tasks: active ? [taskJson("t1", "TASK_RUNNING")] : [],
    unreachable_tasks: active ? [taskJson("t2", "TASK_UNREACHABLE")] : [],
    completed_tasks: active ? [taskJson("t3", "TASK_FINISHED")] : [],
    offers: active
      ? [{ id: "o1", framework_id: "f1", slave_id: "s1", resources: { cpus: 0.5, gpus: 0, mem: 0, disk: 0 } }]
      : [],
    executors: [],
  };
}

function taskJson(id: string, state: string) {
  return {
    id,
    name: `${id} name`,
    framework_id: "f1",
    executor_id: "",
    slave_id: "s1",
    state,
    resources: { cpus: 1.5, gpus: 0, mem: 64, disk: 0 },
    role: "batch",
    statuses: [{ state, timestamp: 1_700_000_003.5 }],
    labels: [{ key: "tier", value: "front" }],
  };
}

test("names that mean something to JavaScript are only names", async () => {
  const view = fedView([
    { type: "framework", row: frameworkRow("__proto__") },
    { type: "task", row: taskRow("__proto__", "constructor") },
    { type: "slave", row: { ...slaveRow("toString"), id: SlaveId("toString") } },
  ]);
  const state = await (await fetch(`${(await gateway({ view })).url}/state`)).json();
  expect(state).toMatchObject({
    frameworks: [{ id: "__proto__", tasks: [{ id: "constructor" }] }],
    slaves: [{ id: "toString" }],
  });
});
