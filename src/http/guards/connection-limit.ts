import type { Server } from "node:http";
import { isLoopback } from "./admission.ts";

export type ConnectionLimits = {
  /** Open connections. The next one is closed at once. */
  readonly connectionsMax: number;
  /** Open connections from one address of another host; beyond that they are closed at once. */
  readonly connectionsPerAddressMax: number;
  /**
   * The same for an address of this host. Whoever is here already can do more harm than to hold connections, and a
   * thousand frameworks on one host, each with its stream of events, are no attack.
   */
  readonly connectionsPerLoopbackMax: number;
};

/** Keeps one address from taking every connection that there may be. */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  server.maxConnections = limits.connectionsMax;
  /** An address is here only while it has connections, so there are at most as many as those. */
  const open = new Map<string, number>();
  server.on("connection", (socket) => {
    const address = (socket.remoteAddress ?? "").replace(/^::ffff:/i, "");
    const max = isLoopback(address) ? limits.connectionsPerLoopbackMax : limits.connectionsPerAddressMax;
    const before = open.get(address) ?? 0;
    if (before >= max) {
      socket.destroy();
      return;
    }
    open.set(address, before + 1);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
