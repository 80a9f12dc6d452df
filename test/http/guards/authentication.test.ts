import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Authenticator, agentRealms, masterRealms, type Realm } from "../../../src/http/guards/authentication.ts";
import type { Credential } from "../../../src/http/guards/credentials-file.ts";
import { Secret } from "../../../src/http/guards/secret.ts";
import { httpServer, listen, type OpenServer, sendJson } from "../../../src/http/server.ts";
import { openSlaveGateway } from "../../../src/http/slave-gateway.ts";
import { FrameworkId } from "../../../src/protocol/ids.ts";
import { bareGateway, fedView, frameworkRow, gateway, oneThread, scriptedMaster } from "../scene.ts";

const ada: Credential = { principal: "ada", secret: new Secret("pass:word é") };

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
const right = basic("ada:pass:word é");
const json = { "content-type": "application/json" };

const masterOf = (required: readonly Realm[]) =>
  bareGateway({ authenticator: new Authenticator(masterRealms, [ada], required) });
const slaveOf = (required: readonly Realm[]) =>
  openSlaveGateway({
    port: 0,
    workDir: "/nowhere",
    version: "1.11.0",
    look: async () => ({}),
    log: () => {},
    authenticator: new Authenticator(agentRealms, [ada], required),
  });

/** What is open whoever asks; any other route has to be in a realm. */
const open = ["/health", "/version", "/redirect", "/mesolite/bridge"];

/** Routes that change something, or may; any other has to be a read. */
const written: Readonly<Record<string, Realm>> = {
  "/api/v1": "mesos-master-readwrite",
  "/api/v1/*": "mesos-master-readwrite",
  "/api/v1/scheduler": "mesos-master-scheduler",
  "PUT /weights": "mesos-master-readwrite",
  "POST /quota": "mesos-master-readwrite",
  "POST /maintenance/schedule": "mesos-master-readwrite",
  "DELETE /quota/*": "mesos-master-readwrite",
};

async function routesOf(opening: Promise<OpenServer>) {
  const { routes, close } = await opening;
  await close();
  return routes.map(({ method, url }) => {
    const plain = url.replace(/^\/(master|slave\(1\))(?=\/)/, "");
    return { method, url, plain, path: url.replace(/:[^/]+|\*/g, "x") };
  });
}

const routes = {
  master: await routesOf(masterOf([])),
  slave: await routesOf(slaveOf([])),
};

describe.each([["master", masterRealms, masterOf] as const, ["slave", agentRealms, slaveOf] as const])(
  "%s, all realms on",
  (party, realms, openWith) => {
    let port = 0;
    let close = async () => {};
    beforeAll(async () => {
      ({ port, close } = await openWith(realms));
    });
    afterAll(() => close());

    test.each(routes[party])("$method $url", async ({ method, plain, path }) => {
      const ask = async (headers: Record<string, string>) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
        await response.arrayBuffer();
        return { status: response.status, challenge: response.headers.get("www-authenticate") };
      };
      const strangers = [
        {},
        basic("ada:password"),
        basic("eve:pass:word é"),
        basic("eve:"),
        { authorization: "Bearer pass" },
      ];
      const statuses = new Set<number>();
      for (const stranger of strangers) {
        const { status, challenge } = await ask(stranger);
        statuses.add(status);
        if (status !== 401) continue;
        const realm = written[`${method} ${plain}`] ?? written[plain] ?? realms[0];
        expect(challenge).toBe(`Basic realm="${realm}"`);
      }
      if (open.includes(plain)) {
        expect(statuses).not.toContain(401);
        return;
      }
      expect([...statuses]).toEqual([401]);
      expect((await ask(basic(":secret"))).status).toBe(403);
      expect([401, 403]).not.toContain((await ask(right)).status);
    });

    test("another method of a path is told to nobody who is not known", async () => {
      const path = party === "master" ? "/state" : "/files/read";
      const statusWith = async (headers: Record<string, string>) =>
        (await fetch(`http://127.0.0.1:${port}${path}`, { method: "DELETE", headers })).status;
      expect([await statusWith({}), await statusWith(right)]).toEqual([401, 405]);
    });
  },
);

test.each(["master", "slave"] as const)("a %s whose realms are off ignores credentials", async (party) => {
  const { port, close } = await { master: masterOf, slave: slaveOf }[party]([]);
  onTestFinished(close);
  for (const headers of [{}, basic("eve:wrong"), basic(":x"), { authorization: "nonsense" }]) {
    for (const { method, path } of routes[party]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
      expect([path, [401, 403].includes(response.status)]).toEqual([path, false]);
    }
  }
});

