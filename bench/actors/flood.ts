import type { Reply } from "../../src/actors/protocol.ts";
import { type Ask, protocolTable, type Tell } from "../../src/actors/protocol.ts";
import type { Spec } from "../../src/actors/spec.ts";

/** An actor with more in its mailbox than it can ever read, and one that wants it to stop. */

export type FloodProtocol = {
  /** Sends a new actor `n` messages and then stops it; answers what became of them, and when the end was heard of. */
  flood: Ask<{ readonly n: number }, { readonly taken: number; readonly latencyMs: number }>;
  /** The messages of the turn before wait in their mailbox now. */
  flooded: Tell<Record<never, never>>;
  halt: Tell<{ readonly askedMs: number }>;
};

type VictimProtocol = { message: Tell<{ readonly text: string; readonly n: number }> };

export const floodTable = protocolTable<FloodProtocol>("flood", { flood: { n: 0 }, flooded: {}, halt: { askedMs: 0 } });
const victimTable = protocolTable<VictimProtocol>("victim", { message: { text: 0, n: 1 } });

const victim: Spec<VictimProtocol, { readonly taken: (n: number) => void }> = {
  name: "victim",
  protocol: victimTable,
  mailboxMax: { unbounded: "its end is what is measured" },
  start(_ctx, { taken }) {
    let count = 0;
    return {
      message: () => {
        count++;
      },
      onStop: () => taken(count),
    };
  },
};

export const watcher: Spec<FloodProtocol, null> = {
  name: "watcher",
  protocol: floodTable,
  start(ctx) {
    let halt: (askedMs: number) => void = () => {};
    const flood = (n: number, reply: Reply<{ readonly taken: number; readonly latencyMs: number }>) => {
      let taken = 0;
      const target = ctx.spawn(victim, {
        taken: (count) => {
          taken = count;
        },
      });
      let stoppedMs = 0;
      ctx.watch(target, () => reply({ taken, latencyMs: ctx.clock.now() - stoppedMs }));
      for (let index = 0; index < n; index++) target.tell("message", { text: "x", n: index });
      halt = (askedMs) => {
        stoppedMs = askedMs;
        ctx.stop(target);
      };
      ctx.self.tell("flooded", {});
    };
    return {
      flood: ({ n }, reply) => flood(n, reply),
      flooded: () => ctx.self.tell("halt", { askedMs: ctx.clock.now() }),
      halt: ({ askedMs }) => halt(askedMs),
    };
  },
};
