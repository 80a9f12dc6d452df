import { describe, expect, test, vi } from "vitest";
import { ClusterView } from "../../src/http/view/view.ts";
import { SlaveId } from "../../src/protocol/ids.ts";
import { fedView, frameworkRow, gateway, slaveRow, taskRow } from "./scene.ts";

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
