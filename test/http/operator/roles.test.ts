/** Weights, quotas and roles by the operator API and by the forms of the time before it. */

import { describe, expect, test } from "vitest";
import { Authenticator, masterRealms } from "../../../src/http/guards/authentication.ts";
import { parseAcls } from "../../../src/http/guards/authorization.ts";
import { Secret } from "../../../src/http/guards/secret.ts";
import type { ClusterChange } from "../../../src/protocol/cluster-events.ts";
import { SlaveId } from "../../../src/protocol/ids.ts";
import type { OperatorCall } from "../../../src/protocol/operator-api.ts";
import { frameworkRow, offerRow, slaveRow, taskRow } from "../scene.ts";
import { type DoorOptions, door } from "./door.ts";

const quota = { limits: { cpus: 5_000, mem: 0 }, guarantees: { cpus: 1_500 }, graceMs: 2_500 };

/** `ads` with two roles below it, one framework in both; a slave of which a part is reserved to `ads/web`. */
const cluster: readonly ClusterChange[] = [
  { type: "settings", settings: { weights: { "ads/web": 2, other: 0.5 }, quotas: { ads: quota } } },
  {
    type: "slave",
    row: slaveRow("s1", {
      info: { ...slaveRow("s1").info, resources: { cpus: 6_000, "cpus(ads/web)": 2_000, mem: 1_024_000 } },
      used: { cpus: 1_000, "cpus(ads/web)": 500, mem: 64_000 },
      offered: { cpus: 500 },
    }),
  },
  {
    type: "framework",
    row: frameworkRow("f1", {
      info: { ...frameworkRow("f1").info, roles: ["ads/web", "ads/db"] },
      used: { cpus: 1_500 },
    }),
  },
  {
    type: "task",
    row: {
      ...taskRow("f1", "t1"),
      task: { ...taskRow("f1", "t1").task, role: "ads/web", resources: { cpus: 500, "cpus(ads/web)": 500 } },
    },
  },
  {
    type: "task",
    row: {
      ...taskRow("f1", "t2"),
      task: { ...taskRow("f1", "t2").task, role: "ads/db", resources: { cpus: 500, mem: 64_000 } },
    },
  },
  { type: "offer", row: { ...offerRow("o1", "f1"), role: "ads/db", slaveId: SlaveId("s1") } },
];

/** With that cluster, unless told otherwise. */
const scene = (options: DoorOptions = {}) => door({ changes: cluster, ...options });

describe("writes", () => {
  test.each<readonly [string, object, OperatorCall]>([
    [
      "UPDATE_QUOTA",
      {
        force: true,
        quota_configs: [
          { role: "a", limits: { cpus: { value: 1.5 } }, guarantees: { mem: { value: 0.001 } }, grace_period: 0.5 },
          { role: "b", limits: { cpus: { value: 0 } } },
          { role: "c" },
        ],
      },
      {
        type: "UPDATE_QUOTA",
        force: true,
        quotas: [
          { role: "a", quota: { limits: { cpus: 1_500 }, guarantees: { mem: 1 }, graceMs: 500 } },
          { role: "b", quota: { limits: { cpus: 0 }, guarantees: {}, graceMs: 30_000 } },
          { role: "c" },
        ],
      },
    ],
    ["UPDATE_QUOTA", { quota_configs: [] }, { type: "UPDATE_QUOTA", force: false, quotas: [] }],
    [
      "SET_QUOTA",
      {
        quota_request: {
          role: "a",
          guarantee: [{ name: "cpus", type: "SCALAR", scalar: { value: 2 }, role: "*" }],
        },
      },
      {
        type: "SET_QUOTA",
        role: "a",
        force: false,
        quota: { limits: { cpus: 2_000 }, guarantees: { cpus: 2_000 }, graceMs: 30_000 },
      },
    ],
    ["REMOVE_QUOTA", { role: "a" }, { type: "REMOVE_QUOTA", role: "a" }],
    [
      "UPDATE_WEIGHTS",
      { weight_infos: [{ role: "a", weight: 2.5 }] },
      { type: "UPDATE_WEIGHTS", weights: [{ role: "a", weight: 2.5 }] },
    ],
  ])("%s is handed to the master", async (type, body, asked) => {
    const { heard, call } = await scene();
    expect(await call(type, body)).toEqual({ status: 200, body: "" });
    expect(heard).toEqual([asked]);
  });
});

