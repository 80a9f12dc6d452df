import { type Ask, protocolTable, type Tell } from "../../src/actors/protocol.ts";
import type { Spec } from "../../src/actors/spec.ts";

/** The actors that every shape is made of, the same on one thread, across threads and across the bridge. */

export type BenchProtocol = {
  /** Sends `n` messages to the actor at `to`; answers how many have arrived. */
  send: Ask<{ readonly to: string; readonly n: number }, number>;
  /** Plays `n` exchanges with the actor at `to`; answers how many came back. */
  play: Ask<{ readonly to: string; readonly n: number }, number>;
  /** Asks the actor at `to` `n` questions, 64 at a time; answers how many were answered. */
  quiz: Ask<{ readonly to: string; readonly n: number }, number>;
  message: Tell<{ readonly from: string; readonly text: string; readonly n: number }>;
  /** So many messages have been taken since the last time. */
  taken: Tell<{ readonly n: number }>;
  ball: Tell<{ readonly from: string; readonly n: number }>;
  question: Ask<{ readonly n: number }, number>;
};

export const benchTable = protocolTable<BenchProtocol>("bench", {
  send: { to: 0, n: 1 },
  play: { to: 0, n: 1 },
  quiz: { to: 0, n: 1 },
  message: { from: 0, text: 1, n: 2 },
  taken: { n: 0 },
  ball: { from: 0, n: 1 },
  question: { n: 0 },
});

/** Messages that may be under way: the mailbox is bounded, so a sender that outruns its receiver would be refused. */
const windowMax = 4_096;
const receiptEvery = 1_024;
/** Messages per turn of the sender. */
const burst = 256;
const quizAtOnce = 64;
const longMs = 120_000;

export const player: Spec<BenchProtocol, { readonly text: string }> = {
  name: "player",
  protocol: benchTable,
  start(ctx, { text }) {
    const self = ctx.self.address;
    let sending:
      | { to: string; left: number; window: number; arrived: number; n: number; done: (n: number) => void }
      | undefined;
    let playing: { n: number; done: (n: number) => void } | undefined;
    let taken = 0;
    const pump = () => {
      if (sending === undefined) return;
      const target = ctx.ref<BenchProtocol>(sending.to);
      const now = Math.min(burst, sending.left, sending.window);
      for (let index = 0; index < now; index++) target.tell("message", { from: self, text, n: index });
      sending.left -= now;
      sending.window -= now;
      if (sending.left > 0 && sending.window > 0) ctx.self.tell("taken", { n: 0 });
    };
    return {
      send: ({ to, n }, reply) => {
        sending = { to, left: n, window: windowMax, arrived: 0, n, done: reply };
        pump();
      },
      message: ({ from }) => {
        taken++;
        if (taken % receiptEvery === 0) ctx.ref<BenchProtocol>(from).tell("taken", { n: receiptEvery });
      },
      taken: ({ n }) => {
        if (sending === undefined) return;
        sending.window += n;
        sending.arrived += n;
        if (sending.arrived < sending.n) return pump();
        sending.done(sending.arrived);
        sending = undefined;
      },
      play: ({ to, n }, reply) => {
        playing = { n, done: reply };
        ctx.ref<BenchProtocol>(to).tell("ball", { from: self, n });
      },
      ball: ({ from, n }) => {
        if (playing === undefined) return ctx.ref<BenchProtocol>(from).tell("ball", { from: self, n });
        if (n > 1) return ctx.ref<BenchProtocol>(from).tell("ball", { from: self, n: n - 1 });
        playing.done(playing.n);
        playing = undefined;
      },
      quiz: ({ to, n }, reply) => {
        const target = ctx.ref<BenchProtocol>(to);
        let asked = 0;
        let answered = 0;
        const next = () => {
          if (asked++ >= n) return;
          ctx.ask(
            target,
            "question",
            { n: asked },
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
        for (let index = 0; index < quizAtOnce; index++) next();
      },
      question: ({ n }, reply) => reply(n + 1),
    };
  },
};
