import { type AddressInfo, connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { encodeFrame, type Frame, FrameReader } from "../../src/actors/link/frame.ts";
import { linkLimits } from "../../src/actors/link/limits.ts";
import { BridgeConnection } from "../../src/runtime/bridge-connection.ts";
import { ask, dial, openHttp, openNode, openServer, secret, until } from "./fixtures/bridge-nodes.ts";
import { echoKinds } from "./fixtures/echo.ts";

const sealed = { secret, frameMac: true };

/** Someone between the client and the server who sees every frame of the client and passes on what he likes. */
async function openMiddle(port: number, pass: (frame: Frame, seen: number) => readonly Frame[]): Promise<string> {
  const server = createServer((client) => {
    const upstream = connect({ port, host: "127.0.0.1" });
    const reader = new FrameReader();
    reader.frameBytesMax = 2 ** 24;
    let seen = 0;
    client.on("data", (chunk) => {
      for (const frame of reader.push(chunk).frames) {
        for (const { type, payload } of pass(frame, frame.type === "data" ? ++seen : 0)) {
          upstream.write(encodeFrame(type, payload));
        }
      }
    });
    upstream.pipe(client);
    for (const [one, other] of [[client, upstream] as const, [upstream, client] as const]) {
      one.on("error", () => {}).on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  return await openHttp(200, JSON.stringify({ host: "127.0.0.1", port: (server.address() as AddressInfo).port }));
}

test("sealed links carry large and small messages both ways", async () => {
  const server = await openServer("server", sealed);
  const client = openNode("client", sealed);
  const place = await dial(client, server.endpoint);
  for (const size of [0, 1_000, 200_000]) {
    expect(await ask(client, place, "x".repeat(size))).toMatchObject({ ok: true });
    expect(await ask(server, "client~1/main.1", "x".repeat(size))).toMatchObject({ ok: true });
  }
});

test.each([
  { asks: "the server", server: sealed, client: { secret } },
  { asks: "the client", server: { secret }, client: sealed },
])("both seal when $asks asks for it", async ({ server: serverSettings, client: clientSettings }) => {
  const server = await openServer("server", serverSettings);
  const client = openNode("client", clientSettings);
  const bytes: number[] = [];
  const endpoint = await openMiddle(server.listener.port, (frame) => {
    if (frame.type === "ready") bytes.push(frame.payload.byteLength);
    return [frame];
  });
  const place = await dial(client, endpoint);
  expect((await ask(client, place, 1)).ok).toBe(true);
  expect(bytes).toEqual([16]);
});

test("a peer on another host is asked for it whatever it asks for itself", async () => {
  const server = await openServer("server", { secret });
  const frames: Frame[] = [];
  const reader = new FrameReader();
  const socket = connect({ host: "127.0.0.1", port: server.listener.port });
  const { clock, log } = server.world;
  const place = { node: "far", epoch: 1, thread: "main", threadEpoch: 1 };
  const party = { place, tableHash: echoKinds.hash, secret, clock, log, limits: linkLimits };
  const connection = new BridgeConnection(socket, "dialler", party, {
    host: "192.0.2.1",
    opened: () => ({ takeIn: () => {}, receive: () => {}, receivePlain: () => {}, closed: () => {} }),
    closed: () => {},
  });
  socket.on("data", (chunk) => frames.push(...reader.push(chunk).frames));
  await until(() => server.system.links.places.length === 1 && frames.some(({ type }) => type === "ready"));
  expect(frames.find(({ type }) => type === "ready")?.payload).toHaveLength(16);
  connection.close("over");
});

test("loopback with a secret does without", async () => {
  const server = await openServer("server", { secret });
  const bytes: number[] = [];
  const endpoint = await openMiddle(server.listener.port, (frame) => {
    if (frame.type === "ready") bytes.push(frame.payload.byteLength);
    return [frame];
  });
  await dial(openNode("client", { secret }), endpoint);
  expect(bytes).toEqual([0]);
});

const changed = ({ type, payload }: Frame): Frame => ({
  type,
  payload: Uint8Array.from(payload, (byte, index) => (index === 3 ? byte ^ 1 : byte)),
});

test.each<{ what: string; pass: (frame: Frame, seen: number) => readonly Frame[] }>([
  { what: "changed", pass: (frame, seen) => [seen === 2 ? changed(frame) : frame] },
  { what: "repeated", pass: (frame, seen) => (seen === 2 ? [frame, frame] : [frame]) },
  { what: "left out", pass: (frame, seen) => (seen === 2 ? [] : [frame]) },
  { what: "made up", pass: (frame, seen) => (seen === 2 ? [{ type: "ping", payload: new Uint8Array() }] : [frame]) },
  {
    what: "a goodbye in its name",
    pass: (frame, seen) => (seen === 2 ? [{ type: "goaway", payload: frame.payload }] : [frame]),
  },
])("a frame that is $what on the way closes the link, and only this one", async ({ pass }) => {
  const server = await openServer("server", sealed);
  const lawful = openNode("lawful", sealed);
  const lawfulPlace = await dial(lawful, server.endpoint);
  const client = openNode("client", sealed);
  const place = await dial(client, await openMiddle(server.listener.port, pass));
  expect((await ask(client, place, "first")).ok).toBe(true);
  await until(() => {
    void ask(client, place, "more");
    return server.lines.length > 0;
  });
  expect(server.lines).toEqual([expect.stringMatching(/bridge: connection refused: \w+ frame with a wrong mac/)]);
  await until(() => client.system.links.places.length === 0);
  expect((await ask(lawful, lawfulPlace, 1)).ok).toBe(true);
});
