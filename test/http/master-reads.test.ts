import { describe, expect, test } from "vitest";
import type { GatewayOptions } from "../../src/http/gateway.ts";
import { ClusterView } from "../../src/http/view.ts";
import type { ClusterChange, FrameworkRow, TaskRow } from "../../src/protocol/cluster-events.ts";
import type { TaskState } from "../../src/protocol/task.ts";
import { rawRequest } from "./raw-request.ts";
import { fedView, frameworkRow, gateway, offerRow, slaveRow, taskRow } from "./scene.ts";

const discovery = { visibility: "EXTERNAL", name: "web", ports: { ports: [{ number: 31_000, protocol: "tcp" }] } };
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
function changed(
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

async function opened(options: Partial<GatewayOptions> = {}) {
  const { port, url } = await gateway({ view: fedView(cluster), ...options });
  const json = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    expect([path, response.status, response.headers.get("content-type")]).toEqual([path, 200, "application/json"]);
    return JSON.parse(await response.text());
  };
  return { port, url, json };
}

const none = { cpus: 0, gpus: 0, mem: 0, disk: 0 };
const total = { cpus: 4, gpus: 0, mem: 1024, disk: 0, ports: "[31000-31009]", zones: "{a, b}" };
const used = { ...none, cpus: 1.5, mem: 64 };
const container = {
  container_id: { value: "run-1" },
  network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "10.0.0.7" }] }],
  executor_pid: 4242,
};

function slaveJson(id: string, active: boolean) {
  return {
    id,
    hostname: "127.0.0.1",
    port: 5051,
    attributes: { rack: "r1", size: 2.5 },
    pid: "slave(1)@10.0.0.7:5051",
    registered_time: 1_700_000_001,
    resources: total,
    used_resources: used,
    offered_resources: { ...none, cpus: 0.5 },
    reserved_resources: {},
    unreserved_resources: total,
    active,
    deactivated: false,
    version: "1.11.0",
    capabilities: [],
  };
}

const summaryOf = {
  f1: {
    id: "f1",
    name: "f1 name",
    used_resources: used,
    offered_resources: { ...none, cpus: 0.5 },
    resources: { ...none, cpus: 2, mem: 64 },
    capabilities: [],
    hostname: "",
    webui_url: "",
    active: true,
    connected: true,
    recovered: false,
  },
  f2: {
    id: "f2",
    name: "f2 name",
    used_resources: { ...none, cpus: 1 },
    offered_resources: { ...none, cpus: 0.5 },
    resources: { ...none, cpus: 1.5 },
    capabilities: ["MULTI_ROLE", "PARTITION_AWARE"],
    hostname: "desk",
    webui_url: "http://desk/",
    active: false,
    connected: false,
    recovered: false,
  },
};

const frameworkRest = {
  user: "ada",
  failover_timeout: 60.5,
  checkpoint: true,
  registered_time: 1_700_000_002,
  unregistered_time: 0,
  tasks: [] as unknown[],
  unreachable_tasks: [] as unknown[],
  completed_tasks: [] as unknown[],
  offers: [] as unknown[],
  executors: [],
};

function taskJson(id: string, state: string, more: object = {}) {
  return {
    id,
    name: `${id} name`,
    framework_id: "f1",
    executor_id: "",
    slave_id: "s1",
    state,
    resources: used,
    role: "batch",
    statuses: [{ state, timestamp: 1_700_000_003.5, container_status: container }],
    labels: [{ key: "tier", value: "front" }, { key: "plain" }],
    ...more,
  };
}

function taskInRole(id: string, role: string, state: string, timestamp: number) {
  const { labels: _labels, ...task } = taskJson(id, state);
  const statuses = [{ state, timestamp, container_status: container }];
  return { ...task, framework_id: "f2", role, resources: { ...none, cpus: 1 }, statuses };
}

const tasks = {
  t1: taskJson("t1", "TASK_RUNNING", { discovery }),
  t2: taskJson("t2", "TASK_UNREACHABLE"),
  t3: taskJson("t3", "TASK_FINISHED"),
  t4: taskJson("t4", "TASK_RUNNING", { framework_id: "nobody" }),
  t5: taskInRole("t5", "web", "TASK_RUNNING", 0.002),
  t6: taskInRole("t6", "batch", "TASK_UNREACHABLE", 0.001),
};

