import { RingBuffer } from "../../../src/base/ring-buffer.ts";
import type { Shapes } from "../../kit.ts";
import { burst, receiptEvery, windowMax } from "../flow.ts";

/**
 * The bare loop: an actor is a queue and a handler for each kind of message, there is a queue of those that have
 * something to do, and nothing else. No outbox, bound, deadline, supervision or event loop. Messages say what they are
 * and carry the same body as everywhere.
 */

type Body = { readonly text: string; readonly n: number };
type Message = { readonly kind: string; readonly body: Body };
type Handlers = Readonly<Record<string, (body: Body) => void>>;

class BareActor {
  readonly queue = new RingBuffer<Message>();
  readonly handlers: Handlers;
  scheduled = false;

  constructor(handlers: Handlers) {
    this.handlers = handlers;
  }
}

const ready = new RingBuffer<BareActor>();
const quantum = 32;
const text = "x";

function send(to: BareActor, kind: string, body: Body): void {
  to.queue.push({ kind, body });
  if (to.scheduled) return;
  to.scheduled = true;
  ready.push(to);
}

function run(): void {
  for (let actor = ready.shift(); actor !== undefined; actor = ready.shift()) {
    actor.scheduled = false;
    for (let count = 0; count < quantum && actor.queue.length > 0; count++) {
      const { kind, body } = actor.queue.shift() as Message;
      actor.handlers[kind]?.(body);
    }
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
    const counter: BareActor = new BareActor({
      message: () => {
        if (++seen % receiptEvery === 0) send(producer, "taken", { text, n: receiptEvery });
      },
    });
    const producer = new BareActor({
      taken: ({ n: taken }) => {
        window += taken;
        const now = Math.min(burst, left, window);
        for (let index = 0; index < now; index++) send(counter, "message", { text, n: index });
        left -= now;
        window -= now;
        if (left > 0 && window > 0) send(producer, "taken", { text, n: 0 });
      },
    });
    send(producer, "taken", { text, n: 0 });
    run();
    return seen;
  },
  pingPong(n) {
    let seen = 0;
    const one = new BareActor({
      ball: ({ n: left }) => {
        seen++;
        if (left > 1) send(two, "ball", { text, n: left - 1 });
      },
    });
    const two: BareActor = new BareActor({ ball: ({ n: left }) => send(one, "ball", { text, n: left }) });
    send(two, "ball", { text, n });
    run();
    return seen;
  },
};
