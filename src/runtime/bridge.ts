import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { parsePlace } from "../actors/address.ts";
import type { KindTable } from "../actors/link/kind-table.ts";
import { type LinkLimits, linkLimits } from "../actors/link/limits.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { LinkOpened } from "../actors/world.ts";
import { invariant } from "../base/invariant.ts";
import { BridgeConnection, type BridgeEvents, type BridgeParty, lossOf } from "./bridge-connection.ts";
import { BridgeFailure, secretMissing } from "./bridge-failure.ts";
import { type BridgeTls, requireListener, tlsOptions } from "./bridge-tls.ts";
import { isLoopback } from "./loopback.ts";

export type BridgeListenOptions = {
  readonly kinds: KindTable;
  /** Default 127.0.0.1. Any other address than loopback needs a secret or certificates. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Of the cluster that is served here; who knows another one is refused. */
  readonly clusterId?: string;
  readonly secret?: Uint8Array;
  /** A master's certificate; whoever dials must have one of the same CA. Default: no TLS. */
  readonly tls?: BridgeTls;
  /** A mac on every frame of loopback too. Default false. */
  readonly frameMac?: boolean;
  readonly limits?: LinkLimits;
};

/** Connections of one listener; the next one is closed at once. A master of 10 000 slaves stays below. */
const connectionsMax = 16_384;

/** A socket that came in (the one of TLS once there is one), and what it has become. */
type Visitor = { socket: Socket; connection?: BridgeConnection };

/** The port on which the actors of one thread can be reached from other hosts. */
export class BridgeListener {
  readonly #server: Server;
  readonly #party: BridgeParty;
  readonly #opened: LinkOpened;
  readonly #visitors = new Map<string, Visitor>();
  /** Those who have not proved who they are. */
  readonly #strangers = new Set<string>();
  #crowded = false;

  /** Throws a `BridgeFailure` when the address is taken, or open to others without a secret or certificates. */
  static async listen(system: ActorSystem, options: BridgeListenOptions): Promise<BridgeListener> {
    const { host = "127.0.0.1", port, limits = linkLimits, kinds, ...rest } = options;
    if (rest.secret === undefined && rest.tls === undefined && !isLoopback(host))
      throw secretMissing("listen on", host);
    const place = parsePlace(system.place);
    invariant(place !== undefined, "a system has a place");
    const { clock, log } = system.world;
    const party = { ...rest, place, tableHash: kinds.hash, clock, log, limits };
    const listener = new BridgeListener(party, (peer, channel) => system.links.open(peer, channel));
    await listener.#listen(host, port);
    return listener;
  }

  private constructor(party: BridgeParty, opened: LinkOpened) {
    this.#party = party;
    this.#opened = opened;
    const meet = party.tls === undefined ? (socket: Socket) => this.#meet(socket) : this.#tlsMeet(party.tls);
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket, meet));
    this.#server.maxConnections = connectionsMax;
  }

  get port(): number {
    const address = this.#server.address();
    invariant(address !== null && typeof address === "object", "a listener has a port until it is closed");
    return address.port;
  }

  /** Stops listening and closes every connection that came in here. */
  async close(): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const { socket, connection } of this.#visitors.values()) {
      connection?.close("the bridge is shutting down");
      if (connection === undefined) socket.destroy();
      else socket.destroySoon();
    }
    await closed;
  }

  async #listen(host: string, port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === "EADDRINUSE" ? "the port is taken: choose another" : cause.message;
      reject(new BridgeFailure(`cannot listen on ${host}:${port}: ${reason}`, { code: "listen", cause }));
    });
    this.#server.listen({ host, port }, resolve);
    await promise;
  }

  #accept(socket: Socket, meet: (socket: Socket) => void): void {
    if (this.#strangers.size >= this.#party.limits.unauthenticatedMax) {
      this.#crowd();
      socket.destroy();
      return;
    }
    const name = nameOf(socket);
    this.#strangers.add(name);
    this.#visitors.set(name, { socket });
    socket.once("close", () => {
      this.#known(name);
      this.#visitors.delete(name);
    });
    meet(socket);
  }

  /** Said once until there is room again: strangers must not fill the log either. */
  #crowd(): void {
    if (this.#crowded) return;
    this.#crowded = true;
    const { log, limits } = this.#party;
    log("warn", "bridge", `${limits.unauthenticatedMax} connections have not proved who they are: others are closed`);
  }

  /** Not a stranger any more. */
  #known(name: string): void {
    this.#strangers.delete(name);
    this.#crowded = this.#strangers.size >= this.#party.limits.unauthenticatedMax / 2 && this.#crowded;
  }

  #meet(socket: Socket): void {
    const name = nameOf(socket);
    const visitor = this.#visitors.get(name);
    if (visitor === undefined) return void socket.destroy();
    visitor.socket = socket;
    visitor.connection = new BridgeConnection(socket, "listener", this.#party, {
      host: socket.remoteAddress ?? "",
      opened: (peer, channel) => {
        this.#known(name);
        return this.#opened(peer, channel);
      },
      closed: () => this.#known(name),
    });
  }

  /** The TLS server never listens: sockets are handed to it, so that strangers are counted before it works for them. */
  #tlsMeet(tls: BridgeTls): (socket: Socket) => void {
    const options = tlsOptions(tls);
    requireListener(tls);
    const { log, limits } = this.#party;
    // A certificate of another CA is refused in the bridge's own handshake, where both ends learn the reason.
    const server = createTlsServer({
      ...options,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeTimeoutMs,
    });
    server.on("secureConnection", (socket) => this.#meet(socket));
    server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      log("warn", "bridge", `connection refused: no TLS handshake (${lossOf(error)})`);
      socket.destroy();
    });
    return (socket) => server.emit("connection", socket);
  }
}

/** What tells a socket from any other of one listener, under TLS and above it. */
function nameOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress}:${remotePort} at ${localAddress}`;
}

export type BridgeTarget = { readonly host: string; readonly port: number };

/** Connects to a bridge and shakes hands; `closed` is called once, also when there was nothing to connect to. */
export function dialBridge({ host, port }: BridgeTarget, party: BridgeParty, events: BridgeEvents): BridgeConnection {
  // Not the host's name but the role in the certificate says whether this is a master.
  const socket =
    party.tls === undefined
      ? connect({ host, port })
      : connectTls({ host, port, ...tlsOptions(party.tls), checkServerIdentity: () => undefined });
  return new BridgeConnection(socket, "dialler", party, {
    host,
    opened: events.opened,
    closed: (reason, met) => events.closed(met ? reason : `no link to the bridge at ${host}:${port}: ${reason}`, met),
  });
}
