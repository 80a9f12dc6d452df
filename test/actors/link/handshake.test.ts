import { createHmac } from "node:crypto";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import type { Place } from "../../../src/actors/address.ts";
import type { Frame, FrameType } from "../../../src/actors/link/frame.ts";
import { type FrameKeys, Handshake, type HandshakeConfig } from "../../../src/actors/link/handshake.ts";

const secret = Buffer.from("a secret of the cluster");
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });
const place = (node: string): Place => ({ node, epoch: 1, thread: "main", threadEpoch: 1 });

function party(role: HandshakeConfig["role"], more: Partial<HandshakeConfig> = {}, seed = 1): Handshake {
  return new Handshake({
    role,
    place: place(role),
    tableHash: "0123456789abcdef",
    nonce: new Uint8Array(32).fill(role === "dialler" ? seed : seed + 100),
    hmac: (key, data) => createHmac("sha256", key).update(data).digest(),
    ...more,
  });
}

/** The keys that each end has for its frames, if any. */
type Keys = Record<string, FrameKeys | undefined>;

/** Both ends, every frame in order, until they are ready or one has closed the connection. */
function meet(dialler: Handshake, listener: Handshake) {
  const frames: string[] = [];
  const ready: Record<string, Place> = {};
  const keys: Keys = {};
  const queue = dialler.start().send.map((frame) => ({ frame, from: "dialler" }));
  expect(listener.start().send).toEqual([]);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { frame, from } = next;
    frames.push(`${from} ${frame.type}`);
    const [to, at] = from === "dialler" ? (["listener", listener] as const) : (["dialler", dialler] as const);
    const step = at.receive(frame);
    if (step.keys !== undefined) keys[to] = step.keys;
    if (step.fault !== undefined) return { frames, ready, fault: `${to}: ${step.fault}` };
    if (step.ready !== undefined) ready[to] = step.ready;
    queue.push(...step.send.map((sent) => ({ frame: sent, from: to })));
  }
  return Object.keys(keys).length === 0 ? { frames, ready } : { frames, ready, keys };
}

const order = ["dialler hello", "listener hello", "dialler auth", "listener auth", "dialler ready", "listener ready"];
const both = { dialler: place("listener"), listener: place("dialler") };

describe("two ends meet", () => {
  test("who know the same secret, and each learns who the other is", () => {
    expect(meet(party("dialler", { secret }), party("listener", { secret }))).toEqual({ frames: order, ready: both });
  });

  test("of whom only one knows the cluster", () => {
    const met = meet(party("dialler"), party("listener", { clusterId: "east" }));
    expect(met).toEqual({ frames: order, ready: both });
  });

  test("of a cluster without a secret", () => {
    expect(meet(party("dialler"), party("listener"))).toEqual({ frames: order, ready: both });
  });
});

describe("two ends do not meet", () => {
  test.each<[string, Partial<HandshakeConfig>, Partial<HandshakeConfig>, string]>([
    [
      "with different secrets: the dialler has to prove itself first",
      { secret },
      { secret: Buffer.from("another") },
      "listener: the peer does not know the cluster secret",
    ],
    [
      "when only the dialler has a secret",
      { secret },
      {},
      "listener: the peer has a cluster secret and this end has none: give both the same --secret-file",
    ],
    [
      "when only the listener has a secret",
      {},
      { secret },
      "listener: the peer has no cluster secret: give both the same --secret-file",
    ],
    [
      "of different clusters",
      { clusterId: "east" },
      { clusterId: "west" },
      "listener: the peer belongs to the cluster east, this end to west",
    ],
    [
      "when one may not meet the other, who learns it before anything is proved",
      { secret },
      { secret, refusal: ({ node }) => `${node} is not welcome` },
      "listener: dialler is not welcome",
    ],
    [
      "with different tables of kinds",
      { tableHash: "another" },
      {},
      "listener: the peer speaks another version of the protocol: run the same release on both ends",
    ],
  ])("%s", (_name, dialler, listener, fault) => {
    const met = meet(party("dialler", dialler), party("listener", listener));
    expect(met.fault).toBe(fault);
    expect(met.ready).toEqual({});
  });
});

describe("a hello", () => {
  const hello = (...fields: readonly unknown[]): Frame => ({ type: "hello", payload: packr.pack(fields) });
  const nonce = new Uint8Array(32);
  const good = ["MESOLITE", 3, "dialler~1/main.1", "0123456789abcdef", null, false, false, nonce] as const;
  const but = (index: number, value: unknown) => hello(...good.slice(0, index), value, ...good.slice(index + 1));

  test("is answered when it is good", () => {
    expect(
      party("listener")
        .receive(hello(...good))
        .send.map(({ type }) => type),
    ).toEqual(["hello"]);
  });

  test.each<[string, Frame, string]>([
    ["of another program", but(0, "MESOS"), "not a mesolite bridge"],
    ["that is no list", { type: "hello", payload: packr.pack("MESOLITE") }, "not a mesolite bridge"],
    [
      "of an earlier version",
      but(1, 1),
      "the peer speaks bridge version 1, this end 3: run the same release on both ends",
    ],
    [
      "without a version",
      hello("MESOLITE"),
      "the peer speaks bridge version unknown, this end 3: run the same release on both ends",
    ],
    ["of a cluster that is none", but(4, "a\nb"), "the peer's hello names a cluster that is none"],
    [
      "that wants seals without a secret",
      but(6, true),
      "the peer asks for sealed frames and has no secret to seal them with",
    ],
    ["of no place", but(2, "dialler"), "the peer's hello names no place or carries no nonce"],
    ["with half a nonce", but(7, new Uint8Array(16)), "the peer's hello names no place or carries no nonce"],
    ["without a nonce", hello(...good.slice(0, 7)), "the peer's hello names no place or carries no nonce"],
    ["cut short", { type: "hello", payload: Uint8Array.of(0x96) }, "not a mesolite bridge: its hello is malformed"],
    ["of nothing", { type: "hello", payload: new Uint8Array() }, "not a mesolite bridge: its hello is malformed"],
    [
      "that a decoder would choke on",
      { type: "hello", payload: Uint8Array.of(0x81, 0x90, 0x00) },
      "not a mesolite bridge: its hello is malformed",
    ],
    [
      "nested without end",
      { type: "hello", payload: new Uint8Array(16_000).fill(0x91) },
      "not a mesolite bridge: its hello is malformed",
    ],
  ])("%s is refused, and nothing is sent", (_name, frame, fault) => {
    expect(party("listener").receive(frame)).toEqual({ send: [], fault });
  });
});

