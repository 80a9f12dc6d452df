import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Wire } from "./client.ts";

/** A subscription over a bare socket, whose reader reads when the test says so. */
export type RawStream = {
  readonly socket: Socket;
  readonly closed: () => boolean;
  readonly receivedBytes: () => number;
};

/** Resolves when the head of the answer is there. `stuck`: nothing more is read. */
export async function rawStream(port: number, body: Buffer, wire: Wire, stuck: boolean): Promise<RawStream> {
  const socket = connect({ port, host: "127.0.0.1" });
  let closed = false;
  let received = 0;
  socket.on("error", () => {});
  socket.on("close", () => {
    closed = true;
  });
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  onTestFinished(() => void socket.destroy());
  const type = wire === "json" ? "application/json" : "application/x-protobuf";
  const lines = [
    "POST /api/v1/scheduler HTTP/1.1",
    "Host: localhost",
    `Content-Type: ${type}`,
    `Accept: ${type}`,
    `Content-Length: ${body.length}`,
  ];
  socket.write(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]));
  await new Promise<void>((resolve) => socket.once("data", () => resolve()));
  if (stuck) socket.pause();
  return { socket, closed: () => closed, receivedBytes: () => received };
}
