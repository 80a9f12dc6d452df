import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Place } from "../actors/address.ts";
import {
  encodeFrame,
  type Frame,
  FrameReader,
  type FrameType,
  fillHead,
  frameHeadBytes,
} from "../actors/link/frame.ts";
import { FrameSeal, type Hmac, sealBytes } from "../actors/link/frame-seal.ts";
import { type FrameKeys, Handshake, type HandshakeStep } from "../actors/link/handshake.ts";
import type { LinkLimits } from "../actors/link/limits.ts";
import { Liveness } from "../actors/link/liveness.ts";
import type { Clock, LinkEnd, LinkOpened, Log, Timer } from "../actors/world.ts";
import { unreachable } from "../base/invariant.ts";
import { type BridgeTls, certificateFault } from "./bridge-tls.ts";
import { isLoopback } from "./loopback.ts";

/** What this end brings into every connection. */
export type BridgeParty = {
  readonly place: Place;
  /** Of the kind table: both ends must speak the same messages. */
  readonly tableHash: string;
  /** Absent when not known yet. */
  readonly clusterId?: string;
  /** Absent on loopback, and where certificates do its work. */
  readonly secret?: Uint8Array;
  /** Absent: no TLS. */
  readonly tls?: BridgeTls;
  /** Whether frames carry a mac on loopback too. They do on any other link that has no TLS. */
  readonly frameMac?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: LinkLimits;
};

export type BridgeEvents = {
  /** Both ends are ready: takes the link, answers with its receiving end. */
  readonly opened: LinkOpened;
  /** Called once; `met` tells whether the link was ever open. */
  readonly closed: (reason: string, met: boolean) => void;
};

/** Characters of a reason that came from the peer. */
const reasonMax = 256;
/** How long a connection that has said goodbye is read from, so that the word arrives before a reset does. */
const lingerMs = 1_000;

/** No bridge of ours does this, except to a crowd, or when one end alone speaks TLS. */
const hangUp = "the peer closed the connection without a word: its log tells why";
const tlsUnexpected =
  "one end speaks TLS and the other does not: give both --tls-cert, --tls-key and --tls-ca, or neither";

/** Making a key of its bytes takes longer than a mac. */
const keys = new WeakMap<Uint8Array, KeyObject>();

const hmac: Hmac = (key, data) => {
  const known = keys.get(key) ?? createSecretKey(key);
  keys.set(key, known);
  return createHmac("sha256", known).update(data).digest();
};

/**
 * One socket of the bridge, from the handshake to the end of its link. A frame that nobody should have sent ends the
 * connection with a `goaway` that says why; any other connection goes on.
 *
 * Batches are written as they come: the credit of the link bounds what an idle peer can make pile up here. If more
 * piles up all the same the peer is given up.
 */
export class BridgeConnection {
  readonly #socket: Socket;
  readonly #party: BridgeParty;
  readonly #events: BridgeEvents;
  readonly #reader = new FrameReader();
  readonly #handshake: Handshake;
  readonly #liveness: Liveness;
  readonly #role: "dialler" | "listener";
  #seals: { readonly outgoing: FrameSeal; readonly incoming: FrameSeal } | undefined;
  #readySent = false;
  #end: LinkEnd | undefined;
  #timer: Timer;
  #state: "meeting" | "open" | "closed" = "meeting";

  /** `host`: of the peer. Where it is decides whether this end asks for a mac on every frame. */
  constructor(
    socket: Socket,
    role: "dialler" | "listener",
    party: BridgeParty,
    { host, ...events }: BridgeEvents & { readonly host: string },
  ) {
    const { clock, limits } = party;
    this.#socket = socket;
    this.#role = role;
    this.#party = party;
    this.#events = events;
    this.#reader.frameBytesMax = limits.frameBytesBeforeReadyMax;
    this.#liveness = new Liveness(clock.now(), limits);
    this.#handshake = this.#meeting(host);
    this.#timer = clock.arm(limits.handshakeTimeoutMs, () =>
      this.#refuse(`no handshake within ${limits.handshakeTimeoutMs} ms`),
    );
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => this.#finish(lossOf(error)));
    socket.on("end", () => this.#finish(this.#state === "meeting" ? hangUp : "the peer closed the connection"));
    socket.on("close", () => this.#finish("connection closed"));
    this.#step(this.#handshake.start());
  }

  #meeting(host: string): Handshake {
    const { place, tableHash, clusterId, secret, tls, frameMac = false } = this.#party;
    const socket = this.#socket;
    const peer = this.#role === "dialler" ? "listener" : "dialler";
    return new Handshake({
      role: this.#role,
      place,
      tableHash,
      nonce: randomBytes(32),
      hmac,
      frameMac: secret !== undefined && tls === undefined && (frameMac || !isLoopback(host)),
      refusal: ({ node }) => (socket instanceof TLSSocket ? certificateFault(socket, peer, node) : undefined),
      ...(clusterId === undefined ? {} : { clusterId }),
      ...(secret === undefined ? {} : { secret }),
    });
  }

