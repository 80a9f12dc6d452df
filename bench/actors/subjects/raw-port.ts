import { MessageChannel, Worker } from "node:worker_threads";
import { Packr } from "msgpackr";
import { sibling } from "../../../src/runtime/sibling.ts";
import type { Shapes } from "../../kit.ts";
import { windowMax } from "../flow.ts";
import { smallText as text } from "../payloads.ts";

/** What crossing threads costs with nothing above it: a MessagePort, cloned messages, packed and transferred batches. */

const batch = 64;
const { port1, port2 } = new MessageChannel();
new Worker(sibling("../raw-thread", import.meta.url), {
  workerData: { port: port2 },
  transferList: [port2],
});
const packr = new Packr({ useRecords: false, mapsAsObjects: true });
let heard: (message: { readonly ball?: number; readonly taken?: number }) => void = () => {};
port1.on("message", (message) => heard(message));
let total = 0;

/** Keeps at most a window of messages under way; `post` sends so many and answers how many it sent. */
function windowed(n: number, post: (left: number) => number): Promise<number> {
  const before = total;
  return new Promise((resolve) => {
    let sent = 0;
    const pump = () => {
      while (sent < n && sent - (total - before) < windowMax) sent += post(n - sent);
    };
    heard = ({ taken = 0 }) => {
      total = taken;
      if (total - before >= n) resolve(total - before);
      else pump();
    };
    pump();
  });
}

export const shapes: Shapes = {
  crossThreadRoundTrip: (n) =>
    new Promise((resolve) => {
      const latenciesMs: number[] = [];
      let servedAt = 0;
      const serve = () => {
        servedAt = performance.now();
        port1.postMessage({ ball: latenciesMs.length, text });
      };
      heard = () => {
        latenciesMs.push(performance.now() - servedAt);
        if (latenciesMs.length === n) resolve({ done: n, latenciesMs });
        else serve();
      };
      serve();
    }),
  clonePerMessage: (n) =>
    windowed(n, () => {
      port1.postMessage({ text, n });
      return 1;
    }),
  packedBatches: (n) =>
    windowed(n, (left) => {
      const messages = Array.from({ length: Math.min(batch, left) }, (_, index) => [text, index]);
      const bytes = new Uint8Array(packr.pack(messages));
      port1.postMessage(bytes, [bytes.buffer]);
      return messages.length;
    }),
};
