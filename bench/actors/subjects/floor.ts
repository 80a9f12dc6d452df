import { RingBuffer } from "../../../src/base/ring-buffer.ts";
import type { Shapes } from "../../kit.ts";
import { burst, receiptEvery, windowMax } from "../flow.ts";

/**
 * The bare loop: actors as a queue and a function, a queue of those that have something to do, and nothing else. No
 * outbox, bound, deadline, supervision or event loop.
 */

type Body = { readonly n: number };
type Handler = (body: Body) => void;

class BareActor {
  readonly queue = new RingBuffer<Body>();
  readonly handler: Handler;
  scheduled = false;

  constructor(handler: Handler) {
    this.handler = handler;
  }
}

const ready = new RingBuffer<BareActor>();
const quantum = 32;

function send(to: BareActor, body: Body): void {
  to.queue.push(body);
  if (to.scheduled) return;
  to.scheduled = true;
  ready.push(to);
}

function run(): void {
  for (let actor = ready.shift(); actor !== undefined; actor = ready.shift()) {
    actor.scheduled = false;
    for (let count = 0; count < quantum && actor.queue.length > 0; count++) actor.handler(actor.queue.shift() as Body);
    if (actor.queue.length === 0) continue;
    actor.scheduled = true;
    ready.push(actor);
  }
}

export const shapes: Shapes = {
  tell(n) {
    let seen = 0;
    let left = n;
    let window = windowMax;
    const counter: BareActor = new BareActor(() => {
      if (++seen % receiptEvery === 0) send(producer, { n: receiptEvery });
    });
    const producer = new BareActor(({ n: taken }) => {
      window += taken;
      const now = Math.min(burst, left, window);
      for (let index = 0; index < now; index++) send(counter, { n: index });
      left -= now;
      window -= now;
      if (left > 0 && window > 0) send(producer, { n: 0 });
    });
    send(producer, { n: 0 });
    run();
    return seen;
  },
  pingPong(n) {
    let seen = 0;
    const one = new BareActor(({ n: left }) => {
      seen++;
      if (left > 1) send(two, { n: left - 1 });
    });
    const two: BareActor = new BareActor(({ n: left }) => send(one, { n: left }));
    send(two, { n });
    run();
    return seen;
  },
};