const offer = (id: string, framework: string, role: string) => ({
  id,
  framework_id: framework,
  allocation_info: { role },
  slave_id: "s1",
  resources: { ...none, cpus: 0.5 },
});

const f1 = {
  ...summaryOf.f1,
  ...frameworkRest,
  role: "batch",
  tasks: [tasks.t1],
  unreachable_tasks: [tasks.t2],
  completed_tasks: [tasks.t3],
  offers: [offer("o1", "f1", "batch")],
};
const f2 = {
  ...summaryOf.f2,
  ...frameworkRest,
  roles: ["batch", "web"],
  principal: "ada",
  labels: [{ key: "team", value: "blue" }],
  tasks: [tasks.t5],
  unreachable_tasks: [tasks.t6],
  offers: [offer("o2", "f2", "web")],
};
const f0 = {
  ...summaryOf.f1,
  ...frameworkRest,
  id: "f0",
  name: "f0 name",
  active: false,
  connected: false,
  role: "batch",
};

describe("/state", () => {
  test("has the keys of Mesos and no others, under each of its names", async () => {
    const { port, json } = await opened({ flags: { port: "5050" } });
    const pid = `master@127.0.0.1:${port}`;
    const state = {
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
      flags: { port: "5050" },
      slaves: [slaveJson("s1", true), slaveJson("s2", false)],
      recovered_slaves: [],
      frameworks: [f1, f2],
      completed_frameworks: [f0],
      orphan_tasks: [tasks.t4],
      unregistered_frameworks: [],
    };
    const paths = [
      "/state",
      "/master/state",
      "/state/",
      "/state.json",
      "/master/state.json",
      "/state?_ts=1",
      "/state/x",
    ];
    for (const path of paths) expect(await json(path)).toEqual(state);
  });

  test("of an empty cluster has empty lists", async () => {
    const { json } = await opened({ view: fedView([]) });
    expect(await json("/state")).toMatchObject({
      slaves: [],
      frameworks: [],
      completed_frameworks: [],
      orphan_tasks: [],
    });
    expect(await json("/slaves")).toEqual({ slaves: [], recovered_slaves: [] });
    expect(await json("/tasks")).toEqual({ tasks: [] });
    expect(await json("/state-summary")).toEqual({ hostname: "127.0.0.1", slaves: [], frameworks: [] });
  });
});

describe("a task in /state", () => {
  test("tells of a task's container what its status tells, and of its network what its slave tells", async () => {
    const staged = changed(taskRow("f1", "staged", "staging"), { status: { source: "master" } });
    const { worker: _worker, containerId: _id, ...early } = staged.status;
    const { containerId: _run, ...inThread } = { ...taskRow("f1", "thread").status, worker: "4242/3" };
    const gone = changed(taskRow("f1", "gone"), { task: { slaveId: "s9" as never } });
    const six = slaveRow("s6", { info: { ...slaveRow("s6").info, ip: "fe80::1" } });
    const { json } = await opened({
      view: fedView([
        { type: "slave", row: slaveRow("s1") },
        { type: "slave", row: six },
        { type: "task", row: { ...staged, status: early } },
        { type: "task", row: { ...taskRow("f1", "thread"), status: inThread } },
        { type: "task", row: gone },
        { type: "task", row: changed(taskRow("f1", "six"), { task: { slaveId: six.id } }) },
      ]),
    });
    const { orphan_tasks } = await json("/state");
    expect(orphan_tasks.map((task: typeof tasks.t1) => task.statuses[0]?.container_status)).toEqual([
      undefined,
      { network_infos: container.network_infos },
      { container_id: { value: "run-1" }, executor_pid: 4242 },
      { ...container, network_infos: [{ ip_addresses: [{ protocol: "IPv6", ip_address: "fe80::1" }] }] },
    ]);
  });

  test("follows a slave that comes back under another address", async () => {
    const view = fedView([
      { type: "slave", row: slaveRow("s1") },
      { type: "task", row: taskRow("f1", "t1") },
    ]);
    const { json } = await opened({ view });
    await json("/state");
    const row = slaveRow("s1", { info: { ...slaveRow("s1").info, ip: "10.0.0.8" } });
    view.applyChanges({ seq: view.seq + 1, changes: [{ type: "slave", row }] });
    const text = JSON.stringify(await json("/state"));
    expect([text.includes("10.0.0.8"), text.includes("10.0.0.7")]).toEqual([true, false]);
  });

  test("shows what a framework gives for discovery as JSON, whatever is in it", async () => {
    const wild = { big: 2n ** 60n, bytes: new Uint8Array([1, 2, 3]) };
    const row = changed(taskRow("f1", "t1"), { task: { discovery: wild } });
    const { json } = await opened({ view: fedView([{ type: "task", row }]) });
    expect((await json("/tasks")).tasks[0].discovery).toEqual({ big: 2 ** 60, bytes: "AQID" });
  });
});

