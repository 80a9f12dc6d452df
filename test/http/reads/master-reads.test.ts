import { describe, expect, test } from "vitest";
import { ClusterView } from "../../../src/http/view/view.ts";
import type { ClusterChange } from "../../../src/protocol/cluster-events.ts";
import type { TaskState } from "../../../src/protocol/task.ts";
import { rawRequest } from "../raw-request.ts";
import { changed, opened } from "../read-scene.ts";
import { fedView, taskRow } from "../scene.ts";

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