describe("writes that are none", () => {
  const scalar = (name: string, value: number) => ({ name, type: "SCALAR", scalar: { value } });
  const guaranteed = (...guarantee: readonly object[]) => ({ quota_request: { role: "a", guarantee } });

  test.each([
    ["UPDATE_QUOTA", {}, /^not a UPDATE_QUOTA call: update_quota\.quota_configs: /],
    ["UPDATE_QUOTA", { quota_configs: {} }, /update_quota\.quota_configs: /],
    ["UPDATE_QUOTA", { force: "yes", quota_configs: [] }, /update_quota\.force: /],
    ["UPDATE_QUOTA", { quota_configs: [{ limits: {} }] }, /quota_configs\.0\.role: /],
    ["UPDATE_QUOTA", { quota_configs: [{ role: "a", limits: { cpus: 1 } }] }, /quota_configs\.0\.limits\.cpus: /],
    [
      "UPDATE_QUOTA",
      { quota_configs: [{ role: "a", limits: { cpus: { value: -1 } } }] },
      /quota_configs\.0\.limits\.cpus\.value: -1 is no amount/,
    ],
    [
      "UPDATE_QUOTA",
      { quota_configs: [{ role: "a", limits: { cpus: { value: 0.0001 } } }] },
      /limits\.cpus\.value: 0\.0001 is not 0, and less than the 0\.001 that can be counted/,
    ],
    ["UPDATE_QUOTA", { quota_configs: [{ role: "a", grace_period: "30s" }] }, /quota_configs\.0\.grace_period: /],
    ["SET_QUOTA", {}, /set_quota\.quota_request: /],
    ["SET_QUOTA", guaranteed({ name: "cpus", type: "SCALAR" }), /guarantee\.0\.scalar: /],
    ["SET_QUOTA", guaranteed({ name: "ports", type: "RANGES" }), /guarantee\.0\.type: /],
    ["SET_QUOTA", guaranteed({ ...scalar("cpus", 1), role: "b" }), /guarantee\.0\.role: /],
    [
      "SET_QUOTA",
      guaranteed({ ...scalar("cpus", 1), reservation: {} }),
      /guarantee\.0\.reservation: a guarantee is of no reservation/,
    ],
    [
      "SET_QUOTA",
      guaranteed(scalar("cpus", 1), scalar("cpus", 2)),
      /quota_request\.guarantee: QuotaInfo contains duplicate resource name 'cpus'/,
    ],
    ["REMOVE_QUOTA", { role: 7 }, /remove_quota\.role: /],
    ["UPDATE_WEIGHTS", { weight_infos: [{ role: "a" }] }, /weight_infos\.0\.weight: /],
    ["UPDATE_WEIGHTS", { weight_infos: [{ weight: 1 }] }, /weight_infos\.0\.role: /],
    ["UPDATE_WEIGHTS", { weight_infos: { role: "a", weight: 1 } }, /weight_infos: /],
  ])("%s with %j is refused with the place", async (type, body, message) => {
    const { heard, call } = await scene();
    expect(await call(type, body)).toEqual({ status: 400, body: expect.stringMatching(message) });
    expect(heard).toEqual([]);
  });

  test.each([400, 409, 503] as const)("that the master refuses with %i are told why", async (status) => {
    const { call, send } = await scene({ reply: { done: false, status, reason: "too much" } });
    expect(await call("REMOVE_QUOTA", { role: "a" })).toEqual({ status, body: "too much\n" });
    expect(await send("DELETE", "/quota/a")).toEqual({ status, body: "too much\n" });
  });
});

