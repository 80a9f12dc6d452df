import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Shapes } from "../../kit.ts";
import { framed, RawFrames } from "../raw-frames.ts";

/**
 * The far end of a bare socket. A number begins a run and says how many messages a receipt covers; a list of lists is a
 * batch of messages; a list that begins with a text is a ball.
 */

const server = createServer({ noDelay: true }, (socket) => {
  const frames = new RawFrames();
  let every = 1;
  let taken = 0;
  const take = (value: number | readonly unknown[]) => {
    if (typeof value === "number") {
      every = value;
      taken = 0;
    } else if (typeof value[0] === "string") socket.write(framed(value));
    else
      for (const [text] of value as [string, number][])
        if (text !== "" && ++taken % every === 0) socket.write(framed(taken));
  };
  socket.on("data", (chunk: Buffer) => {
    socket.cork();
    frames.push(chunk, (value) => take(value as number | readonly unknown[]));
    socket.uncork();
  });
});
await once(server.listen(0, "127.0.0.1"), "listening");

export const facts = { port: (server.address() as AddressInfo).port };
export const shapes: Shapes = {};
