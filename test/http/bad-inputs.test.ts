import { describe, expect, onTestFinished, test } from "vitest";
import { openSlaveGateway } from "../../src/http/slave-gateway.ts";
import { bodies, type Door, framing, negotiation, oddCalls } from "./bad-inputs.ts";
import { exchange } from "./exchange.ts";
import { bareGateway, fedView, frameworkRow, gateway, slaveRow, taskRow } from "./scene.ts";

/** Where calls are posted; the inputs about bodies go to each. */
const operators = {
  valid: '{"type":"GET_HEALTH"}',
  answered: 200,
  protobuf: false,
  answersBody: true,
  unheardOf: 501,
};
/** That no such framework is registered is found last. */
const schedulers = {
  valid: '{"type":"REVIVE","framework_id":{"value":"nobody"}}',
  answered: 400,
  protobuf: true,
  answersBody: false,
  unheardOf: 400,
};
const doors: readonly Door[] = [
  { path: "/api/v1", ...operators },
  { path: "/master/api/v1", ...operators },
  { path: "/api/v1/scheduler", ...schedulers },
  { path: "/master/api/v1/scheduler", ...schedulers },
];

const servers = {
  master: () => bareGateway(),
  slave: () =>
    openSlaveGateway({ port: 0, workDir: "/nowhere", version: "1.11.0", look: async () => ({}), log: () => {} }),
};

/** The answer is short, of this status, and leaves connection and server as they should be. */
async function expectAnswer(port: number, bytes: string | Buffer, status: number): Promise<void> {
  const answer = await exchange(port, bytes);
  expect([answer.status, answer.body]).toEqual([status, expect.stringMatching(/^.{0,400}\n?$/)]);
  expect(answer.kept).not.toBe("broken");
  expect((await fetch(`http://127.0.0.1:${port}/version`)).status).toBe(200);
}

describe.each(["master", "slave"] as const)("%s", (party) => {
  test.each(framing)("$name: $status", async ({ bytes, status }) => {
    const { port, close } = await servers[party]();
    onTestFinished(close);
    await expectAnswer(port, bytes, status);
  });
});

describe.each(doors)("POST $path", (door) => {
  test.each(bodies)("$name", async ({ bytes, status }) => {
    const right = typeof status === "number" ? status : status(door);
    await expectAnswer((await gateway()).port, bytes(door), right);
  });

  test.each(negotiation)("$name", async ({ bytes, status }) => {
    await expectAnswer((await gateway()).port, bytes(door), status(door));
  });

  test.each(oddCalls)("$name is a call", async ({ bytes }) => {
    await expectAnswer((await gateway()).port, bytes(door), door.answered);
    expect(Object.hasOwn(Object.prototype, "isAdmin")).toBe(false);
  });

  test.each([
    ["23 100 MB announced", 413, "application/json", false],
    ["23b 100 MB in chunks", 413, "application/json", true],
    ["100 MB of what is not taken", 415, "text/plain", true],
  ] as const)("%s: %i before they are there", async (_name, status, type, chunked) => {
    const { port } = await gateway();
    const size = 100 * 1024 * 1024;
    const coding = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${size}`;
    const head = `POST ${door.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n${coding}\r\n\r\n`;
    const answer = await exchange(port, head, spaces(size, chunked));
    expect([answer.status, answer.kept]).toEqual([status, "ended"]);
    // What the buffers of both ends hold besides the 2 MiB that are read.
    expect(answer.sentBytes).toBeLessThan(24 * 1024 * 1024);
    expect((await fetch(`http://127.0.0.1:${port}/version`)).status).toBe(200);
  });
});

function* spaces(size: number, chunked: boolean): Generator<string> {
  const part = " ".repeat(65_536);
  const framed = chunked ? `10000\r\n${part}\r\n` : part;
  for (let sent = 0; sent < size; sent += part.length) yield framed;
}

test.each([
  ["61 a task name", "<img src=x onerror=alert(1)>"],
  ["62 a label", '"><script>alert(1)</script>'],
  ["63 an address", "javascript:alert(1)"],
  ["66 a long message", "<".repeat(5_000_000)],
])("%s that a page would run is data in every read", async (_name, text) => {
  const row = taskRow("f1", "t1");
  // Where text may be long; elsewhere it is short enough to be read many times over.
  const short = text.slice(0, 100);
  const view = fedView([
    { type: "framework", row: frameworkRow("f1", { info: { ...frameworkRow("f1").info, name: short } }) },
    { type: "slave", row: slaveRow("s1", { info: { ...slaveRow("s1").info, attributes: { [short]: short } } }) },
    {
      type: "task",
      row: {
        ...row,
        task: { ...row.task, name: short, labels: [{ key: short, value: short }] },
        ...(row.status === undefined ? {} : { status: { ...row.status, message: text } }),
      },
    },
  ]);
  const { port, routes, close } = await bareGateway({ view });
  onTestFinished(close);
  for (const { url } of routes.filter(({ method }) => method === "GET")) {
    const response = await fetch(`http://127.0.0.1:${port}${url}`);
    const size = (await response.arrayBuffer()).byteLength;
    expect([url, response.headers.get("content-type") ?? "nothing"]).toEqual([
      url,
      expect.stringMatching(/^(application\/json|text\/plain; charset=utf-8|nothing)$/),
    ]);
    if (size > 0) expect([url, response.headers.get("x-content-type-options")]).toEqual([url, "nosniff"]);
  }
});
