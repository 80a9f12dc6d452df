import { describe, expect, test } from "vitest";
import { callOperator } from "../../../src/http/master-client.ts";
import { ClusterView } from "../../../src/http/view/view.ts";
import type { ClusterChange } from "../../../src/protocol/cluster-events.ts";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import type { OperatorCall, OperatorReply } from "../../../src/protocol/operator-api.ts";
import { operatorReads } from "../../../src/protocol/operator-schema.ts";
import { fedView, frameworkRow, gateway, offerRow, oneThread, scriptedMaster, slaveRow, taskRow } from "../scene.ts";

const json = { "content-type": "application/json" };
const call = JSON.stringify({ type: "GET_HEALTH" });
const nested = (opening: string, count: number) => opening.repeat(count);

describe("negotiation", () => {
  test.each([
    ["a call", json, call, 200],
    ["a charset", { "content-type": "Application/JSON; charset=utf-8" }, call, 200],
    ["fields of nobody's", json, '{"type":"GET_HEALTH","more":1,"__proto__":{"x":1}}', 200],
    ["no content type", {}, Buffer.from(call), 400],
    ["protobuf", { "content-type": "application/x-protobuf" }, call, 415],
    ["a form", { "content-type": "text/plain" }, call, 415],
    ["compression", { ...json, "content-encoding": "gzip" }, call, 415],
    ["nothing", json, "", 400],
    ["half of JSON", json, "{", 400],
    ["a byte order mark", json, `\ufeff${call}`, 400],
    ["bytes that are not UTF-8", json, Buffer.from('{"type":"GET_HEALTH","x":"\xff"}', "latin1"), 400],
    ["null", json, "null", 400],
    ["a list", json, "[]", 400],
    ["a string", json, '"GET_HEALTH"', 400],
    ["no type", json, "{}", 400],
    ["a type that is a list", json, '{"type":["GET_HEALTH"]}', 400],
    ["deep lists", json, nested("[", 100_000), 400],
    ["deep objects", json, nested('{"a":', 100_000), 400],
    ["an unknown type", json, '{"type":"NOPE"}', 501],
    ["a name that objects have", json, '{"type":"constructor"}', 501],
    ["a call without its body", json, '{"type":"TEARDOWN"}', 400],
    ["a body without its fields", json, '{"type":"TEARDOWN","teardown":{"framework_id":{}}}', 400],
    ["an id that is a path", json, '{"type":"TEARDOWN","teardown":{"framework_id":{"value":"../x"}}}', 400],
    ["more than 2 MiB", json, " ".repeat(2 * 1024 * 1024 + 1), 413],
  ])("%s", async (_name, headers, body, status) => {
    const response = await fetch(`${(await gateway()).url}/api/v1`, { method: "POST", headers: { ...headers }, body });
    const text = await response.text();
    expect([response.status, text]).toEqual([status, expect.stringMatching(/^.{1,600}\n?$/)]);
    expect(response.headers.get("content-type")).toBe(
      status === 200 ? "application/json" : "text/plain; charset=utf-8",
    );
    expect(response.headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
  });

  test.each([
    ["*/*", 200],
    ["application/*", 200],
    ["application/json", 200],
    ["text/html, application/json;q=0.5", 200],
    ["application/x-protobuf", 406],
    ["application/x-protobuf, application/x-protobuf", 406],
    ["application/json;q=0", 406],
    ["text/html", 406],
  ])("Accept: %s", async (accept, status) => {
    const { url } = await gateway();
    const response = await fetch(`${url}/master/api/v1?_ts=1`, {
      method: "POST",
      headers: { ...json, accept },
      body: call,
    });
    expect(response.status).toBe(status);
  });

  test("an unknown call is told which ones there are", async () => {
    const { url } = await gateway();
    const response = await fetch(`${url}/api/v1`, {
      method: "POST",
      headers: json,
      body: '{"type":"GET_LUCKY\\u001b[2J"}',
    });
    const text = await response.text();
    for (const known of [...operatorReads, "TEARDOWN"]) expect(text).toContain(known);
    expect(text).not.toContain("\u001b");
  });

  test("what is wrong with a body is told with its place", async () => {
    const { url } = await gateway();
    const body = '{"type":"TEARDOWN","teardown":{"framework_id":{"value":""}}}';
    const response = await fetch(`${url}/api/v1`, { method: "POST", headers: json, body });
    expect(await response.text()).toBe("not a TEARDOWN call: teardown.framework_id.value: is empty\n");
  });

  test("nothing is known while nobody leads", async () => {
    const { url } = await gateway({ view: new ClusterView() });
    expect((await fetch(`${url}/api/v1`, { method: "POST", headers: json, body: call })).status).toBe(503);
  });
});

const cluster: readonly ClusterChange[] = [
  { type: "framework", row: frameworkRow("f1") },
  {
    type: "framework",
    row: frameworkRow("f2", { info: { ...frameworkRow("f2").info, roles: ["*"] }, state: "disconnected" }),
  },
  { type: "framework", row: frameworkRow("f0", { state: "completed" }) },
  { type: "slave", row: slaveRow("s1") },
  { type: "slave", row: slaveRow("s3", { state: "unreachable" }) },
  { type: "task", row: taskRow("f1", "t1") },
  { type: "task", row: taskRow("f1", "t2", "unreachable") },
  { type: "task", row: taskRow("f1", "t3", "failed") },
  { type: "task", row: taskRow("nobody", "t4") },
  { type: "offer", row: offerRow("o1", "f1") },
];

const scalar = (name: string, value: number) => ({ name, role: "*", type: "SCALAR", scalar: { value } });

const agent = (id: string, active: boolean) => ({
  agent_info: {
    id: { value: id },
    hostname: "127.0.0.1",
    port: 5051,
    resources: total,
    attributes: [
      { name: "rack", type: "TEXT", text: { value: "r1" } },
      { name: "size", type: "SCALAR", scalar: { value: 2.5 } },
    ],
  },
  active,
  deactivated: false,
  version: "1.11.0",
  pid: "slave(1)@10.0.0.7:5051",
  registered_time: { nanoseconds: 1_700_000_001_000_000_000 },
  total_resources: total,
  allocated_resources: [scalar("cpus", 1.5), scalar("mem", 64)],
  offered_resources: [scalar("cpus", 0.5)],
  capabilities: [],
});

const total = [
  scalar("cpus", 4),
  scalar("mem", 1024),
  { name: "ports", role: "*", type: "RANGES", ranges: { range: [{ begin: 31_000, end: 31_009 }] } },
  { name: "zones", role: "*", type: "SET", set: { item: ["a", "b"] } },
];

const framework = (id: string, role: string, active: boolean) => ({
  framework_info: {
    id: { value: id },
    user: "ada",
    name: `${id} name`,
    role,
    failover_timeout: 60.5,
    checkpoint: true,
    capabilities: [],
  },
  active,
  connected: active,
  recovered: false,
  registered_time: { nanoseconds: 1_700_000_002_000_000_000 },
  allocated_resources: [scalar("cpus", 1.5), scalar("mem", 64)],
  offered_resources: [scalar("cpus", 0.5)],
});

const task = (id: string, frameworkId: string, state: string) => ({
  task_id: { value: id },
  name: `${id} name`,
  framework_id: { value: frameworkId },
  agent_id: { value: "s1" },
  state,
  resources: [scalar("cpus", 1.5), scalar("mem", 64)],
  statuses: [
    {
      task_id: { value: id },
      state,
      source: "SOURCE_AGENT",
      timestamp: 1_700_000_003.5,
      message: "as told",
      agent_id: { value: "s1" },
      executor_id: { value: id },
      container_status: {
        container_id: { value: "run-1" },
        network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "10.0.0.7" }] }],
        executor_pid: 4242,
      },
    },
  ],
  labels: { labels: [{ key: "tier", value: "front" }, { key: "plain" }] },
});

