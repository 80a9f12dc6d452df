/** Whatever a stranger or a broken peer sends costs its own connection and little memory, and a lawful peer is served. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Packr } from "msgpackr";
import { expect, onTestFinished, test } from "vitest";
import { encodeFrame, FrameReader } from "../../src/actors/link/frame.ts";
import { type LinkLimits, linkLimits } from "../../src/actors/link/limits.ts";
import { ask, dial, openNode, openServer, rawPeer, secret, until } from "./fixtures/bridge-nodes.ts";
import { echoKinds } from "./fixtures/echo.ts";

/** By how much the process may have grown, in bytes. */
const growthMax = 50 * 1_048_576;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function residentBytes(): number {
  collect();
  return process.memoryUsage().rss;
}

/** A server with a peer that asks it something whenever the test says so. */
async function openScene(limits: LinkLimits = linkLimits) {
  const server = await openServer("server", { secret, limits });
  const client = openNode("client", { secret, limits });
  let place = "";
  // On a machine that is busy, a handshake may take longer than a test's short limit for it.
  await until(async () => {
    place = await dial(client, server.endpoint);
    return !place.startsWith("failed");
  });
  const served = async () => {
    expect((await ask(client, place, "still there?")).ok).toBe(true);
    expect(server.system.links.places).toEqual(["client~1/main.1"]);
  };
  await served();
  return { server, served };
}

test("10 000 silent connections are closed, and few of them wait at a time", async () => {
  const { server, served } = await openScene({ ...linkLimits, handshakeTimeoutMs: 20 });
  const silent = async () => {
    const socket = connect({ host: "127.0.0.1", port: server.listener.port }).on("error", () => {});
    socket.resume();
    if (!socket.destroyed) await once(socket, "close").catch(() => {});
  };
  const batch = () => Promise.all(Array.from({ length: 250 }, silent));
  // The allocator keeps what bursts need; what counts is that it does not grow from then on.
  for (let round = 0; round < 10; round++) await batch();
  const before = residentBytes();
  for (let round = 0; round < 40; round++) {
    await batch();
    if (round % 10 === 0) await served();
  }
  await served();
  expect(residentBytes() - before).toBeLessThan(growthMax);
  expect(server.lines).toContainEqual("bridge: connection refused: no handshake within 20 ms");
  expect(server.lines).toContainEqual("bridge: 32 connections have not proved who they are: others are closed");
});

const note = echoKinds.numberOf("note");
const packr = new Packr({ useRecords: false, moreTypes: false });
const records = new Packr({ useRecords: true });

/** A batch whose one item is what a test makes of it. */
const batchOf = (items: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.of(0x93, 0, 0), items]);
const many = (count: number, byte: number): Uint8Array => {
  const bytes = new Uint8Array(5 + count).fill(byte);
  bytes[0] = 0xdd;
  new DataView(bytes.buffer).setUint32(1, count);
  return bytes;
};

const body = (value: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(0x96, 0, 0, 0), packr.pack("echo"), Uint8Array.of(note), value]);

const hostile: readonly { readonly what: string; readonly payload: () => Uint8Array; readonly says: RegExp }[] = [
  { what: "200 000 nested arrays", payload: () => new Uint8Array(200_000).fill(0x91), says: /nested deeper than 32/ },
  {
    what: "200 000 nested maps",
    payload: () => Buffer.alloc(400_000, Uint8Array.of(0x81, 0xa0)),
    says: /nested deeper/,
  },
  { what: "a million empty arrays", payload: () => batchOf(many(1_000_000, 0x90)), says: /more than 131072 values/ },
  { what: "a million empty maps", payload: () => batchOf(many(1_000_000, 0x80)), says: /more than 131072 values/ },
  {
    what: "four thousand million elements that never come",
    payload: () => batchOf(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)),
    says: /4294967295 elements are announced/,
  },
  { what: "a record definition", payload: () => body(records.pack({ a: 1 })), says: /byte 0x\w+ is not allowed here/ },
  { what: "a date extension", payload: () => body(records.pack(new Date(0))), says: /byte 0x\w+ is not allowed here/ },
  { what: "an extension of its own", payload: () => body(Uint8Array.of(0xc7, 1, 0x41, 0)), says: /byte 0xc7 is not/ },
  { what: "an illegal byte", payload: () => body(Uint8Array.of(0xc1)), says: /byte 0xc1 is not allowed here/ },
  { what: "bytes behind the batch", payload: () => Uint8Array.of(0x92, 0, 0, 0), says: /1 bytes follow/ },
  {
    what: "an unknown kind",
    payload: () => packr.pack([0, 0, 0, "echo", 9_999]),
    says: /unknown kind 9999/,
  },
  {
    what: "a body of a wrong shape",
    payload: () => packr.pack([0, 0, 0, "echo", echoKinds.numberOf("count"), "seven"]),
    says: /malformed count.*number: expected number, received string/,
  },
];

