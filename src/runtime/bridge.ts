import { connect, createServer, type Server, type Socket } from "node:net";
import { parsePlace } from "../actors/address.ts";
import type { KindTable } from "../actors/link/kind-table.ts";
import { type LinkLimits, linkLimits } from "../actors/link/limits.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { LinkOpened } from "../actors/world.ts";
import { invariant } from "../base/invariant.ts";
import { BridgeConnection, type BridgeEvents, type BridgeParty } from "./bridge-connection.ts";
import { isLoopback } from "./loopback.ts";

export type BridgeListenOptions = {
  readonly kinds: KindTable;
  /** Default 127.0.0.1. Any other address than loopback needs a secret. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly secret?: Uint8Array;
  readonly limits?: LinkLimits;
};

/** The bridge cannot be opened or dialled as asked; the message says how to mend it. */
export class BridgeFailure extends Error {
  override readonly name = "BridgeFailure";
  readonly code: "secret-missing" | "listen";

  constructor(message: string, options: { readonly code: BridgeFailure["code"]; readonly cause?: unknown }) {
    super(message, options);
    this.code = options.code;
  }
}

/** Connections of one listener; the next one is closed at once. A master of 10 000 slaves stays below. */
const connectionsMax = 16_384;

/** The port on which the actors of one thread can be reached from other hosts. */
export class BridgeListener {
  readonly #server: Server;
  readonly #connections = new Map<Socket, BridgeConnection>();
  /** Those whose peer has not proved who it is. */
  readonly #strangers = new Set<Socket>();

  /** Throws a `BridgeFailure` when the address is taken or open to others without a secret. */
  static async listen(system: ActorSystem, options: BridgeListenOptions): Promise<BridgeListener> {
    const { host = "127.0.0.1", port, secret, limits = linkLimits, kinds } = options;
    if (secret === undefined && !isLoopback(host)) throw secretMissing("listen on", host);
    const place = parsePlace(system.place);
    invariant(place !== undefined, "a system has a place");
    const { clock, log } = system.world;
    const party = { place, tableHash: kinds.hash, clock, log, limits, ...(secret === undefined ? {} : { secret }) };
    const listener = new BridgeListener(party, (peer, channel) => system.links.open(peer, channel));
    await listener.#listen(host, port);
    return listener;
  }

  private constructor(party: BridgeParty, opened: LinkOpened) {
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket, party, opened));
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
    for (const [socket, connection] of this.#connections) {
      connection.close("the bridge is shutting down");
      socket.destroySoon();
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

  #accept(socket: Socket, party: BridgeParty, opened: LinkOpened): void {
    const strangers = this.#strangers;
    if (strangers.size >= party.limits.unauthenticatedMax) {
      socket.destroy();
      return;
    }
    strangers.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
    const connection = new BridgeConnection(socket, "listener", party, {
      opened: (peer, channel) => {
        strangers.delete(socket);
        return opened(peer, channel);
      },
      closed: () => strangers.delete(socket),
    });
    this.#connections.set(socket, connection);
  }
}

export type BridgeTarget = { readonly host: string; readonly port: number };

/** Connects to a bridge and shakes hands; `closed` is called once, also when there was nothing to connect to. */
export function dialBridge({ host, port }: BridgeTarget, party: BridgeParty, events: BridgeEvents): BridgeConnection {
  return new BridgeConnection(connect({ host, port, noDelay: true }), "dialler", party, {
    opened: events.opened,
    closed: (reason, met) => events.closed(met ? reason : `no link to the bridge at ${host}:${port}: ${reason}`, met),
  });
}

export function secretMissing(action: "listen on" | "dial", host: string): BridgeFailure {
  const message = `will not ${action} ${host} without a cluster secret: give every node the same --secret-file FILE`;
  return new BridgeFailure(message, { code: "secret-missing" });
}