const agents = { agents: [agent("s1", true), agent("s3", false)], recovered_agents: [] };
const frameworks = {
  frameworks: [framework("f1", "batch", true), framework("f2", "*", false)],
  completed_frameworks: [framework("f0", "batch", false)],
  recovered_frameworks: [],
};
const tasks = {
  pending_tasks: [],
  tasks: [task("t1", "f1", "TASK_RUNNING")],
  unreachable_tasks: [task("t2", "f1", "TASK_UNREACHABLE")],
  completed_tasks: [task("t3", "f1", "TASK_FAILED")],
  orphan_tasks: [task("t4", "nobody", "TASK_RUNNING")],
};
const versionInfo = { version: "1.11.0", build_date: "1970-01-01 00:00:00", build_time: 0, build_user: "mesolite" };

const held = {
  weight: 1,
  resources: [scalar("cpus", 2), scalar("mem", 64)],
  dominant_share: 0.5,
  allocated: [scalar("cpus", 1.5), scalar("mem", 64)],
  offered: [scalar("cpus", 0.5)],
  reserved: [],
};

test.each([
  ["GET_AGENTS", agents],
  ["GET_FRAMEWORKS", frameworks],
  ["GET_HEALTH", { healthy: true }],
  ["GET_TASKS", tasks],
  ["GET_STATE", { get_tasks: tasks, get_executors: { executors: [] }, get_frameworks: frameworks, get_agents: agents }],
  ["GET_VERSION", { version_info: versionInfo }],
  [
    "GET_OFFERS",
    {
      offers: [
        {
          id: { value: "o1" },
          framework_id: { value: "f1" },
          framework: "f1 name",
          agent_id: { value: "s1" },
          hostname: "127.0.0.1",
          allocation_info: { role: "batch" },
          resources: [scalar("cpus", 0.5)],
          made_time: { nanoseconds: 1_700_000_004_000_000_000 },
        },
      ],
    },
  ],
  ["GET_QUOTA", { status: { infos: [], configs: [] } }],
  ["GET_WEIGHTS", { weight_infos: [] }],
  [
    "GET_ROLES",
    {
      roles: [
        { name: "*", frameworks: [{ value: "f2" }], ...held },
        { name: "batch", frameworks: [{ value: "f1" }], ...held },
      ],
    },
  ],
] as const)("%s", async (type, answer) => {
  const { port } = await gateway({ view: fedView(cluster) });
  expect(await callOperator(`127.0.0.1:${port}`, { type })).toEqual({
    ok: true,
    value: { type, [type.toLowerCase()]: answer },
  });
});

