import { Packr } from "msgpackr";
import { type Place, parsePlace, placeText } from "../address.ts";
import type { Frame, FrameType } from "./frame.ts";
import { malformation } from "./malformation.ts";

/**
 * How two places meet: HELLO both ways, then each proves that it knows the shared secret (the one that dialled
 * first), then READY both ways.
 *
 *   dialler                          listener
 *     HELLO place, nonce      ──►
 *                             ◄──    HELLO place, nonce
 *     AUTH mac(dialler)       ──►
 *                             ◄──    AUTH mac(listener)
 *     READY                   ──►
 *                             ◄──    READY
 *
 * A mac covers both hellos and the role, so neither can be replayed or reflected. Without a secret (loopback only)
 * the macs are empty.
 */
export type HandshakeConfig = {
  readonly role: "dialler" | "listener";
  readonly place: Place;
  /** Hash of the kind table: both programs must speak the same messages. */
  readonly tableHash: string;
  /** Absent when the cluster has no secret. */
  readonly secret?: Uint8Array;
  /** 32 fresh random bytes. */
  readonly nonce: Uint8Array;
  readonly hmac: (secret: Uint8Array, data: Uint8Array) => Uint8Array;
};

export type HandshakeStep = {
  readonly send: readonly { readonly type: FrameType; readonly payload: Uint8Array }[];
  /** The peer, once both ends are ready. */
  readonly ready?: Place;
  /** Why the connection must be closed; the peer is told. */
  readonly fault?: string;
};

type Hello = {
  readonly bytes: Uint8Array;
  readonly place: Place;
  readonly tableHash: string;
  readonly secret: boolean;
};

const magic = "MESOLITE";
const version = 1;
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });

export class Handshake {
  readonly #config: HandshakeConfig;
  readonly #ownHello: Uint8Array;
  #peer: Hello | undefined;
  #proved = false;
  #readySent = false;

  constructor(config: HandshakeConfig) {
    this.#config = config;
    this.#ownHello = new Uint8Array(
      packr.pack([
        magic,
        version,
        placeText(config.place),
        config.tableHash,
        config.secret !== undefined,
        config.nonce,
      ]),
    );
  }

  /** What to send on connecting. */
  start(): HandshakeStep {
    return { send: this.#config.role === "dialler" ? [{ type: "hello", payload: this.#ownHello }] : [] };
  }

  receive(frame: Frame): HandshakeStep {
    if (frame.type === "hello" && this.#peer === undefined) return this.#hello(frame.payload);
    if (frame.type === "auth" && this.#peer !== undefined && !this.#proved)
      return this.#auth(frame.payload, this.#peer);
    if (frame.type === "ready" && this.#peer !== undefined && this.#proved) return this.#ready(this.#peer);
    return { send: [], fault: `unexpected ${frame.type} frame in the handshake` };
  }

  #hello(bytes: Uint8Array): HandshakeStep {
    const hello = parseHello(bytes);
    if (typeof hello === "string") return { send: [], fault: hello };
    if (hello.tableHash !== this.#config.tableHash) {
      return { send: [], fault: "the peer speaks another version of the protocol: run the same release on both ends" };
    }
    if (hello.secret !== (this.#config.secret !== undefined)) {
      const side = hello.secret
        ? "the peer has a cluster secret and this end has none"
        : "the peer has no cluster secret";
      return { send: [], fault: `${side}: give both the same --secret-file` };
    }
    this.#peer = hello;
    const proof = { type: "auth", payload: this.#mac(this.#config.role, hello) } as const;
    return { send: this.#config.role === "dialler" ? [proof] : [{ type: "hello", payload: this.#ownHello }] };
  }

  #auth(mac: Uint8Array, peer: Hello): HandshakeStep {
    const other = this.#config.role === "dialler" ? "listener" : "dialler";
    if (!equal(mac, this.#mac(other, peer))) return { send: [], fault: "the peer does not know the cluster secret" };
    this.#proved = true;
    if (this.#config.role === "listener") return { send: [{ type: "auth", payload: this.#mac("listener", peer) }] };
    this.#readySent = true;
    return { send: [{ type: "ready", payload: new Uint8Array() }] };
  }

  #ready(peer: Hello): HandshakeStep {
    const send = this.#readySent ? [] : [{ type: "ready", payload: new Uint8Array() } as const];
    return { send, ready: peer.place };
  }

  #mac(role: "dialler" | "listener", peer: Hello): Uint8Array {
    const { secret, hmac } = this.#config;
    if (secret === undefined) return new Uint8Array();
    const [first, second] =
      this.#config.role === "dialler" ? [this.#ownHello, peer.bytes] : [peer.bytes, this.#ownHello];
    return hmac(secret, new Uint8Array(packr.pack([role, first, second])));
  }
}

function parseHello(bytes: Uint8Array): Hello | string {
  if (malformation(bytes) !== undefined) return "not a mesolite bridge: its hello is malformed";
  const value: unknown = packr.unpack(bytes);
  if (!Array.isArray(value) || value[0] !== magic) return "not a mesolite bridge";
  const [, peerVersion, placeName, tableHash, secret, nonce] = value as unknown[];
  if (peerVersion !== version) return `the peer speaks bridge version ${String(peerVersion)}, this end ${version}`;
  const place = typeof placeName === "string" ? parsePlace(placeName) : undefined;
  if (place === undefined || typeof tableHash !== "string" || !(nonce instanceof Uint8Array) || nonce.length !== 32) {
    return "the peer's hello names no place or carries no nonce";
  }
  return { bytes: new Uint8Array(bytes), place, tableHash, secret: secret === true };
}

/** Compares in time that depends on the length alone. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
