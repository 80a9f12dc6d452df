import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection on which bytes are said as they are, and the answer is taken apart by the letter of HTTP/1.1. */
export class RawAnswer implements Disposable {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #moved = Promise.withResolvers<void>();
  /** Whether the server has hung up. */
  ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#move();
    });
    for (const event of ["end", "error", "close"]) {
      socket.on(event, () => {
        this.ended = true;
        this.#move();
      });
    }
  }

  /** `head`: lines without their ends. */
  static async to(port: number, head: readonly string[], body: Buffer | string = ""): Promise<RawAnswer> {
    const socket = connect(port, "127.0.0.1");
    const answer = new RawAnswer(socket);
    await once(socket, "connect");
    socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), Buffer.from(body)]));
    return answer;
  }

  async head(): Promise<{ readonly status: number; readonly headers: ReadonlyMap<string, string> }> {
    const [first = "", ...lines] = (await this.#take("\r\n\r\n")).toString("latin1").split("\r\n");
    const headers = lines.map((line): [string, string] => {
      const [name = "", ...value] = line.split(": ");
      return [name.toLowerCase(), value.join(": ")];
    });
    return { status: Number(first.split(" ")[1]), headers: new Map(headers) };
  }

  async body(length: number): Promise<string> {
    await this.#has(() => this.#bytes.length >= length);
    const body = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return body.toString();
  }

  /** What the next chunk carries, which is one whole record. */
  async record(): Promise<Buffer> {
    const length = Number.parseInt((await this.#take("\r\n")).toString("latin1"), 16);
    await this.#has(() => this.#bytes.length >= length + 2);
    const chunk = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length + 2);
    const lineEnd = chunk.indexOf("\n");
    const digits = chunk.subarray(0, lineEnd).toString("latin1");
    const body = chunk.subarray(lineEnd + 1);
    if (!/^[1-9]\d*$/.test(digits) || Number(digits) !== body.length) {
      throw new Error(`a chunk is not one record: ${JSON.stringify(chunk.toString("latin1"))}`);
    }
    return body;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #take(end: string): Promise<Buffer> {
    await this.#has(() => this.#bytes.includes(end));
    const at = this.#bytes.indexOf(end);
    const taken = this.#bytes.subarray(0, at);
    this.#bytes = this.#bytes.subarray(at + end.length);
    return taken;
  }

  async #has(enough: () => boolean): Promise<void> {
    while (!enough()) {
      if (this.ended) throw new Error(`the answer ended after: ${JSON.stringify(this.#bytes.toString("latin1"))}`);
      await this.#moved.promise;
    }
  }

  #move(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }
}