test.each(hostile)("$what close the connection with the reason", async ({ payload, says }) => {
  const { server, served } = await openScene();
  const attack = async () => {
    const peer = rawPeer(server.listener.port, secret);
    peer.shakeHands();
    await until(() => peer.ready && server.system.links.places.length === 2);
    peer.socket.write(encodeFrame("data", payload()));
    await until(() => peer.closed);
    expect(peer.goaway).toMatch(says);
  };
  await attack();
  expect(server.lines).toEqual([expect.stringMatching(says)]);
  const before = residentBytes();
  for (let count = 0; count < 5; count++) await attack();
  expect(residentBytes() - before).toBeLessThan(growthMax);
  await served();
});

function heardBy({ system }: ReturnType<typeof openNode>): number {
  const state = system.find("echo")?.inspect() as { readonly heard: number } | undefined;
  return state?.heard ?? 0;
}

test("a key that names the prototype changes no prototype", async () => {
  const { server, served } = await openScene();
  const peer = rawPeer(server.listener.port, secret);
  peer.shakeHands();
  await until(() => peer.ready && server.system.links.places.length === 2);
  const evil = packr.pack(JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'));
  peer.socket.write(encodeFrame("data", body(evil)));
  await until(() => heardBy(server) === 2);
  expect(({} as { readonly polluted?: boolean }).polluted).toBeUndefined();
  peer.socket.destroy();
  await until(() => server.system.links.places.length === 1);
  await served();
});

/** Writes these bytes to a fresh connection, and answers with everything that came back until it was closed. */
async function replay(port: number, bytes: Uint8Array): Promise<readonly string[]> {
  const socket: Socket = connect({ host: "127.0.0.1", port }).on("error", () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  const reader = new FrameReader();
  const heard: string[] = [];
  socket.on("data", (chunk) => {
    for (const { type, payload } of reader.push(chunk).frames) {
      heard.push(type === "goaway" ? `goaway ${Buffer.from(payload)}` : type);
    }
  });
  socket.write(bytes);
  await once(socket, "close");
  return heard;
}

test("a handshake that was listened to opens nothing when it is played again", async () => {
  const { server, served } = await openScene();
  const peer = rawPeer(server.listener.port, secret);
  const recorded: Uint8Array[] = [];
  const write = peer.socket.write.bind(peer.socket);
  peer.socket.write = ((bytes: Uint8Array) => {
    recorded.push(bytes);
    return write(bytes);
  }) as typeof peer.socket.write;
  peer.shakeHands();
  await until(() => peer.ready && server.system.links.places.length === 2);
  peer.socket.destroy();
  await until(() => server.system.links.places.length === 1);
  expect(recorded).toHaveLength(3);

  const heard = await replay(server.listener.port, Buffer.concat(recorded));
  expect(heard).toEqual(["hello", "goaway the peer does not know the cluster secret"]);
  expect(server.lines).toEqual(["bridge: connection refused: the peer does not know the cluster secret"]);
  await served();
});

test("a wrong secret is refused a thousand times over, with the reason", async () => {
  const { server, served } = await openScene();
  const wrong = new TextEncoder().encode("another secret of that length...");
  const attack = async () => {
    const peer = rawPeer(server.listener.port, wrong);
    peer.shakeHands();
    await until(() => peer.closed);
    expect(peer.goaway).toBe("the peer does not know the cluster secret");
  };
  const attacks = () => Promise.all(Array.from({ length: 20 }, attack));
  await attacks();
  const before = residentBytes();
  for (let round = 0; round < 50; round++) await attacks();
  expect(residentBytes() - before).toBeLessThan(growthMax);
  expect(server.lines).toHaveLength(1_020);
  expect(new Set(server.lines)).toEqual(
    new Set(["bridge: connection refused: the peer does not know the cluster secret"]),
  );
  await served();
});

test("a peer that sends beyond its credit is closed with the reason", async () => {
  const { server, served } = await openScene();
  const peer = rawPeer(server.listener.port, secret);
  peer.shakeHands();
  await until(() => peer.ready && server.system.links.places.length === 2);
  const frame = (firstSeq: number) =>
    encodeFrame("data", packr.pack([firstSeq, 0, 0, "echo", note, "x".repeat(20_000)]));
  peer.socket.write(Buffer.concat(Array.from({ length: 40 }, (_, index) => frame(index))));
  await until(() => peer.closed);
  expect(peer.goaway).toBe("malformed batch: a batch came without credit for it");
  await served();
});
