import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Authenticator, masterRealms } from "../../src/http/guards/authentication.ts";
import { get } from "./bad-inputs.ts";
import { exchange } from "./exchange.ts";
import { rawRequest } from "./raw-request.ts";
import { gateway } from "./scene.ts";

/** Connections to a port, from an address of this machine, each with what it has heard. */
class Clients {
  readonly sockets: Socket[] = [];
  readonly heard = new Map<Socket, string>();
  closed = 0;

  constructor() {
    onTestFinished(() => {
      for (const socket of this.sockets) socket.destroy();
    });
  }

  async connect(port: number, count: number, localAddress = "127.0.0.1", allowHalfOpen = false): Promise<void> {
    const opened = Array.from({ length: count }, () => {
      const socket = connect({ port, host: "127.0.0.1", localAddress, allowHalfOpen });
      this.sockets.push(socket);
      socket.on("data", (bytes) => this.heard.set(socket, `${this.heard.get(socket) ?? ""}${bytes}`));
      socket.on("error", () => {});
      socket.on("close", () => {
        this.closed++;
      });
      return new Promise<void>((resolve) => {
        socket.once("connect", resolve);
        socket.once("close", () => resolve());
      });
    });
    await Promise.all(opened);
  }
}

test("an address of another host has so many connections, and again when it gives some back", async () => {
  const { port } = await gateway({ limits: { connectionsPerAddressMax: 2, connectionsPerLoopbackMax: 3 } });
  const clients = new Clients();
  await clients.connect(port, 5);
  await expect.poll(() => clients.closed).toBe(2);
  await clients.connect(port, 1, "127.0.0.2");
  expect(await answered(port, "127.0.0.2")).toBe(true);
  for (const socket of clients.sockets.slice(0, 4)) socket.destroy();
  await expect.poll(() => answered(port, "127.0.0.1")).toBe(true);
});

test("there are so many connections in all", async () => {
  const { port } = await gateway({ limits: { connectionsMax: 3 } });
  const clients = new Clients();
  await clients.connect(port, 2, "127.0.0.3");
  await clients.connect(port, 3, "127.0.0.4");
  await expect.poll(() => clients.closed).toBe(2);
});

test("a thousand connections of this host are none too many", async () => {
  const { port } = await gateway();
  const clients = new Clients();
  await clients.connect(port, 1_000);
  expect(await answered(port, "127.0.0.1")).toBe(true);
  expect(clients.closed).toBe(0);
});

async function answered(port: number, localAddress: string): Promise<boolean> {
  const clients = new Clients();
  await clients.connect(port, 1, localAddress);
  const [socket] = clients.sockets;
  socket?.write(get("/version"));
  await new Promise<void>((resolve) => {
    socket?.once("data", () => resolve());
    socket?.once("close", () => resolve());
  });
  const heard = socket === undefined ? undefined : clients.heard.get(socket);
  socket?.destroy();
  return heard?.startsWith("HTTP/1.1 200 ") === true;
}

test("500 that never end their headers are told so and closed, and others are served meanwhile", async () => {
  const { port, url } = await gateway({
    limits: { headersTimeoutMs: 500, requestTimeoutMs: 1_000, timeoutCheckMs: 100 },
  });
  const clients = new Clients();
  await clients.connect(port, 500);
  for (const socket of clients.sockets) socket.write("GET /version HTTP/1.1\r\nX: ");
  let served = 0;
  while (clients.closed < 500) {
    expect((await fetch(`${url}/version`)).status).toBe(200);
    served++;
  }
  expect(served).toBeGreaterThan(5);
  const said = new Set([...clients.heard.values()].map((text) => text.slice(0, 12)));
  expect([...said, clients.heard.size]).toEqual(["HTTP/1.1 408", 500]);
});

test("a body that does not come is given up", async () => {
  const { port } = await gateway({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 300, timeoutCheckMs: 50 } });
  const head =
    "POST /api/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
  expect(await rawRequest(port, head)).toMatch(/^HTTP\/1\.1 408 /);
});

test("a connection on which nothing moves is closed", async () => {
  const { port } = await gateway({ limits: { idleTimeoutMs: 100 } });
  const clients = new Clients();
  await clients.connect(port, 1);
  await expect.poll(() => clients.closed).toBe(1);
});

test("100 MB of somebody who is not known are not waited for", async () => {
  const authenticator = new Authenticator(masterRealms, [], ["mesos-master-readonly", "mesos-master-readwrite"]);
  const { port } = await gateway({ authenticator });
  const head = `POST /api/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${100 << 20}\r\n\r\n`;
  const part = " ".repeat(65_536);
  const answer = await exchange(port, head, Array(1_600).fill(part));
  expect([answer.status, answer.kept]).toEqual([401, "ended"]);
  expect(answer.sentBytes).toBeLessThan(24 * 1024 * 1024);
});

test("who goes on sending after the answer is cut off", async () => {
  const { port } = await gateway();
  const clients = new Clients();
  await clients.connect(port, 1, "127.0.0.1", true);
  const [socket] = clients.sockets;
  const length = 2_000_000_000;
  const headers = `Host: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${length}`;
  socket?.write(`POST /api/v1 HTTP/1.1\r\n${headers}\r\n\r\n`);
  const part = " ".repeat(65_536);
  let sentBytes = 0;
  while (clients.closed === 0 && sentBytes < length) {
    sentBytes += part.length;
    const full = socket?.write(part) === false;
    if (full) await new Promise((resolve) => socket?.once("drain", resolve).once("close", resolve));
  }
  expect(sentBytes).toBeLessThan(100 * 1024 * 1024);
  expect((await fetch(`http://127.0.0.1:${port}/version`)).status).toBe(200);
});

test("who goes on doing nothing after the answer is cut off", async () => {
  const { port } = await gateway({ limits: { connectionsMax: 1 } });
  const clients = new Clients();
  await clients.connect(port, 1, "127.0.0.1", true);
  const [socket] = clients.sockets;
  socket?.write(`POST /api/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${100 << 20}\r\n\r\n`);
  if (socket !== undefined) await once(socket, "end");
  expect(await answered(port, "127.0.0.1")).toBe(false);
  await expect.poll(() => answered(port, "127.0.0.1"), { timeout: 5_000 }).toBe(true);
});

test("two requests at once are answered in their order", async () => {
  const { port } = await gateway();
  const answers = await rawRequest(port, get("/nothing") + get("/../x") + get("/version", "Connection: close"));
  expect([...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(["404", "404", "200"]);
});

test.each([
  ["127.0.0.1", "mesos.example", 421],
  ["0.0.0.0", "mesos.example", 421],
  ["0.0.0.0", "own.example", 200],
  ["0.0.0.0", "OWN.example:PORT", 200],
  ["0.0.0.0", "own.example:1", 421],
  ["0.0.0.0", "192.0.2.7:PORT", 200],
  ["0.0.0.0", "[2001:db8::7]:PORT", 200],
  ["0.0.0.0", "localhost:PORT", 200],
  ["0.0.0.0", "192.0.2.7.nip.io:PORT", 421],
  ["127.0.0.1", "192.0.2.7:PORT", 421],
  ["127.0.0.1", "own.example:PORT", 200],
  ["127.0.0.1", "localhost/x", 400],
])("bound to %s, a request for %s is answered with %i", async (host, asked, status) => {
  const { port } = await gateway({ host, insecure: true, names: ["own.example"] });
  const answer = await exchange(port, `GET /version HTTP/1.1\r\nHost: ${asked.replace("PORT", String(port))}\r\n\r\n`);
  expect(answer.status).toBe(status);
});