/** The frame of a type that a party sends in answer to another. */
function answer(at: Handshake, frame: Frame, type: FrameType): Frame {
  const sent = at.receive(frame).send.find((each) => each.type === type);
  if (sent === undefined) throw new Error(`no ${type} came`);
  return sent;
}

describe("a proof", () => {
  const hello = (from: Handshake): Frame => from.start().send[0] as Frame;

  test("of one meeting is worth nothing in the next", () => {
    const dialler = party("dialler", { secret });
    const listener = party("listener", { secret });
    const recordedHello = hello(dialler);
    const recordedAuth = answer(dialler, answer(listener, recordedHello, "hello"), "auth");
    expect(listener.receive(recordedAuth).fault).toBeUndefined();

    const later = party("listener", { secret }, 2);
    later.receive(recordedHello);
    expect(later.receive(recordedAuth).fault).toBe("the peer does not know the cluster secret");
  });

  test("cannot be reflected: the listener's role is in its own", () => {
    const dialler = party("dialler", { secret });
    const ownHello = hello(dialler);
    const ownAuth = answer(dialler, ownHello, "auth");
    expect(dialler.receive(ownAuth).fault).toBe("the peer does not know the cluster secret");
  });

  test.each([
    ["empty", new Uint8Array()],
    ["short", new Uint8Array(31)],
    ["wrong", new Uint8Array(32)],
  ])("that is %s is none", (_name, payload) => {
    const listener = party("listener", { secret });
    listener.receive(hello(party("dialler", { secret })));
    expect(listener.receive({ type: "auth", payload }).fault).toBe("the peer does not know the cluster secret");
  });

  test("covers what the hello said: a place changed on the way is noticed", () => {
    const dialler = party("dialler", { secret });
    const fields = packr.unpack(hello(dialler).payload) as unknown[];
    const forged: Frame = { type: "hello", payload: packr.pack(fields.with(2, "intruder~1/main.1")) };
    const listener = party("listener", { secret });
    const auth = answer(dialler, answer(listener, forged, "hello"), "auth");
    expect(listener.receive(auth).fault).toBe("the peer does not know the cluster secret");
  });
});

describe("R15.1 a frame out of its order", () => {
  const empty = new Uint8Array();
  const frame = (type: FrameType): Frame => ({ type, payload: empty });
  const anyHello = () => party("dialler").start().send[0] as Frame;

  /** A listener without a secret that has had so many of hello, auth, ready. */
  function listenerAfter(count: number): Handshake {
    const listener = party("listener");
    for (const each of [anyHello(), frame("auth"), frame("ready")].slice(0, count)) listener.receive(each);
    return listener;
  }

  test.each<[number, readonly FrameType[]]>([
    [0, ["auth", "ready", "data", "ping", "goaway"]],
    [1, ["hello", "ready", "data", "ping", "goaway"]],
    [2, ["hello", "auth", "data", "ping", "goaway"]],
  ])("closes the connection after %i frames", (count, types) => {
    for (const type of types) {
      const unexpected = type === "hello" ? anyHello() : frame(type);
      expect(listenerAfter(count).receive(unexpected)).toEqual({
        send: [],
        fault: `unexpected ${type} frame in the handshake`,
      });
    }
  });
});

describe("the keys of frames", () => {
  const keysOf = (dialler: Partial<HandshakeConfig>, listener: Partial<HandshakeConfig>, seed = 1) =>
    meet(party("dialler", { secret, ...dialler }, seed), party("listener", { secret, ...listener })).keys;

  test.each([
    ["the dialler", { frameMac: true }, {}],
    ["the listener", {}, { frameMac: true }],
    ["both", { frameMac: true }, { frameMac: true }],
  ])("are there when %s asks, one for each direction and the same at both ends", (_name, dialler, listener) => {
    const keys = keysOf(dialler, listener);
    expect(keys?.["dialler"]?.outgoing).toHaveLength(32);
    expect(keys?.["dialler"]?.outgoing).toEqual(keys?.["listener"]?.incoming);
    expect(keys?.["dialler"]?.incoming).toEqual(keys?.["listener"]?.outgoing);
    expect(keys?.["dialler"]?.incoming).not.toEqual(keys?.["dialler"]?.outgoing);
  });

  test("are none when nobody asks", () => {
    expect(keysOf({}, {})).toBeUndefined();
  });

  test("are new for each meeting, and depend on the secret", () => {
    const keys = keysOf({ frameMac: true }, {});
    expect(keysOf({ frameMac: true }, {}, 2)).not.toEqual(keys);
    const other = Buffer.from("another secret of the cluster");
    expect(keysOf({ frameMac: true, secret: other }, { secret: other })).not.toEqual(keys);
  });
});
