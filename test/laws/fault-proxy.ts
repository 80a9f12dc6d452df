import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** How a connection can break: closed in order, reset, or closed at one end and reset at the other. */
export const breaks = ["end", "reset", "half"] as const;

/** From whoever dialled, or to them. */
export type Way = "out" | "back";

type Pair = { readonly near: Socket; readonly far: Socket };

/**
 * A cable between whoever dials and one bridge, with a knife: it carries bytes both ways, and can keep them back, lose
 * them from now on, or break. Its HTTP address says that the bridge is here, as a master's says where its own is.
 */
export class FaultProxy {
  readonly #port: number;
  readonly #pairs = new Set<Pair>();
  readonly #stalled = new Set<Way>();
  /** Connections that carry nothing in that direction any more. */
  readonly #silent = new Map<Pair, Set<Way>>();
  #server: Server | undefined;
  #directions: HttpServer | undefined;

  /** Of the bridge. */
  constructor(port: number) {
    this.#port = port;
  }

  async open(): Promise<void> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => this.#accept(near));
    this.#server = server;
    const port = await listening(server);
    const directions = createHttpServer((_request, response) => {
      response.setHeader("connection", "close");
      response.end(JSON.stringify({ host: "127.0.0.1", port }));
    });
    this.#directions = directions;
    await listening(directions);
  }

  /** What a node dials. */
  get endpoint(): string {
    const address = this.#directions?.address() as AddressInfo;
    return `127.0.0.1:${address.port}`;
  }

  break(how: (typeof breaks)[number]): void {
    for (const { near, far } of [...this.#pairs]) {
      if (how === "end") for (const socket of [near, far]) socket.destroy();
      else if (how === "reset") for (const socket of [near, far]) socket.resetAndDestroy();
      else {
        near.resetAndDestroy();
        far.destroy();
      }
    }
  }

  /** Keeps back what goes that way. */
  stall(way: Way): void {
    this.#stalled.add(way);
    for (const pair of this.#pairs) sourceOf(pair, way).pause();
  }

  release(way: Way): void {
    this.#stalled.delete(way);
    for (const pair of this.#pairs) sourceOf(pair, way).resume();
  }

  /** Loses what goes that way on the connections there are, also the news that one has been closed. */
  silence(way: Way): void {
    for (const pair of this.#pairs) this.#silent.set(pair, (this.#silent.get(pair) ?? new Set()).add(way));
  }

  async close(): Promise<void> {
    this.break("reset");
    this.#directions?.closeAllConnections();
    for (const server of [this.#server, this.#directions]) {
      await new Promise<void>((resolve) => {
        if (server === undefined) resolve();
        else server.close(() => resolve());
      });
    }
  }

  #accept(near: Socket): void {
    const far = connect({ host: "127.0.0.1", port: this.#port, noDelay: true, allowHalfOpen: true });
    const pair: Pair = { near, far };
    this.#pairs.add(pair);
    this.#carry(pair, "out");
    this.#carry(pair, "back");
  }

  #carry(pair: Pair, way: Way): void {
    const source = sourceOf(pair, way);
    const sink = source === pair.near ? pair.far : pair.near;
    const lost = () => this.#silent.get(pair)?.has(way) === true;
    source.on("data", (bytes) => {
      if (!lost()) sink.write(bytes);
    });
    source.on("end", () => {
      if (!lost()) sink.end();
    });
    source.on("error", () => {
      if (!lost()) sink.resetAndDestroy();
    });
    source.on("close", () => {
      if (!lost()) sink.end();
      if (!sink.destroyed) return;
      this.#pairs.delete(pair);
      this.#silent.delete(pair);
    });
    if (this.#stalled.has(way)) source.pause();
  }
}

function sourceOf({ near, far }: Pair, way: Way): Socket {
  return way === "out" ? near : far;
}

async function listening(server: Server | HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
