import { expect, onTestFinished, test } from "vitest";
import { headersMax, isLoopback } from "../../../src/http/guards/admission.ts";
import { Authenticator, masterRealms } from "../../../src/http/guards/authentication.ts";
import { httpServer, listen, sendText } from "../../../src/http/server.ts";
import { rawRequest, statusOf } from "../raw-request.ts";
import { gateway } from "../scene.ts";

test.each([
  ["Host: 127.0.0.1:PORT", 200],
  ["Host: localhost:PORT", 200],
  ["Host: LOCALHOST", 200],
  ["Host: [::1]:PORT", 200],
  ["Host: evil.example", 421],
  ["Host: evil.example:PORT", 421],
  ["Host: 127.0.0.1.nip.io:PORT", 421],
  ["Host: 127.0.0.1@evil.example", 421],
  ["Host: bad host", 400],
  ["Host: a\r\nHost: b", 400],
  ["X-Nothing: 1", 400],
])("bound to loopback, %j is answered with %i", async (host, status) => {
  const { port } = await gateway();
  expect(await statusOf(port, [host.replaceAll("PORT", String(port))])).toBe(status);
});

test.each(["GET", "POST", "OPTIONS"])("%s from a page of another origin is refused", async (method) => {
  const { port } = await gateway();
  const host = `Host: 127.0.0.1:${port}`;
  const path = method === "GET" ? "/state" : "/api/v1";
  expect(await statusOf(port, [host, "Origin: http://evil.example"], path, method)).toBe(403);
  expect(await statusOf(port, [host, "Origin: null"], path, method)).toBe(403);
  expect(await statusOf(port, [host, `Origin: http://127.0.0.1:${port + 1}`], path, method)).toBe(403);
  expect(await statusOf(port, [host, "Sec-Fetch-Site: cross-site"], path, method)).toBe(403);
});

test("a page of the gateway's own may ask", async () => {
  const { port } = await gateway();
  const headers = [`Host: 127.0.0.1:${port}`, `Origin: http://127.0.0.1:${port}`, "Sec-Fetch-Site: same-origin"];
  expect(await statusOf(port, headers)).toBe(200);
});

test.each([
  ["GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400"],
  ["GET http://evil.example/state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "421"],
  ["GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404"],
  ["GET /%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400"],
  ["GET  HTTP/1.1\r\n\r\n", "400"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
  ["\u0016\u0003\u0001\u0002\u0000", "400"],
  [`GET /version HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(65_536)}\r\n\r\n`, "431"],
])("what is no request of ours is refused and the server stays up: %j", async (bytes, status) => {
  const { port, url } = await gateway();
  expect((await rawRequest(port, bytes)).slice(9, 12)).toBe(status);
  expect((await fetch(`${url}/version`)).status).toBe(200);
});

test.each([
  ["/a/b", 200],
  ["/a/..b/c..", 200],
  ["/a/../b", 404],
  ["/a/..", 404],
  ["/a/%2e%2E/b", 404],
  ["/a/..%2fb", 404],
  ["/a/x%5c..%5cb", 404],
])("a route that takes any path gets %s: %i", async (path, status) => {
  const options = { port: 0, authenticator: new Authenticator(masterRealms), failed: () => {} };
  const app = httpServer(options);
  app.get("/a/*", (_request, reply) => sendText(reply, 200, "here"));
  const { port, close } = await listen(app, options);
  onTestFinished(close);
  expect(await statusOf(port, ["Host: localhost"], path)).toBe(status);
});

test("a request has a bounded number of headers", async () => {
  const { port } = await gateway();
  const headers = Array.from({ length: headersMax }, (_, index) => `X-${index}: 1`);
  expect(await statusOf(port, ["Host: localhost", ...headers.slice(2)])).toBe(200);
  expect(await statusOf(port, ["Host: localhost", ...headers])).toBe(431);
});

test("only what must be this machine counts as loopback", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"].every(isLoopback)).toBe(true);
  expect(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.nip.io", "localhost.example", ""].some(isLoopback)).toBe(false);
});
