import { describe, expect, test } from "vitest";
import { reservedKey } from "../../../src/protocol/reservation.ts";
import { quantities } from "../../protocol/quantities.ts";
import { changed, discovery, opened } from "../read-scene.ts";
import { fedView, slaveRow, taskRow } from "../scene.ts";

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
    const found = changed(taskRow("f1", "found"), { status: { source: "master" } });
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
        { type: "task", row: found },
        { type: "task", row: changed(taskRow("f1", "six"), { task: { slaveId: six.id } }) },
      ]),
    });
    const { orphan_tasks } = await json("/state");
    expect(orphan_tasks.map((task: typeof tasks.t1) => task.statuses[0]?.container_status)).toEqual([
      undefined,
      { network_infos: container.network_infos },
      { container_id: { value: "run-1" }, executor_pid: 4242 },
      container,
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

test("a slave with reservations tells whose they are, and its sums count them", async () => {
  const resources = {
    ...quantities("cpus:1;cpus(ads):2;ports(ads):[1-2];ports:[3-4]"),
    [reservedKey("cpus", { role: "web", dynamic: true, principal: "ada" })]: 4_000,
  };
  const row = slaveRow("s1", { info: { ...slaveRow("s1").info, resources }, used: quantities("cpus:1;cpus(ads):1") });
  const { json } = await opened({ view: fedView([{ type: "slave", row }]) });
  const [cpus, ads, web] = [1, 2, 4].map((value) => ({ name: "cpus", type: "SCALAR", scalar: { value } }));
  const ports = (begin: number, end: number) => ({
    name: "ports",
    type: "RANGES",
    ranges: { range: [{ begin, end }] },
  });
  const toAds = { role: "ads", reservations: [{ type: "STATIC", role: "ads" }] };
  const fullAds = [
    { ...ads, ...toAds },
    { ...ports(1, 2), ...toAds },
  ];
  const fullWeb = {
    ...web,
    role: "web",
    reservation: { principal: "ada" },
    reservations: [{ type: "DYNAMIC", role: "web", principal: "ada" }],
  };
  const fullRest = [
    { ...cpus, role: "*" },
    { ...ports(3, 4), role: "*" },
  ];
  const inState = {
    resources: { ...none, cpus: 7, ports: "[1-4]" },
    used_resources: { ...none, cpus: 2 },
    reserved_resources: { ads: { ...none, cpus: 2, ports: "[1-2]" }, web: { ...none, cpus: 4 } },
    unreserved_resources: { ...none, cpus: 1, ports: "[3-4]" },
  };
  expect((await json("/state")).slaves).toMatchObject([inState]);
  expect((await json("/slaves")).slaves).toMatchObject([
    {
      ...inState,
      reserved_resources_full: { ads: fullAds, web: [fullWeb] },
      unreserved_resources_full: fullRest,
      used_resources_full: [
        { ...cpus, role: "*" },
        { ...cpus, ...toAds },
      ],
    },
  ]);
  const reserved = (await json("/roles")).roles.map((role: { name: string; reserved: unknown }) => [
    role.name,
    role.reserved,
  ]);
  expect(reserved).toEqual([
    ["*", none],
    ["ads", { ...none, cpus: 2 }],
    ["web", { ...none, cpus: 4 }],
  ]);
  expect(await json("/metrics/snapshot")).toMatchObject({ "master/cpus_total": 7, "master/cpus_used": 2 });
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
