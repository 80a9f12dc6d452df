import type { Socket } from "node:net";

/** Time for a client to read the last answer and stop sending, in milliseconds. */
const lingerMs = 2_000;
/** Bytes that such a client may still send: more than is under way in the buffers of both ends. */
const lingerBytesMax = 16 * 1024 * 1024;
/** How often the two are looked at, in milliseconds. */
const lookMs = 10;

/**
 * Ends a connection whose client may still be sending. To close it at once would reset it, and a reset can overtake the
 * answer: the client would learn that it failed, but not why. So what still comes is read and dropped, for a while.
 */
export function hangUp(socket: Socket): void {
  socket.end();
  const readBefore = socket.bytesRead;
  const until = performance.now() + lingerMs;
  const look = setInterval(() => {
    if (performance.now() > until || socket.bytesRead - readBefore > lingerBytesMax) socket.destroy();
  }, lookMs).unref();
  socket.once("close", () => clearInterval(look));
  socket.resume();
}