describe("reads", () => {
  const configs = [
    {
      role: "ads",
      guarantees: { cpus: { value: 1.5 } },
      limits: { cpus: { value: 5 }, mem: { value: 0 } },
      grace_period: 2.5,
    },
  ];
  const cpus = (value: number) => ({ name: "cpus", type: "SCALAR", scalar: { value }, role: "*" });
  const status = { infos: [{ role: "ads", guarantee: [cpus(1.5)] }], configs };
  const weights = [
    { role: "ads/web", weight: 2 },
    { role: "other", weight: 0.5 },
  ];

  test("of quotas and weights", async () => {
    const { call, send } = await scene();
    expect((await call("GET_QUOTA")).body).toEqual({ type: "GET_QUOTA", get_quota: { status } });
    expect((await call("GET_WEIGHTS")).body).toEqual({ type: "GET_WEIGHTS", get_weights: { weight_infos: weights } });
    for (const prefix of ["", "/master"]) {
      expect(await send("GET", `${prefix}/quota`)).toEqual({ status: 200, body: status });
      expect(await send("GET", `${prefix}/weights`)).toEqual({ status: 200, body: weights });
    }
    expect((await send("GET", "/weights?jsonp=f")).body).toBe(`f(${JSON.stringify(weights)});`);
  });

  test("of roles add up what is below each, and what counts against a quota", async () => {
    const { call, send } = await scene();
    const { body } = await send("GET", "/roles");
    const byName = new Map(body.roles.map((role: { name: string }) => [role.name, role]));
    expect([...byName.keys()]).toEqual(["*", "ads", "ads/web", "other", "ads/db"]);
    const none = { cpus: 0, gpus: 0, mem: 0, disk: 0 };
    expect(byName.get("ads")).toEqual({
      name: "ads",
      weight: 1,
      quota: { role: "ads", guarantee: { cpus: 1.5 }, limit: { cpus: 5, mem: 0 }, consumed: { cpus: 3, mem: 64 } },
      resources: { ...none, cpus: 2, mem: 64 },
      allocated: { ...none, cpus: 1.5, mem: 64 },
      offered: { ...none, cpus: 0.5 },
      reserved: { ...none, cpus: 2 },
      frameworks: [],
    });
    expect(byName.get("ads/web")).toMatchObject({ weight: 2, allocated: { cpus: 1 }, frameworks: ["f1"] });
    expect(byName.get("other")).toMatchObject({ weight: 0.5, resources: none, frameworks: [] });
    const { get_roles } = (await call("GET_ROLES")).body;
    expect(get_roles.roles.find(({ name }: { name: string }) => name === "ads")).toEqual({
      name: "ads",
      weight: 1,
      frameworks: [],
      resources: [cpus(2), { ...cpus(64), name: "mem" }],
      quota: { role: "ads", guarantee: { cpus: 1.5 }, limit: { cpus: 5, mem: 0 }, consumed: { cpus: 3, mem: 64 } },
      dominant_share: 0.25,
      allocated: [cpus(1.5), { ...cpus(64), name: "mem" }],
      offered: [cpus(0.5)],
      reserved: [cpus(2)],
    });
  });

  test("of metrics tell shares and quotas", async () => {
    const { send } = await scene();
    expect((await send("GET", "/metrics/snapshot")).body).toMatchObject({
      "allocator/mesos/roles/ads/shares/dominant": 0.25,
      "allocator/mesos/roles/ads/web/shares/dominant": 0.125,
      "allocator/mesos/quota/roles/ads/resources/cpus/guarantee": 1.5,
      "allocator/mesos/quota/roles/ads/resources/cpus/limit": 5,
      "allocator/mesos/quota/roles/ads/resources/cpus/offered_or_allocated": 2,
      "allocator/mesos/quota/roles/ads/resources/mem/limit": 0,
      "allocator/mesos/quota/roles/ads/resources/mem/offered_or_allocated": 64,
    });
  });

  test("tell how far the pause after a restart is, while there is one", async () => {
    const paused = await scene({ changes: [{ type: "offerPause", progress: { back: 61, known: 100 } }] });
    const offer_pause = { slaves_back: 61, slaves_known: 100 };
    expect((await paused.send("GET", "/state")).body).toMatchObject({ offer_pause });
    expect((await paused.call("GET_MASTER")).body.get_master).toMatchObject({ offer_pause });
    const over = await scene({
      changes: [{ type: "offerPause", progress: { back: 61, known: 100 } }, { type: "offerPause" }],
    });
    expect((await over.send("GET", "/state")).body).not.toHaveProperty("offer_pause");
    expect((await over.call("GET_MASTER")).body.get_master).not.toHaveProperty("offer_pause");
  });
});