test("GET_MASTER", async () => {
  const { port } = await gateway({ view: fedView(cluster) });
  const reply = await callOperator(`127.0.0.1:${port}`, { type: "GET_MASTER" });
  expect(reply.ok && reply.value.get_master).toEqual({
    master_info: {
      id: "cluster-1",
      ip: 16_777_343,
      port,
      pid: `master@127.0.0.1:${port}`,
      hostname: "127.0.0.1",
      version: "1.11.0",
      address: { hostname: "127.0.0.1", ip: "127.0.0.1", port },
    },
    start_time: 1_700_000_000,
    elected_time: 1_700_000_000,
  });
});

describe("a question", () => {
  async function asking(body: object, reply: OperatorReply | undefined) {
    const { system, advance } = oneThread();
    const heard: OperatorCall[] = [];
    const arrived = Promise.withResolvers<void>();
    const operate = ({ call: asked }: { readonly call: OperatorCall }, answer: (reply: OperatorReply) => void) => {
      heard.push(asked);
      if (reply !== undefined) answer(reply);
      arrived.resolve();
    };
    const master = system.spawn(scriptedMaster({ operate }), undefined);
    const { url } = await gateway({ system, view: fedView([], 7), master: () => master });
    const response = fetch(`${url}/api/v1`, { method: "POST", headers: json, body: JSON.stringify(body) });
    return { heard, advance, arrived: arrived.promise, response };
  }

  test("is answered as soon as the master knows, with numbers and words", async () => {
    const groups = [{ cause: "noDemand", amounts: { cpus: 1_500 } }] as const;
    const whyIdle = { total: { cpus: 2_000 }, running: { cpus: 500 }, idle: { cpus: 1_500 }, groups, names: {} };
    const { heard, response } = await asking(
      { type: "WHY_IDLE" },
      { done: true, seq: 99, answer: { type: "WHY_IDLE", whyIdle } },
    );
    expect(await (await response).json()).toEqual({
      type: "WHY_IDLE",
      why_idle: {
        total: { cpus: 2 },
        running: { cpus: 0.5 },
        idle: { cpus: 1.5 },
        causes: [
          {
            cause: "noDemand",
            amounts: { cpus: 1.5 },
            what: "nobody wants offers",
            mend: "a framework with work, or a REVIVE",
          },
        ],
      },
    });
    expect(heard).toEqual([{ type: "WHY_IDLE" }]);
  });

  test.each([404, 409, 503] as const)("that the master refuses with %i is refused so", async (status) => {
    const body = { type: "WHY_NOT", why_not: { framework: "batch" } };
    const { heard, response } = await asking(body, { done: false, status, reason: "no framework batch" });
    expect([(await response).status, await (await response).text()]).toEqual([status, "no framework batch\n"]);
    expect(heard).toEqual([{ type: "WHY_NOT", framework: "batch" }]);
  });

  test("that the master does not answer may be asked again", async () => {
    const { arrived, advance, response } = await asking({ type: "WHY_IDLE" }, undefined);
    await arrived;
    advance(10_000);
    expect([(await response).status, await (await response).text()]).toEqual([
      503,
      "the master did not answer (timeout); ask again\n",
    ]);
  });
});

