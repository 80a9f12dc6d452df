import type { Context } from "../../src/actors/context.ts";
import {
  type Ask,
  type BodyOf,
  protocolTable,
  type Reply,
  type ReplyOf,
  type Tell,
} from "../../src/actors/protocol.ts";
import type { ActorRef } from "../../src/actors/ref.ts";
import type { Spec } from "../../src/actors/spec.ts";
import { burst, receiptEvery } from "./flow.ts";

/** The actors that every shape is made of, the same on one thread, across threads and across the bridge. */

export type BenchProtocol = {
  /** Sends `n` messages to the actor at `to`, by so many actors at a time; answers how many it says have arrived. */
  send: Ask<{ readonly to: string; readonly n: number; readonly senders: number } & Flow, number>;
  /** Sends `n` messages to the actor at `to` now. */
  speak: Tell<{ readonly to: string; readonly n: number; readonly text: string }>;
  /** Plays `n` exchanges with the actor at `to`. If `timed`, answers how long each of them took, in milliseconds. */
  play: Ask<
    { readonly to: string; readonly n: number; readonly timed: boolean } & Flow,
    { readonly done: number; readonly latenciesMs?: readonly number[] }
  >;
  /** Asks the actor at `to` `n` questions; answers how many were answered. */
  quiz: Ask<{ readonly to: string; readonly n: number } & Flow, number>;
  /** What follows is from the actor at `from`: to whom balls go back, and receipts for every `receiptEvery` messages. */
  begin: Tell<{ readonly from: string; readonly receiptEvery: number }>;
  message: Tell<{ readonly text: string; readonly n: number }>;
  /** So many messages have been taken since the last time. */
  taken: Tell<{ readonly n: number }>;
  ball: Tell<{ readonly text: string; readonly n: number }>;
  question: Ask<{ readonly text: string; readonly n: number }, number>;
};

/** What each message carries, and how many may be under way. */
export type Flow = { readonly text: string; readonly atOnce: number };

export const benchTable = protocolTable<BenchProtocol>("bench", {
  send: { to: 0, n: 1, text: 2, atOnce: 3, senders: 4 },
  speak: { to: 0, n: 1, text: 2 },
  play: { to: 0, n: 1, text: 2, atOnce: 3, timed: 4 },
  quiz: { to: 0, n: 1, text: 2, atOnce: 3 },
  begin: { from: 0, receiptEvery: 1 },
  message: { text: 0, n: 1 },
  taken: { n: 0 },
  ball: { text: 0, n: 1 },
  question: { text: 0, n: 1 },
});

const longMs = 120_000;

type Player = Context<BenchProtocol>;
type PlayerRef = ActorRef<BenchProtocol>;

export const player: Spec<BenchProtocol, null> = {
  name: "player",
  protocol: benchTable,
  start(ctx) {
    const sender = new Sender(ctx);
    let rally: Rally | undefined;
    let peer: PlayerRef | undefined;
    let every = receiptEvery;
    let taken = 0;
    return {
      send: (order, reply) => sender.start(order, reply),
      speak: ({ to, n, text }) => speak(ctx.ref(to), n, text),
      taken: ({ n }) => sender.taken(n),
      begin: ({ from, receiptEvery }) => {
        peer = ctx.ref(from);
        every = receiptEvery;
        taken = 0;
      },
      message: () => {
        if (++taken % every === 0) peer?.tell("taken", { n: every });
      },
      play: (order, reply) => {
        rally = new Rally(ctx, order, (result) => {
          rally = undefined;
          reply(result);
        });
        rally.start();
      },
      ball: ({ text, n }) => {
        if (rally === undefined) peer?.tell("ball", { text, n });
        else rally.returned(n);
      },
      quiz: (order, reply) => quiz(ctx, order, reply),
      question: ({ n }, reply) => reply(n + 1),
    };
  },
};

function speak(to: PlayerRef, n: number, text: string): void {
  for (let index = 0; index < n; index++) to.tell("message", { text, n: index });
}