describe("the older forms", () => {
  test.each<readonly [string, string, unknown, OperatorCall]>([
    [
      "PUT",
      "/weights",
      [{ role: "a/b", weight: 2 }],
      { type: "UPDATE_WEIGHTS", weights: [{ role: "a/b", weight: 2 }] },
    ],
    [
      "POST",
      "/quota",
      { role: "a", force: true, guarantee: [{ name: "mem", type: "SCALAR", scalar: { value: 64 } }] },
      {
        type: "SET_QUOTA",
        role: "a",
        force: true,
        quota: { limits: { mem: 64_000 }, guarantees: { mem: 64_000 }, graceMs: 30_000 },
      },
    ],
    ["DELETE", "/quota/a%2Fb", undefined, { type: "REMOVE_QUOTA", role: "a/b" }],
    ["DELETE", "/quota/a", undefined, { type: "REMOVE_QUOTA", role: "a" }],
  ])("%s %s is handed to the master", async (method, path, body, asked) => {
    for (const prefix of ["", "/master"]) {
      const { heard, send } = await scene();
      expect(await send(method, `${prefix}${path}`, body)).toEqual({ status: 200, body: "" });
      expect(heard).toEqual([asked]);
    }
  });

  test.each([
    ["PUT", "/weights", undefined, 400, /^the body is not JSON/],
    ["PUT", "/weights", { role: "a", weight: 1 }, 400, /^not a body of PUT \/weights: body: /],
    ["PUT", "/weights", [{ role: "a", weight: "heavy" }], 400, /^not a body of PUT \/weights: 0\.weight: /],
    ["POST", "/quota", {}, 400, /^not a body of POST \/quota: role: /],
    ["DELETE", "/weights", undefined, 405, /^\/weights takes GET or PUT/],
    ["PUT", "/quota", [], 405, /^\/quota takes GET or POST/],
    ["GET", "/quota?jsonp=a-b", undefined, 400, /^jsonp is the name of a function/],
  ])("%s %s with %j is %i", async (method, path, body, status, message) => {
    const { heard, send } = await scene();
    expect(await send(method, path, body)).toEqual({ status, body: expect.stringMatching(message) });
    expect(heard).toEqual([]);
  });
});

describe("with access lists", () => {
  const basic = (principal: string) => ({
    authorization: `Basic ${Buffer.from(`${principal}:secret`).toString("base64")}`,
  });
  const authenticator = new Authenticator(
    masterRealms,
    ["ada", "bob"].map((principal) => ({ principal, secret: new Secret("secret") })),
    masterRealms,
  );
  const lists = (action: string) => {
    const anyRole = { type: "ANY" };
    const parsed = parseAcls(
      JSON.stringify({
        permissive: false,
        [action]: [
          { principals: { values: ["ada"] }, roles: anyRole },
          { principals: { values: ["bob"] }, roles: { values: ["other"] } },
        ],
      }),
      false,
    );
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value;
  };

  const config = (role: string) => ({ role, limits: { cpus: { value: 1 } } });
  test.each([
    ["update_quotas", "UPDATE_QUOTA", (role: string) => ({ quota_configs: [config("other"), config(role)] })],
    ["update_quotas", "SET_QUOTA", (role: string) => ({ quota_request: { role, guarantee: [] } })],
    ["update_quotas", "REMOVE_QUOTA", (role: string) => ({ role })],
    ["update_weights", "UPDATE_WEIGHTS", (role: string) => ({ weight_infos: [{ role, weight: 1 }] })],
  ])("%s decides who may %s", async (action, type, body) => {
    const { heard, call } = await scene({ authenticator, authorizer: lists(action) });
    expect((await call(type, body("ads"), basic("ada"))).status).toBe(200);
    expect((await call(type, body("other"), basic("bob"))).status).toBe(200);
    expect(heard.length).toBe(2);
    const part = action === "update_quotas" ? "quota" : "weight";
    expect(await call(type, body("ads"), basic("bob"))).toEqual({
      status: 403,
      body: `not authorized to change the ${part} of role "ads"\n`,
    });
    expect((await call(type, body("ads"))).status).toBe(401);
    expect(heard.length).toBe(2);
  });

  test("a role that may not be viewed is in no answer about roles", async () => {
    const { call, send } = await scene({ authenticator, authorizer: lists("view_roles") });
    for (const [principal, sees] of [
      ["ada", true],
      ["bob", false],
    ] as const) {
      const headers = basic(principal);
      const answers = [
        await call("GET_ROLES", {}, headers),
        await call("GET_WEIGHTS", {}, headers),
        await send("GET", "/roles", undefined, headers),
        await send("GET", "/weights", undefined, headers),
      ];
      for (const { status, body } of answers) {
        expect([status, JSON.stringify(body).includes('"ads/web"')]).toEqual([200, sees]);
        expect(JSON.stringify(body)).toContain('"other"');
      }
    }
  });

  test("get_quotas decides whose quotas are told", async () => {
    const { call, send } = await scene({ authenticator, authorizer: lists("get_quotas") });
    for (const [principal, count] of [
      ["ada", 1],
      ["bob", 0],
    ] as const) {
      const { get_quota } = (await call("GET_QUOTA", {}, basic(principal))).body;
      const older = (await send("GET", "/quota", undefined, basic(principal))).body;
      expect([get_quota.status.configs.length, older.infos.length]).toEqual([count, count]);
    }
  });
});