const resourceFull = {
  total: [
    { name: "cpus", role: "*", type: "SCALAR", scalar: { value: 4 } },
    { name: "mem", role: "*", type: "SCALAR", scalar: { value: 1024 } },
    { name: "ports", role: "*", type: "RANGES", ranges: { range: [{ begin: 31_000, end: 31_009 }] } },
    { name: "zones", role: "*", type: "SET", set: { item: ["a", "b"] } },
  ],
  used: [
    { name: "cpus", role: "*", type: "SCALAR", scalar: { value: 1.5 } },
    { name: "mem", role: "*", type: "SCALAR", scalar: { value: 64 } },
  ],
  offered: [{ name: "cpus", role: "*", type: "SCALAR", scalar: { value: 0.5 } }],
};

const full = (id: string, active: boolean) => ({
  ...slaveJson(id, active),
  reserved_resources_full: {},
  unreserved_resources_full: resourceFull.total,
  used_resources_full: resourceFull.used,
  offered_resources_full: resourceFull.offered,
});

const zeros = Object.fromEntries(
  "STAGING STARTING RUNNING KILLING FINISHED KILLED FAILED LOST ERROR DROPPED UNREACHABLE GONE GONE_BY_OPERATOR"
    .split(" ")
    .map((state) => [`TASK_${state}`, 0]),
);

test.each([
  ["/slaves", { slaves: [full("s1", true), full("s2", false)], recovered_slaves: [] }],
  ["/slaves/s2", { slaves: [full("s1", true), full("s2", false)], recovered_slaves: [] }],
  ["/slaves?slave_id=s2", { slaves: [full("s2", false)], recovered_slaves: [] }],
  ["/slaves?slave_id=s2&slave_id=s1", { slaves: [full("s2", false)], recovered_slaves: [] }],
  ["/slaves?slave_id=nope", { slaves: [], recovered_slaves: [] }],
  ["/slaves?slave_id=", { slaves: [], recovered_slaves: [] }],
  ["/frameworks", { frameworks: [f1, f2], completed_frameworks: [f0], unregistered_frameworks: [] }],
  ["/frameworks/", { frameworks: [f1, f2], completed_frameworks: [f0], unregistered_frameworks: [] }],
  ["/frameworks?framework_id=f2", { frameworks: [f2], completed_frameworks: [], unregistered_frameworks: [] }],
  ["/frameworks?framework_id=f0", { frameworks: [], completed_frameworks: [f0], unregistered_frameworks: [] }],
  ["/frameworks?framework_id=nope", { frameworks: [], completed_frameworks: [], unregistered_frameworks: [] }],
  [
    "/roles",
    {
      roles: [
        {
          name: "*",
          weight: 1,
          resources: none,
          allocated: none,
          offered: none,
          reserved: none,
          frameworks: [],
        },
        {
          name: "batch",
          weight: 1,
          resources: { ...none, cpus: 2, mem: 64 },
          allocated: used,
          offered: { ...none, cpus: 0.5 },
          reserved: none,
          frameworks: ["f1", "f2"],
        },
        {
          name: "web",
          weight: 1,
          resources: { ...none, cpus: 1.5 },
          allocated: { ...none, cpus: 1 },
          offered: { ...none, cpus: 0.5 },
          reserved: none,
          frameworks: ["f2"],
        },
      ],
    },
  ],
  [
    "/state-summary",
    {
      hostname: "127.0.0.1",
      slaves: [
        {
          ...slaveJson("s1", true),
          ...zeros,
          TASK_RUNNING: 3,
          TASK_UNREACHABLE: 2,
          TASK_FINISHED: 1,
          framework_ids: ["f1", "nobody", "f2"],
        },
        { ...slaveJson("s2", false), ...zeros, framework_ids: [] },
      ],
      frameworks: [
        { ...summaryOf.f1, ...zeros, TASK_RUNNING: 1, TASK_UNREACHABLE: 1, TASK_FINISHED: 1, slave_ids: ["s1"] },
        { ...summaryOf.f2, ...zeros, TASK_RUNNING: 1, TASK_UNREACHABLE: 1, slave_ids: ["s1"] },
      ],
    },
  ],
  ["/flags", { flags: {} }],
])("%s", async (path, answer) => {
  const { json, url } = await opened();
  expect(await json(path)).toEqual(answer);
  expect(await json(`/master${path}`)).toEqual(answer);
  const posted = await fetch(`${url}${path}`, { method: "POST" });
  if (path.startsWith("/slaves")) expect(await posted.json()).toEqual(answer);
  else expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET"]);
});

