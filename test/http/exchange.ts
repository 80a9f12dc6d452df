import { connect, type Socket } from "node:net";

/** What a server answered to bytes that may be no request at all. */
export type Answer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Bytes that could be sent before the answer was there or the server had hung up. */
  readonly sentBytes: number;
  /** Whether the connection does what the answer said: ends after `Connection: close`, and serves on otherwise. */
  readonly kept: "ended" | "serves on" | "broken";
};

/** Time for an answer, in milliseconds. */
const answerWithinMs = 5_000;

/** Sends a head and then the parts of a body for as long as the server takes them, and reads one answer. */
export async function exchange(port: number, head: string | Buffer, parts: Iterable<string> = []): Promise<Answer> {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(answerWithinMs, () => socket.destroy());
  const reader = new Reader(socket);
  socket.write(head);
  let sentBytes = head.length;
  for (const part of parts) {
    if (reader.answered || socket.destroyed) break;
    sentBytes += part.length;
    if (!socket.write(part)) await reader.moved;
  }
  await reader.until(() => reader.answered);
  const { status, headers, body } = reader.take();
  const answer = { status, headers, body, sentBytes };
  if (headers.get("connection") === "close") {
    await reader.until(() => reader.ended);
    socket.destroy();
    return { ...answer, kept: reader.ended ? "ended" : "broken" };
  }
  socket.write("GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  await reader.until(() => reader.answered);
  const next = reader.take();
  socket.destroy();
  return { ...answer, kept: next.status === 200 ? "serves on" : "broken" };
}

/** Collects answers with a `Content-Length`, which all but streams have. */
class Reader {
  #text = "";
  ended = false;
  readonly #socket: Socket;
  #wake: () => void = () => {};
  moved: Promise<void> = Promise.resolve();

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#sleep();
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#text += text;
      this.#move();
    });
    socket.on("drain", () => this.#move());
    // A server that hangs up while it is still being sent to: what it said before counts.
    socket.on("error", () => {});
    for (const end of ["end", "close"]) {
      socket.on(end, () => {
        this.ended = true;
        this.#move();
      });
    }
  }

  get answered(): boolean {
    const [head, body] = this.#parts();
    if (head === undefined || body === undefined) return false;
    return body.length >= Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.POSITIVE_INFINITY);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.ended && !this.#socket.destroyed) await this.moved;
  }

  /** The first answer, which is then gone from what was read. */
  take(): { readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly body: string } {
    const [head = "", body = ""] = this.#parts();
    const [first = "", ...lines] = head.split("\r\n");
    const headers = new Map(
      lines.map((line) => [line.replace(/:.*/s, "").toLowerCase(), line.replace(/^[^:]*: */, "")]),
    );
    const length = Number(headers.get("content-length") ?? body.length);
    this.#text = body.slice(length);
    return {
      status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? Number.NaN),
      headers,
      body: body.slice(0, length),
    };
  }

  #parts(): readonly [string?, string?] {
    const end = this.#text.indexOf("\r\n\r\n");
    return end === -1 ? [] : [this.#text.slice(0, end), this.#text.slice(end + 4)];
  }

  #move(): void {
    this.#wake();
    this.#sleep();
  }

  #sleep(): void {
    this.moved = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
