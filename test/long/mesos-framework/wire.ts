import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A wire between a client and the master that can be cut. */
export class Wire implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: number;
  /** Of clients, each with its connection to the master. */
  readonly #wires = new Map<Socket, Socket>();
  /** Connections that answer a subscription. */
  readonly #streams = new Set<Socket>();
  /** Whether whoever connects is sent away. */
  closed = false;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on("connection", (client) => this.#join(client));
  }

  static async to(port: number): Promise<Wire> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Wire(server, port);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every connection as it is. */
  cut(): void {
    for (const [client, master] of this.#wires) {
      client.destroy();
      master.destroy();
    }
  }

  /** Ends the answers to subscriptions for the client in good order, between two chunks. */
  endStreams(): void {
    for (const client of this.#streams) {
      client.end("0\r\n\r\n");
      this.#wires.get(client)?.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    if (this.closed) return void client.destroy();
    const master = connect(this.#target, "127.0.0.1");
    this.#wires.set(client, master);
    client.on("data", (bytes) => {
      // The master serves those that mean its own address.
      const text = bytes
        .toString("latin1")
        .replaceAll(`Host: 127.0.0.1:${this.port}`, `Host: 127.0.0.1:${this.#target}`);
      master.write(text, "latin1");
    });
    master.on("data", (bytes) => {
      if (bytes.includes("mesos-stream-id")) this.#streams.add(client);
      client.write(bytes);
    });
    client
      .on("error", () => {})
      .on("close", () => {
        this.#wires.delete(client);
        this.#streams.delete(client);
        master.destroy();
      });
    master
      .on("error", () => {})
      .on("close", () => {
        if (!client.writableEnded) client.destroy();
      });
  }
}
