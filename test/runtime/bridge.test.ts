/** The bridge carries actors' messages between processes, and nothing a stranger sends does harm to anybody else. */

import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { Codec } from "../../src/actors/link/codec.ts";
import { encodeFrame } from "../../src/actors/link/frame.ts";
import { linkLimits } from "../../src/actors/link/limits.ts";
import { BridgeListener } from "../../src/runtime/bridge.ts";
import { ask, dial, openHttp, openNode, openServer, rawPeer, secret, until } from "./fixtures/bridge-nodes.ts";
import { type EchoProtocol, echoKinds, witness } from "./fixtures/echo.ts";
import { RawPeer } from "./fixtures/raw-peer.ts";

describe("two nodes", () => {
  test.each([{ name: "without a secret" }, { name: "with the same secret", secret }])(
    "answer one another $name",
    async ({ name: _, ...settings }) => {
      const server = await openServer("server", settings);
      const client = openNode("client", settings);
      const place = await dial(client, server.endpoint);
      expect(place).toBe("server~1/main.1");

      expect(await ask(client, place, { text: "over", bytes: new Uint8Array([1]) })).toEqual({
        ok: true,
        value: { value: { text: "over", bytes: new Uint8Array([1]) }, heard: 1 },
      });
      expect(await ask(server, "client~1/main.1", 2)).toMatchObject({ ok: true });
    },
  );

  test("carry more than a link's credit, in order", async () => {
    const server = await openServer("server");
    const client = openNode("client");
    const place = await dial(client, server.endpoint);
    const ref = client.system.refs.at<EchoProtocol>({ place, name: "echo" });
    const value = "x".repeat(20_000);
    for (let count = 0; count < 200; count++) ref.tell("note", { value });
    expect(await ask(client, place, "last")).toEqual({ ok: true, value: { value: "last", heard: 201 } });
  });

  test("may send a long batch in one packet with the end of the handshake", async () => {
    const items = [{ type: "tell", to: { name: "echo" }, kind: "note", body: { value: "x".repeat(20_000) } }] as const;
    const batch = new Codec(echoKinds).encode({ firstSeq: 0, credit: 0, items });
    const server = createSocketServer((socket) =>
      new RawPeer(socket, "listener").shakeHands(encodeFrame("data", batch)),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const client = openNode("client");
    const place = await dial(client, await openHttp(200, JSON.stringify({ host: "127.0.0.1", port })));
    expect(place).toBe("raw~1/main.1");
    const state = () => client.system.find("echo")?.inspect();
    await vi.waitFor(() => expect(state()).toEqual({ name: "client", heard: 1 }));
    server.close();
  });

  test("do not reach what is not exported", async () => {
    const server = await openServer("server");
    const client = openNode("client");
    const place = await dial(client, server.endpoint);
    expect(await ask(client, place, 1, "inner")).toEqual({ ok: false, code: "down", outcome: "not-run" });
    expect(server.system.deadLetters.counts.get("unauthorised")).toBe(1);
  });

  test("learn that the connection broke", async () => {
    const server = await openServer("server");
    const client = openNode("client");
    const place = await dial(client, server.endpoint);
    const seen: string[] = [];
    const { address } = client.system.spawn(witness, { saw: (what) => seen.push(what) });
    client.system.refs.at<EchoProtocol>({ place: client.system.place, name: "echo" }).tell("watch", {
      target: `${place}:@echo`,
      tell: address,
    });
    await ask(client, place, 1);
    await server.listener.close();
    await until(() => seen.length > 0);
    expect(seen).toEqual(["noconnection unknown"]);
    expect(client.system.links.places).toEqual([]);
    expect(await ask(client, place, 1)).toMatchObject({ ok: false, code: "down", outcome: "not-run" });
  });
});

describe("a dial fails with the reason", () => {
  test("when nobody answers", async () => {
    const endpoint = await openHttp(200, "");
    const client = openNode("client");
    const { port } = await openServer("gone").then(async ({ listener }) => {
      const port = listener.port;
      await listener.close();
      return { port };
    });
    expect(await dial(client, `127.0.0.1:${port}`)).toBe(
      `failed: no master answers at 127.0.0.1:${port} (connection refused)`,
    );
    expect(await dial(client, endpoint)).toContain("is no mesolite master (it names no bridge)");
    expect(await dial(client, "nonsense")).toBe("failed: nonsense is not an address: write HOST:PORT");
  });

  test("when the master does not lead, or is something else", async () => {
    const client = openNode("client");
    expect(await dial(client, await openHttp(503, ""))).toContain("is not leading");
    expect(await dial(client, await openHttp(404, ""))).toContain("is no mesolite master (HTTP 404)");
    expect(await dial(client, await openHttp(421, "only\nmy names"))).toContain(
      "does not answer to it (only my names)",
    );
    expect(await dial(client, await openHttp(200, "x".repeat(20_000)))).toContain("its answer is too long");
  });

  test("when the bridge is gone", async () => {
    const server = await openServer("server");
    const { port } = server.listener;
    await server.listener.close();
    const reason = await dial(openNode("client"), server.endpoint);
    expect(reason).toBe(`failed: no link to the bridge at 127.0.0.1:${port}: connection lost (ECONNREFUSED)`);
  });

  test("when the bridge is of another cluster than the master said", async () => {
    const server = await openServer("server", { clusterId: "west" });
    expect(await dial(openNode("client"), server.endpoint)).toContain(
      "the peer belongs to the cluster c, this end to west",
    );
    const lawful = await openServer("lawful", { clusterId: "c" });
    expect(await dial(openNode("client"), lawful.endpoint)).toBe("lawful~1/main.1");
  });

  test("when the secrets differ, or one has none", async () => {
    const server = await openServer("server", { secret });
    const wrong = openNode("wrong", { secret: new TextEncoder().encode("another secret of that length...") });
    expect(await dial(wrong, server.endpoint)).toContain("the peer does not know the cluster secret");
    expect(await dial(openNode("none"), server.endpoint)).toContain("give both the same --secret-file");
    expect(server.system.links.places).toEqual([]);
  });

  test("when the bridge is on another host and there is no secret", async () => {
    const endpoint = await openHttp(200, JSON.stringify({ host: "192.0.2.1", port: 5060 }));
    const reason = await dial(openNode("client"), endpoint);
    expect(reason).toContain(
      "will not dial 192.0.2.1 without a cluster secret: give every node the same --secret-file",
    );
  });
});

describe("a listener refuses", () => {
  test("to be open to others without a secret", async () => {
    const { system } = openNode("server");
    const listening = BridgeListener.listen(system, { kinds: echoKinds, host: "0.0.0.0", port: 0 });
    await expect(listening).rejects.toMatchObject({ code: "secret-missing", message: /--secret-file FILE/ });
  });

  test("a port that is taken", async () => {
    const { system, listener } = await openServer("server");
    const again = BridgeListener.listen(system, { kinds: echoKinds, port: listener.port });
    await expect(again).rejects.toMatchObject({ code: "listen", message: /the port is taken/ });
  });
});

describe("a stranger", () => {
  const strangers: readonly { readonly sends: string; readonly bytes: Uint8Array; readonly reason: RegExp }[] = [
    { sends: "HTTP", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"), reason: /frame of the unknown type 47/ },
    {
      sends: "a long frame",
      bytes: new Uint8Array([0, 0, 1, 0, 1]),
      reason: /frame of 65536 bytes, the limit is 16384/,
    },
    {
      sends: "data first",
      bytes: encodeFrame("data", new Uint8Array(4)),
      reason: /unexpected data frame in the handshake/,
    },
    {
      sends: "a cut hello",
      bytes: encodeFrame("hello", new Uint8Array([0x96, 0xa8, 0x4d])),
      reason: /its hello is malformed/,
    },
  ];

  test.each(strangers)("who sends $sends hears why, and harms nobody", async ({ bytes, reason }) => {
    const server = await openServer("server");
    const client = openNode("client");
    const place = await dial(client, server.endpoint);

    const stranger = rawPeer(server.listener.port);
    stranger.socket.write(bytes);
    await until(() => stranger.closed);
    expect(stranger.goaway).toMatch(reason);
    expect(server.lines).toHaveLength(1);
    expect((await ask(client, place, 1)).ok).toBe(true);
  });

  test("who says nothing is not waited for", async () => {
    const server = await openServer("server", { limits: { ...linkLimits, handshakeTimeoutMs: 30 } });
    const stranger = rawPeer(server.listener.port);
    stranger.socket.write(encodeFrame("hello", new Uint8Array(100)).subarray(0, 20));
    await until(() => stranger.closed);
    expect(stranger.goaway).toBe("no handshake within 30 ms");
  });

  test("comes with few others at a time", async () => {
    const server = await openServer("server", { limits: { ...linkLimits, unauthenticatedMax: 2 } });
    const waiting = [rawPeer(server.listener.port), rawPeer(server.listener.port)];
    await until(() => waiting.every(({ socket }) => !socket.connecting));
    const third = rawPeer(server.listener.port);
    await until(() => third.closed);
    expect(waiting.map(({ closed }) => closed)).toEqual([false, false]);

    waiting[0]?.socket.destroy();
    const client = openNode("client");
    await until(async () => !(await dial(client, server.endpoint)).startsWith("failed"));
  });
});

describe("a peer that has shaken hands", () => {
  const limits = { ...linkLimits, pingAfterMs: 10, downAfterMs: 100 };

  test("is pinged, and given up once it is silent", async () => {
    const server = await openServer("server", { limits });
    const peer = rawPeer(server.listener.port);
    peer.shakeHands();
    await until(() => server.system.links.places.length === 1);
    await until(() => peer.closed);
    expect(peer.frames.filter(({ type }) => type === "ping").length).toBeGreaterThan(0);
    expect(peer.goaway).toBe("no word from the peer for 100 ms");
    expect(server.system.links.places).toEqual([]);
  });

  test("is kept while it pings", async () => {
    const server = await openServer("server", { limits });
    const client = openNode("client", { limits });
    const place = await dial(client, server.endpoint);
    const since = client.world.clock.now();
    await until(() => client.world.clock.now() - since > 3 * limits.downAfterMs);
    expect((await ask(client, place, 1)).ok).toBe(true);
  });

  test.each([
    { sends: "garbage", frame: encodeFrame("data", new Uint8Array([0xc1])), reason: /malformed batch/ },
    {
      sends: "a second hello",
      frame: encodeFrame("hello", new Uint8Array(4)),
      reason: /hello frame after the handshake/,
    },
    { sends: "a frame too long", frame: new Uint8Array([1, 0, 16, 0, 4]), reason: /frame of 1048577 bytes/ },
  ])("is closed with the reason when it sends $sends", async ({ frame, reason }) => {
    const server = await openServer("server", { secret });
    const client = openNode("client", { secret });
    const place = await dial(client, server.endpoint);
    const peer = rawPeer(server.listener.port, secret);
    peer.shakeHands();
    await until(() => peer.ready && server.system.links.places.length === 2);
    peer.socket.write(frame);
    await until(() => peer.closed);
    expect(peer.goaway).toMatch(reason);
    expect(server.lines).toHaveLength(1);
    expect(server.system.links.places).toEqual(["client~1/main.1"]);
    expect((await ask(client, place, 1)).ok).toBe(true);
  });
});