describe("/tasks", () => {
  const at = (id: string, atMs: number, state: TaskState = "running"): ClusterChange => ({
    type: "task",
    row: changed(taskRow(id.startsWith("x") ? "fx" : "fy", id, state), { status: { timestampMs: atMs } }),
  });
  const story = [at("x3", 30), at("y1", 10, "finished"), at("x2", 20, "failed"), at("y3", 30), at("x5", 50)];

  test.each([
    ["", ["x5", "y3", "x3", "x2", "y1"]],
    ["?order=desc", ["x5", "y3", "x3", "x2", "y1"]],
    ["?order=des", ["x5", "y3", "x3", "x2", "y1"]],
    ["?order=asc", ["y1", "x2", "x3", "y3", "x5"]],
    ["?limit=2", ["x5", "y3"]],
    ["?limit=2&offset=1", ["y3", "x3"]],
    ["/?order=asc&limit=-1", ["y1", "x2", "x3", "y3", "x5"]],
    ["?limit=0", []],
    ["?offset=4", ["y1"]],
    ["?offset=5", []],
    ["?offset=1000000000", []],
    ["?framework_id=fx", ["x5", "x3", "x2"]],
    ["?framework_id=fx&task_id=x2", ["x2"]],
    ["?task_id=y3", ["y3"]],
    ["?task_id=nope", []],
    ["?framework_id=fx&task_id=y3", []],
  ])("%s", async (query, ids) => {
    const { json } = await opened({ view: fedView(story) });
    expect((await json(`/tasks${query}`)).tasks.map(({ id }: { id: string }) => id)).toEqual(ids);
  });

  test.each([
    ["limit=-2", "limit is a number of tasks, or -1 for all\n"],
    ["limit=abc", "limit is a number of tasks, or -1 for all\n"],
    ["limit=", "limit is a number of tasks, or -1 for all\n"],
    ["limit=1e9", "limit is a number of tasks, or -1 for all\n"],
    ["offset=1e9", "offset is a number of tasks to pass over\n"],
    ["offset=-1", "offset is a number of tasks to pass over\n"],
    ["order=x", "order is asc (the oldest first) or desc\n"],
  ])("%s is refused", async (query, message) => {
    const { url } = await opened();
    const response = await fetch(`${url}/tasks?${query}`);
    expect([response.status, await response.text()]).toEqual([400, message]);
  });

  test("may be posted, as mesos-compose does", async () => {
    const { url } = await opened({ view: fedView(story) });
    const response = await fetch(`${url}/tasks/?task_id=x2`, { method: "POST" });
    expect(JSON.parse(await response.text()).tasks.map(({ id }: { id: string }) => id)).toEqual(["x2"]);
  });

  test("are 100 unless the query says otherwise", async () => {
    const { json } = await opened({ view: fedView(Array.from({ length: 150 }, (_, index) => at(`x${index}`, index))) });
    expect((await json("/tasks")).tasks.length).toBe(100);
    expect((await json("/tasks?limit=-1")).tasks.length).toBe(150);
  });
});