describe("POST /api/v1", () => {
  const read = '{"type":"GET_HEALTH"}';
  const write = '{"type":"TEARDOWN","teardown":{"framework_id":{"value":"f1"}}}';
  const both: readonly Realm[] = ["mesos-master-readonly", "mesos-master-readwrite"];

  async function statusOf(required: readonly Realm[], body: string, headers: Record<string, string>) {
    const thread = oneThread();
    const view = fedView([{ type: "framework", row: frameworkRow("f1") }]);
    const asked: unknown[] = [];
    const master = thread.system.spawn(
      scriptedMaster({
        operate: ({ call }, answer) => {
          asked.push(call);
          answer({ done: true, seq: 7 });
        },
      }),
      undefined,
    );
    const authenticator = new Authenticator(masterRealms, [ada], required);
    const { url } = await gateway({ system: thread.system, view, master: () => master, authenticator });
    const response = await fetch(`${url}/api/v1`, { method: "POST", headers: { ...json, ...headers }, body });
    const challenge = response.headers.get("www-authenticate");
    expect(asked).toEqual(
      response.status === 200 && body === write ? [{ type: "TEARDOWN", frameworkId: FrameworkId("f1") }] : [],
    );
    return challenge === null ? response.status : challenge;
  }

  test.each([
    { required: [], body: read, headers: {}, answer: 200 },
    { required: [], body: write, headers: {}, answer: 200 },
    { required: ["mesos-master-readonly"], body: write, headers: {}, answer: 200 },
    { required: ["mesos-master-readonly"], body: read, headers: {}, answer: 'Basic realm="mesos-master-readonly"' },
    { required: ["mesos-master-readonly"], body: read, headers: right, answer: 200 },
    { required: ["mesos-master-readwrite"], body: read, headers: {}, answer: 200 },
    { required: ["mesos-master-readwrite"], body: write, headers: {}, answer: 'Basic realm="mesos-master-readwrite"' },
    { required: ["mesos-master-readwrite"], body: write, headers: right, answer: 200 },
    { required: ["mesos-master-readwrite"], body: "{", headers: {}, answer: 400 },
    { required: both, body: "{", headers: {}, answer: 'Basic realm="mesos-master-readwrite"' },
    { required: both, body: read, headers: right, answer: 200 },
    { required: both, body: write, headers: right, answer: 200 },
    { required: both, body: write, headers: basic(":x"), answer: 403 },
  ] satisfies readonly {
    required: readonly Realm[];
    body: string;
    headers: Record<string, string>;
    answer: number | string;
  }[])("$required, $body, $headers: $answer", async ({ required, body, headers, answer }) => {
    expect(await statusOf(required, body, headers)).toBe(answer);
  });
});

test("a route that names its realm is asked for with it, and hears who asks", async () => {
  const authenticator = new Authenticator(masterRealms, [ada], ["mesos-master-scheduler"]);
  const options = { port: 0, authenticator, failed: () => {} };
  const app = httpServer(options);
  app.post("/framework", { config: { realm: "mesos-master-scheduler" } }, ({ principal }, reply) =>
    sendJson(reply, { principal }),
  );
  app.post("/read", ({ principal }, reply) => sendJson(reply, { principal: principal ?? "nobody" }));
  const { port, close } = await listen(app, options);
  onTestFinished(close);
  const post = (path: string, headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers });
  expect((await post("/framework", {})).headers.get("www-authenticate")).toBe('Basic realm="mesos-master-scheduler"');
  expect(await (await post("/framework", right)).json()).toEqual({ principal: "ada" });
  expect(await (await post("/read", right)).json()).toEqual({ principal: "nobody" });
});

describe("the authenticator", () => {
  const authenticator = new Authenticator(masterRealms, [ada], ["mesos-master-scheduler"]);

  test("names who has proved it", () => {
    expect(authenticator.check(right, "mesos-master-scheduler")).toEqual({ ok: true, value: { principal: "ada" } });
    expect(authenticator.check(right, "mesos-master-readonly")).toEqual({ ok: true, value: { principal: undefined } });
  });

  test("takes the scheme in any case", () => {
    const headers = { authorization: right.authorization.replace("Basic", "bAsIc") };
    expect(authenticator.check(headers, "mesos-master-scheduler").ok).toBe(true);
  });

  test.each(["", "Basic", "Basic ", "Basic !!!", "Basic YWRh", `Basic ${"A".repeat(10_000)}`, "Basic YWRhOg== x"])(
    "takes %j for no credential",
    (authorization) => {
      expect(authenticator.check({ authorization }, "mesos-master-scheduler")).toMatchObject({
        ok: false,
        error: { status: 401, challenge: 'Basic realm="mesos-master-scheduler"' },
      });
    },
  );

  test("knows what is open", () => {
    expect(authenticator.open).toEqual(["mesos-master-readonly", "mesos-master-readwrite"]);
  });
});