describe("TEARDOWN", () => {
  const teardown = { type: "TEARDOWN", teardown: { framework_id: { value: FrameworkId("f1") } } } as const;

  async function scene(reply: OperatorReply | undefined) {
    const { system, advance } = oneThread();
    const view = fedView([], 7);
    const heard: OperatorCall[] = [];
    const arrived = Promise.withResolvers<void>();
    const master = system.spawn(
      scriptedMaster({
        operate: (body, answer) => {
          heard.push(body.call);
          if (reply !== undefined) answer(reply);
          arrived.resolve();
        },
      }),
      undefined,
    );
    const { port } = await gateway({ system, view, master: () => master });
    return { view, heard, advance, arrived: arrived.promise, answer: callOperator(`127.0.0.1:${port}`, teardown) };
  }

  test("is answered when the effect shows, and not before", async () => {
    const { view, heard, arrived, answer } = await scene({ done: true, seq: 9 });
    let answered = false;
    const watching = answer.then(() => {
      answered = true;
    });
    await arrived;
    view.applyChanges({ seq: 8, changes: [] });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    view.applyChanges({ seq: 9, changes: [] });
    await watching;
    expect(await answer).toEqual({ ok: true, value: undefined });
    expect(heard).toEqual([{ type: "TEARDOWN", frameworkId: "f1" }]);
  });

  test.each([
    [404, "not-found"],
    [409, "refused"],
    [400, "refused"],
  ] as const)("that the master refuses with %i is %s", async (status, code) => {
    const { answer } = await scene({ done: false, status, reason: "no framework f1" });
    expect(await answer).toEqual({ ok: false, error: { code, message: "no framework f1" } });
  });

  test("that the master never answers is told as unknown", async () => {
    const { arrived, advance, answer } = await scene(undefined);
    await arrived;
    advance(10_000);
    const message = expect.stringMatching(/did not answer \(timeout\); whether it was carried out is unknown/);
    expect(await answer).toEqual({ ok: false, error: { code: "no-master", message } });
  });

  test("that another master overtakes is told as carried out", async () => {
    const { view, arrived, answer } = await scene({ done: true, seq: 99 });
    await arrived;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    view.applySnapshot({
      seq: 0,
      master: { id: "c", lead: { epoch: 2, term: 1 }, startedMs: 1 },
      changes: [],
      last: true,
    });
    const message = expect.stringMatching(/TEARDOWN was carried out, but does not show yet: another master took over/);
    expect(await answer).toEqual({ ok: false, error: { code: "no-master", message } });
  });

  test("needs a master", async () => {
    const { port } = await gateway();
    expect(await callOperator(`127.0.0.1:${port}`, teardown)).toMatchObject({
      ok: false,
      error: { code: "no-master" },
    });
  });
});