describe("/metrics/snapshot", () => {
  test("is one flat object of numbers: of the machine, of the picture, and what the master has counted", async () => {
    const { json } = await opened();
    const metrics = await json("/metrics/snapshot");
    expect(Object.entries(metrics).filter(([, value]) => typeof value !== "number")).toEqual([]);
    expect(metrics).toMatchObject({
      "system/cpus_total": expect.any(Number),
      "system/load_1min": expect.any(Number),
      "system/load_5min": expect.any(Number),
      "system/load_15min": expect.any(Number),
      "system/mem_free_bytes": expect.any(Number),
      "system/mem_total_bytes": expect.any(Number),
      "master/uptime_secs": expect.any(Number),
      "master/elected": 1,
      "master/slaves_active": 1,
      "master/slaves_connected": 1,
      "master/slaves_inactive": 1,
      "master/slaves_disconnected": 1,
      "master/slaves_unreachable": 1,
      "master/frameworks_active": 1,
      "master/frameworks_connected": 1,
      "master/frameworks_inactive": 1,
      "master/frameworks_disconnected": 1,
      "master/outstanding_offers": 2,
      "master/tasks_staging": 0,
      "master/tasks_starting": 0,
      "master/tasks_running": 3,
      "master/tasks_killing": 0,
      "master/tasks_unreachable": 2,
      "master/tasks_finished": 1,
      "master/messages_register_slave": 3,
      "master/cpus_total": 8,
      "master/cpus_used": 3,
      "master/cpus_percent": 0.375,
      "master/mem_total": 2048,
      "master/mem_used": 128,
      "master/mem_percent": 0.0625,
      "master/disk_percent": 0,
      "master/gpus_total": 0,
      "master/gpus_revocable_total": 0,
      "master/cpus_revocable_used": 0,
      "master/mem_revocable_percent": 0,
      "allocator/mesos/resources/cpus/total": 8,
      "allocator/mesos/resources/cpus/offered_or_allocated": 4,
      "allocator/mesos/resources/disk/total": 0,
      "allocator/mesos/roles/*/shares/dominant": 0,
      "allocator/mesos/roles/batch/shares/dominant": 0.25,
      "allocator/mesos/roles/web/shares/dominant": 0.1875,
    });
    expect(Object.keys(await json("/master/metrics/snapshot?timeout=5secs"))).toEqual(Object.keys(metrics));
  });

  test("tells of the machine alone while there is no picture, or another master leads", async () => {
    const elsewhere = { kind: "elsewhere", host: "h", port: 1 } as const;
    for (const options of [{ view: new ClusterView() }, { leader: () => elsewhere }]) {
      const { json } = await opened(options);
      const metrics = await json("/metrics/snapshot");
      expect(metrics["master/elected"]).toBe(0);
      expect(Object.keys(metrics).filter((name) => !name.startsWith("system/"))).toEqual(["master/elected"]);
    }
  });
});

describe("jsonp", () => {
  const reads = ["/state", "/slaves", "/frameworks", "/tasks", "/roles", "/state-summary", "/version", "/flags"];

  test.each(reads)("%s is a script that calls back", async (path) => {
    const { url } = await opened();
    const response = await fetch(`${url}${path}?jsonp=jQuery.cb_1`);
    const { headers } = response;
    expect([headers.get("content-type"), headers.get("x-content-type-options")]).toEqual([
      "text/javascript",
      "nosniff",
    ]);
    const text = await response.text();
    expect(headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
    expect(text.startsWith("jQuery.cb_1({") && text.endsWith("});")).toBe(true);
    expect(JSON.parse(text.slice("jQuery.cb_1(".length, -2))).toEqual(await (await fetch(`${url}${path}`)).json());
  });

  test.each(["alert(1)//", "", "a b", "1a", "a-b", "a;b", "\u2028a", "é", "a".repeat(129), "<x>"])(
    "%j is no name of a function",
    async (callback) => {
      const { url } = await opened();
      const response = await fetch(`${url}/state?jsonp=${encodeURIComponent(callback)}`);
      expect([response.status, response.headers.get("content-type")]).toEqual([400, "text/plain; charset=utf-8"]);
      expect(await response.text()).toMatch(/^jsonp is the name of a function/);
    },
  );

  test("given twice is refused", async () => {
    const { url } = await opened();
    expect((await fetch(`${url}/state?jsonp=a&jsonp=b`)).status).toBe(400);
  });
});

describe("paths", () => {
  test.each([
    ["GET", "/slaves/../state", 404],
    ["GET", "/state/%2e%2e/x", 404],
    ["GET", "/state/..%2fx", 404],
    ["GET", "/statex", 404],
    ["GET", "/master", 404],
    ["GET", "/redirect/anything", 404],
    ["GET", "/master/redirect/anything", 404],
    ["PUT", "/state", 405],
    ["HEAD", "/state", 405],
    ["DELETE", "/slaves/s1", 405],
    ["POST", "/version", 405],
  ])("%s %s is %i", async (method, path, status) => {
    const { port } = await opened();
    const answer = await rawRequest(port, `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
    expect(answer.slice(9, 12)).toBe(String(status));
  });
});
