import { once } from "node:events";
import { connect } from "node:net";
import { textOf } from "../../actors/payloads.ts";
import { given, type Shapes, type Work } from "../../kit.ts";
import { ballsAtOnce, loads } from "../flow.ts";
import { framed, RawFrames } from "../raw-frames.ts";

/** The near end of a bare socket: packed batches, one write for all that a receipt allows, and balls. */

const { far } = given<{ readonly far: { readonly port: number } }>();
const socket = connect({ port: far.port, host: "127.0.0.1", noDelay: true });
await once(socket, "connect");
const frames = new RawFrames();
let heard: (value: unknown) => void = () => {};
socket.on("data", (chunk: Buffer) => {
  socket.cork();
  frames.push(chunk, (value) => heard(value));
  socket.uncork();
});

type Sizes = { readonly text: string; readonly window: number; readonly batch: number };

function tell(n: number, { text, window, batch }: Sizes): Promise<Work> {
  return new Promise((resolve) => {
    let sent = 0;
    let taken = 0;
    const pump = () => {
      while (sent < n && sent - taken < window) {
        const length = Math.min(batch, n - sent, window - (sent - taken));
        socket.write(framed(Array.from({ length }, (_, index) => [text, index])));
        sent += length;
      }
    };
    heard = (value) => {
      taken = value as number;
      if (taken === n) resolve(taken);
      else pump();
    };
    socket.write(framed(Math.max(1, window >> 2)));
    pump();
  });
}

function trip(n: number, text: string, atOnce: number): Promise<Work> {
  return new Promise((resolve) => {
    const latenciesMs: number[] = [];
    let served = 0;
    let done = 0;
    const serve = () => {
      latenciesMs[served] = performance.now();
      socket.write(framed([text, served++]));
    };
    heard = (value) => {
      const [, index] = value as [string, number];
      latenciesMs[index] = performance.now() - (latenciesMs[index] ?? 0);
      if (served < n) serve();
      if (++done === n) resolve({ done, latenciesMs });
    };
    for (let count = Math.min(atOnce, n); count > 0; count--) serve();
  });
}

const small = textOf(loads["100 B"].bytes);

export const shapes: Shapes = {
  ...Object.fromEntries(
    Object.entries(loads).flatMap(([load, { bytes, window, batches }]) =>
      batches.map((batch) => {
        const text = textOf(bytes);
        return [`tell ${load} by ${batch}`, (n: number) => tell(n, { text, window, batch })];
      }),
    ),
  ),
  ...Object.fromEntries(ballsAtOnce.map((atOnce) => [`trip ${atOnce}`, (n: number) => trip(n, small, atOnce)])),
};