/** Keeps a window of messages under way until all have been acknowledged. */
class Sender {
  readonly #ctx: Player;
  readonly #voices: PlayerRef[] = [];
  #run:
    | { readonly to: PlayerRef; readonly order: BodyOf<BenchProtocol["send"]>; readonly done: Reply<number> }
    | undefined;
  #left = 0;
  #window = 0;
  #arrived = 0;

  constructor(ctx: Player) {
    this.#ctx = ctx;
  }

  start(order: BodyOf<BenchProtocol["send"]>, done: Reply<number>): void {
    const to = this.#ctx.ref<BenchProtocol>(order.to);
    while (order.senders > 1 && this.#voices.length < order.senders) this.#voices.push(this.#ctx.spawn(player, null));
    to.tell("begin", { from: this.#ctx.self.address, receiptEvery: Math.max(1, order.atOnce >> 2) });
    this.#run = { to, order, done };
    this.#left = order.n;
    this.#window = order.atOnce;
    this.#arrived = 0;
    this.#pump();
  }

  taken(n: number): void {
    if (this.#run === undefined) return;
    this.#window += n;
    this.#arrived += n;
    if (this.#arrived < this.#run.order.n) return this.#pump();
    this.#run.done(this.#arrived);
    this.#run = undefined;
  }

  #pump(): void {
    if (this.#run === undefined) return;
    const { to, order } = this.#run;
    const now = Math.min(burst, this.#left, this.#window);
    if (order.senders === 1) speak(to, now, order.text);
    else this.#spread(order, now);
    this.#left -= now;
    this.#window -= now;
    if (this.#left > 0 && this.#window > 0) this.#ctx.self.tell("taken", { n: 0 });
  }

  #spread({ to, text, senders }: BodyOf<BenchProtocol["send"]>, messages: number): void {
    for (let index = 0; index < senders; index++) {
      const n = Math.floor((messages * (index + 1)) / senders) - Math.floor((messages * index) / senders);
      if (n > 0) this.#voices[index]?.tell("speak", { to, n, text });
    }
  }
}

/** Keeps so many balls in play until each exchange has happened. */
class Rally {
  readonly #ctx: Player;
  readonly #to: PlayerRef;
  readonly #order: BodyOf<BenchProtocol["play"]>;
  readonly #over: Reply<ReplyOf<BenchProtocol["play"]>>;
  /** Of each exchange when it began, and once it is over how long it took. */
  readonly #latenciesMs: number[] = [];
  #served = 0;
  #done = 0;

  constructor(ctx: Player, order: BodyOf<BenchProtocol["play"]>, over: Reply<ReplyOf<BenchProtocol["play"]>>) {
    this.#ctx = ctx;
    this.#to = ctx.ref(order.to);
    this.#order = order;
    this.#over = over;
  }

  start(): void {
    const { n, atOnce } = this.#order;
    this.#to.tell("begin", { from: this.#ctx.self.address, receiptEvery });
    for (let count = Math.min(atOnce, n); count > 0; count--) this.#serve();
  }

  returned(index: number): void {
    const { n, timed } = this.#order;
    if (timed) this.#latenciesMs[index] = this.#ctx.clock.now() - (this.#latenciesMs[index] ?? 0);
    if (this.#served < n) this.#serve();
    if (++this.#done < n) return;
    this.#over(timed ? { done: n, latenciesMs: this.#latenciesMs } : { done: n });
  }

  #serve(): void {
    const n = this.#served++;
    if (this.#order.timed) this.#latenciesMs[n] = this.#ctx.clock.now();
    this.#to.tell("ball", { text: this.#order.text, n });
  }
}

/** Keeps so many questions open until each has been answered. */
function quiz(ctx: Player, { to, n, text, atOnce }: BodyOf<BenchProtocol["quiz"]>, reply: Reply<number>): void {
  const target = ctx.ref<BenchProtocol>(to);
  let asked = 0;
  let answered = 0;
  const next = () => {
    if (asked++ >= n) return;
    ctx.ask(
      target,
      "question",
      { text, n: asked },
      {
        timeoutMs: longMs,
        settled: (outcome) => {
          if (outcome.ok) answered++;
          if (answered === n) reply(answered);
          else next();
        },
      },
    );
  };
  for (let count = atOnce; count > 0; count--) next();
}
