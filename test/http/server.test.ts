import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Authenticator, masterRealms } from "../../src/http/guards/authentication.ts";
import { portHolder } from "../../src/http/port-holder.ts";
import { gateway } from "./scene.ts";

async function listening(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("an address that others can reach needs a flag", async () => {
  await expect(gateway({ host: "0.0.0.0" })).rejects.toMatchObject({
    code: "EINSECURE",
    message: expect.stringMatching(/refusing to listen on 0\.0\.0\.0.*--insecure/),
  });
});

test.each([
  { required: masterRealms.slice(0, 2), missing: "--authenticate-http-frameworks" },
  { required: masterRealms.slice(1), missing: "--authenticate-http-readonly" },
])("with $required on, others are not let in for want of $missing", async ({ required, missing }) => {
  const authenticator = new Authenticator(masterRealms, [], required);
  await expect(gateway({ host: "0.0.0.0", authenticator })).rejects.toMatchObject({
    code: "EINSECURE",
    message: expect.stringContaining(`add --credentials FILE and ${missing}, or`),
  });
});

test("where everybody has to authenticate, an address that others can reach needs no flag", async () => {
  const authenticator = new Authenticator(masterRealms, [], masterRealms);
  const { url } = await gateway({ host: "0.0.0.0", authenticator });
  expect((await fetch(`${url}/state`)).status).toBe(401);
});

test("a port in use is told with who uses it and what to do", async () => {
  const port = await listening();
  const by = process.platform === "linux" ? `by [^(]+ \\(pid ${process.pid}\\)` : "";
  await expect(gateway({ port })).rejects.toMatchObject({
    code: "EADDRINUSE",
    message: expect.stringMatching(new RegExp(`^port ${port} is in use ${by}; .*--port$`)),
    cause: expect.any(Error),
  });
});

test("an address that is not ours is told", async () => {
  await expect(gateway({ host: "192.0.2.1", insecure: true })).rejects.toThrow(/^cannot listen on 192\.0\.2\.1:0: /);
});

test.runIf(process.platform === "linux")("a port that nobody listens on has no holder", async () => {
  expect(await portHolder(1)).toBeUndefined();
  expect((await portHolder(await listening()))?.pid).toBe(process.pid);
});

test("an unknown path is 404, a known one with another method 405 with what it takes", async () => {
  const { url } = await gateway();
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  for (const [path, method, allow] of [
    ["/state", "POST", "GET"],
    ["/api/v1", "GET", "POST"],
    ["/api/v1/", "DELETE", "POST"],
    ["/master/api/v1?x=1", "HEAD", "POST"],
  ] as const) {
    const response = await fetch(`${url}${path}`, { method });
    expect([path, response.status, response.headers.get("allow")]).toEqual([path, 405, allow]);
  }
});
