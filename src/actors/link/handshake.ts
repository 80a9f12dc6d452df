import { Packr } from "msgpackr";
import { invariant } from "../../base/invariant.ts";
import type { Place } from "../address.ts";
import type { Frame, FrameType } from "./frame.ts";
import { equalBytes, type Hmac } from "./frame-seal.ts";
import { type Hello, packHello, parseHello } from "./hello.ts";

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
 * A mac covers both hellos and the role, so neither can be replayed or reflected. Without a secret (loopback, or TLS
 * with certificates) the macs are empty.
 *
 * If either end asks for sealed frames, everything from READY on carries a mac. Each direction has a key of its own,
 * made of the secret and both hellos with their nonces (extract, then expand, as HKDF of RFC 5869 does).
 */
export type HandshakeConfig = {
  readonly role: "dialler" | "listener";
  readonly place: Place;
  /** Hash of the kind table: both programs must speak the same messages. */
  readonly tableHash: string;
  /** Compared when both ends know one: `[A-Za-z0-9_.-]`, at most 64 characters. */
  readonly clusterId?: string;
  /** Absent when the cluster has no secret. */
  readonly secret?: Uint8Array;
  /** Whether this end wants a mac on every frame; needs a secret. Default false. */
  readonly frameMac?: boolean;
  /** 32 fresh random bytes. */
  readonly nonce: Uint8Array;
  readonly hmac: Hmac;
  /** Why this place may not be met, asked before anything is proved to it. Default: any may. */
  readonly refusal?: (peer: Place) => string | undefined;
};

export type HandshakeStep = {
  readonly send: readonly { readonly type: FrameType; readonly payload: Uint8Array }[];
  /** Before anything of `send` leaves: the keys of frames from READY on, if they are sealed. */
  readonly keys?: FrameKeys;
  /** The peer, once both ends are ready. */
  readonly ready?: Place;
  /** Why the connection must be closed; the peer is told. */
  readonly fault?: string;
};

export type FrameKeys = { readonly outgoing: Uint8Array; readonly incoming: Uint8Array };

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });

export class Handshake {
  readonly #config: HandshakeConfig;
  readonly #ownHello: Uint8Array;
  #peer: Hello | undefined;
  #proved = false;
  #readySent = false;

  constructor(config: HandshakeConfig) {
    const { place, tableHash, clusterId, secret, frameMac = false, nonce } = config;
    invariant(!frameMac || secret !== undefined, "frames are sealed with a secret");
    this.#config = config;
    this.#ownHello = packHello({ place, tableHash, clusterId, secret: secret !== undefined, frameMac, nonce });
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
    const fault = this.#refusal(hello);
    if (fault !== undefined) return { send: [], fault };
    this.#peer = hello;
    const proof = { type: "auth", payload: this.#mac(this.#config.role, hello) } as const;
    return { send: this.#config.role === "dialler" ? [proof] : [{ type: "hello", payload: this.#ownHello }] };
  }

  /** Why there is nothing to prove to this peer. */
  #refusal({ place, tableHash, clusterId, secret }: Hello): string | undefined {
    const own = this.#config;
    if (clusterId !== undefined && own.clusterId !== undefined && clusterId !== own.clusterId) {
      return `the peer belongs to the cluster ${clusterId}, this end to ${own.clusterId}`;
    }
    if (tableHash !== own.tableHash) {
      return "the peer speaks another version of the protocol: run the same release on both ends";
    }
    if (secret !== (own.secret !== undefined)) {
      const side = secret ? "the peer has a cluster secret and this end has none" : "the peer has no cluster secret";
      return `${side}: give both the same --secret-file`;
    }
    return own.refusal?.(place);
  }

  #auth(mac: Uint8Array, peer: Hello): HandshakeStep {
    const other = this.#config.role === "dialler" ? "listener" : "dialler";
    if (!equalBytes(mac, this.#mac(other, peer)))
      return { send: [], fault: "the peer does not know the cluster secret" };
    this.#proved = true;
    const keys = this.#keys(peer);
    if (this.#config.role === "listener") {
      return { send: [{ type: "auth", payload: this.#mac("listener", peer) }], ...keys };
    }
    this.#readySent = true;
    return { send: [{ type: "ready", payload: new Uint8Array() }], ...keys };
  }

  #ready(peer: Hello): HandshakeStep {
    const send = this.#readySent ? [] : [{ type: "ready", payload: new Uint8Array() } as const];
    return { send, ready: peer.place };
  }

  #mac(role: "dialler" | "listener", peer: Hello): Uint8Array {
    const { secret, hmac } = this.#config;
    if (secret === undefined) return new Uint8Array();
    return hmac(secret, this.#transcript(role, peer));
  }

  #keys(peer: Hello): { readonly keys?: FrameKeys } {
    const { role, secret, hmac, frameMac = false } = this.#config;
    if (secret === undefined || !(frameMac || peer.frameMac)) return {};
    const extracted = hmac(secret, this.#transcript("frames", peer));
    const fromDialler = hmac(extracted, Uint8Array.of(1));
    const fromListener = hmac(extracted, Uint8Array.of(2));
    const [outgoing, incoming] = role === "dialler" ? [fromDialler, fromListener] : [fromListener, fromDialler];
    return { keys: { outgoing, incoming } };
  }

  /** What both ends have said so far, the dialler's part first, under a label for its use. */
  #transcript(label: "dialler" | "listener" | "frames", peer: Hello): Uint8Array {
    const { role } = this.#config;
    const [first, second] = role === "dialler" ? [this.#ownHello, peer.bytes] : [peer.bytes, this.#ownHello];
    return new Uint8Array(packr.pack([label, first, second]));
  }
}