  /** Says goodbye and closes. The peer hears the reason if it still listens. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#write("goaway", Buffer.from(reason));
    this.#finish(reason);
  }

  #read(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#liveness.heard(this.#party.clock.now());
    const { frames, fault } = this.#reader.push(chunk);
    // What the chunk brings, and what is said to it, leave as one write.
    this.#socket.cork();
    if (this.#end === undefined) this.#frames(frames);
    else this.#end.takeIn(() => this.#frames(frames));
    if (fault !== undefined && !this.#closed)
      this.#refuse(this.#state === "meeting" && isTls(chunk) ? tlsUnexpected : fault);
    this.#socket.uncork();
  }

  #frames(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.#frame(frame);
      if (this.#closed) return;
    }
  }

  /** Frames are sealed from READY on; what comes before is proved by the handshake, or is a goodbye. */
  #frame(frame: Frame): void {
    if (this.#seals === undefined || (frame.type !== "ready" && this.#state === "meeting")) return this.#opened(frame);
    const payload = this.#seals.incoming.open(frame);
    if (payload === undefined) return this.#refuse(`${frame.type} frame with a wrong mac`);
    this.#opened({ type: frame.type, payload });
  }

  #opened(frame: Frame): void {
    if (frame.type === "goaway") return this.#finish(`the peer closed the link: ${printable(frame.payload)}`);
    if (this.#end === undefined) return this.#step(this.#handshake.receive(frame));
    switch (frame.type) {
      case "data":
        return this.#end.receive(frame.payload);
      case "ping":
        return;
      case "hello":
      case "auth":
      case "ready":
        return this.#refuse(`${frame.type} frame after the handshake`);
      default:
        return unreachable(frame.type);
    }
  }

  #step({ send, keys, ready, fault }: HandshakeStep): void {
    if (keys !== undefined) this.#seal(keys);
    for (const { type, payload } of send) {
      // Whoever sends READY has seen the peer's proof, and the peer may send data in the same packet as its own READY.
      if (type === "ready") {
        this.#reader.frameBytesMax = this.#party.limits.frameBytesMax + (this.#seals === undefined ? 0 : sealBytes);
        this.#readySent = true;
      }
      this.#write(type, payload);
    }
    if (fault !== undefined) this.#refuse(fault);
    else if (ready !== undefined) this.#open(ready);
  }

  #seal({ outgoing, incoming }: FrameKeys): void {
    this.#seals = { outgoing: new FrameSeal(outgoing, hmac), incoming: new FrameSeal(incoming, hmac) };
  }

  #open(peer: Place): void {
    this.#party.clock.disarm(this.#timer);
    this.#state = "open";
    this.#timer = this.#armCheck();
    this.#end = this.#events.opened(peer, {
      crossesHosts: true,
      dialled: this.#role === "dialler" ? "here" : "there",
      headBytes: frameHeadBytes,
      send: (batch) => this.#send(batch),
      close: (reason) => this.close(reason),
    });
  }

  #send(batch: Uint8Array): void {
    if (this.#state !== "open") return;
    const { creditBytes, frameBytesMax } = this.#party.limits;
    const backlogMax = 2 * (creditBytes + frameBytesMax);
    if (this.#socket.writableLength > backlogMax)
      this.#refuse(`more than ${backlogMax} bytes wait: the peer does not read`);
    else if (this.#seals !== undefined) this.#write("data", batch.subarray(frameHeadBytes));
    else {
      fillHead(batch, "data");
      this.#put(batch);
    }
  }

  #armCheck(): Timer {
    return this.#party.clock.arm(this.#party.limits.pingAfterMs, () => this.#check());
  }

  #check(): void {
    const verdict = this.#liveness.check(this.#party.clock.now());
    if (verdict === "down") return this.close(`no word from the peer for ${this.#party.limits.downAfterMs} ms`);
    // A ping behind a backlog would tell the peer nothing that the backlog does not.
    if (verdict === "ping" && !this.#socket.writableNeedDrain) this.#write("ping", new Uint8Array());
    this.#timer = this.#armCheck();
  }

  #write(type: FrameType, payload: Uint8Array): void {
    if (!this.#socket.writable) return;
    const seal = this.#readySent ? this.#seals?.outgoing : undefined;
    this.#put(encodeFrame(type, seal === undefined ? payload : seal.seal(type, payload)));
  }

  #put(frame: Uint8Array): void {
    this.#liveness.sent(this.#party.clock.now());
    this.#socket.write(frame);
  }

  /** The peer did what no peer of ours does. */
  #refuse(reason: string): void {
    if (this.#closed) return;
    const { remoteAddress, remotePort } = this.#socket;
    this.#party.log("warn", "bridge", `connection refused: ${reason}`, { peer: `${remoteAddress}:${remotePort}` });
    this.close(reason);
  }

  /** Ends the connection once, whoever began it. */
  #finish(reason: string): void {
    if (this.#closed) return;
    const met = this.#state === "open";
    this.#state = "closed";
    const { clock } = this.#party;
    clock.disarm(this.#timer);
    this.#socket.end();
    this.#timer = clock.arm(lingerMs, () => this.#socket.destroy());
    this.#socket.once("close", () => clock.disarm(this.#timer));
    this.#end?.closed(reason);
    this.#events.closed(reason, met);
  }

  get #closed(): boolean {
    return this.#state === "closed";
  }
}

/** What an error of a socket means to its user. */
export function lossOf({ code, message }: NodeJS.ErrnoException): string {
  if (/wrong version number|packet length too long/i.test(`${code} ${message}`.replaceAll("_", " ")))
    return tlsUnexpected;
  return `connection lost (${code ?? message})`;
}

/** What a TLS handshake or alert begins with: its record type and the version. */
function isTls(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03;
}

function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString().slice(0, reasonMax);
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?");
}
