import { createServer, type Server } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { callOperator, fetchActors, fetchSandboxFile } from "../../src/http/master-client.ts";

async function serverThat(status: number, body: string): Promise<string> {
  const server: Server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

test("nobody there is no-master, in plain words", async () => {
  const at = await closedPort();
  expect(await callOperator(at, { type: "GET_TASKS" })).toEqual({
    ok: false,
    error: { code: "no-master", message: `no master at ${at}: nothing listens there` },
  });
  expect(await fetchSandboxFile(at, "/x", 0)).toMatchObject({ ok: false, error: { code: "no-slave" } });
});

test("what is no address is told", async () => {
  const message = "no master at not a host: this is not HOST:PORT";
  expect(await callOperator("not a host", { type: "GET_TASKS" })).toEqual({
    ok: false,
    error: { code: "no-master", message },
  });
});

test.each([
  [200, "hello"],
  [200, '{"type":"GET_AGENTS","get_agents":{}}'],
  [200, '{"type":"GET_TASKS"}'],
  [200, "null"],
  [404, "no such path"],
  [500, "oops"],
])("an answer that a master would not give is bad: %i %j", async (status, body) => {
  const at = await serverThat(status, body);
  expect(await callOperator(at, { type: "GET_TASKS" })).toMatchObject({ ok: false, error: { code: "bad-answer" } });
});

test.each([
  [503, "no-master"],
  [403, "refused"],
  [501, "refused"],
] as const)("%i is %s with the server's words, on one line", async (status, code) => {
  const reply = await callOperator(await serverThat(status, "first\nsecond\u001b[2J\n"), { type: "GET_TASKS" });
  expect(reply).toMatchObject({ ok: false, error: { code, message: expect.stringContaining("first second [2J") } });
});

test("a slave that sends no ranges is not understood", async () => {
  expect(await fetchSandboxFile(await serverThat(200, "all"), "/x", 0)).toMatchObject({
    ok: false,
    error: { code: "bad-answer" },
  });
});

test("a look is what the process tells", async () => {
  const at = await serverThat(200, '{"threads":[]}');
  expect(await fetchActors(at, new AbortController().signal)).toEqual({ ok: true, value: { threads: [] } });
});

test.each([
  [404, "no such path", "bad-answer", /is not the HTTP address of a master or slave$/],
  [403, "no", "refused", /^no$/],
  [200, "hello", "bad-answer", /answered 200: hello$/],
  [500, "internal error", "bad-answer", /answered 500: internal error$/],
])("a look that is answered %i %s fails as %s", async (status, body, code, message) => {
  const answer = await fetchActors(await serverThat(status, body), new AbortController().signal);
  expect(answer).toEqual({ ok: false, error: { code, message: expect.stringMatching(message) } });
});

test("a look is given up when nobody waits for it any more", async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const controller = new AbortController();
  const asked = fetchActors(`127.0.0.1:${typeof address === "object" ? address?.port : ""}`, controller.signal);
  server.once("request", () => controller.abort());
  expect(await asked).toMatchObject({ ok: false });
});
