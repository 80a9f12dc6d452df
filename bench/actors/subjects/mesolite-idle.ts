import { setTimeout as pause } from "node:timers/promises";
import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { protocolTable } from "../../../src/actors/protocol.ts";
import type { Spec } from "../../../src/actors/spec.ts";
import { hostMain } from "../../../src/runtime/system-host.ts";
import { given, type Shapes } from "../../kit.ts";

/** Actors that wait for a timer each and for nothing else. A step is a millisecond in which they do so. */

const { actors, everyMs, spreadMs } = given<IdleGift>();

/** `spreadMs`: over which the first wakings are spread, so that not all actors wake at once. */
export type IdleGift = { readonly actors: number; readonly everyMs: number; readonly spreadMs: number };

type SleeperProtocol = Record<never, never>;
const table = protocolTable<SleeperProtocol>("sleeper", {});
const settleMs = 1_000;
let woken = 0;

const sleeper: Spec<SleeperProtocol, { readonly phaseMs: number }> = {
  name: "sleeper",
  protocol: table,
  start(ctx, { phaseMs }) {
    const wake = () => {
      woken++;
    };
    ctx.after("phase", phaseMs, () => {
      wake();
      ctx.every("wake", everyMs, wake);
    });
    return {};
  },
};

const { system } = hostMain({ kinds: new KindTable([table]), node: "bench", epoch: 1, log: () => {}, keepAlive: true });
for (let index = 0; index < actors; index++) system.spawn(sleeper, { phaseMs: (spreadMs * index) / actors });
await pause(settleMs);

export const shapes: Shapes = {
  async idle(n) {
    const before = woken;
    const began = performance.now();
    await pause(n);
    const dueTimes = spreadMs === 0 ? 0 : ((performance.now() - began) / everyMs) * actors;
    if (Math.abs(woken - before - dueTimes) > dueTimes / 5) throw new Error(`${woken - before} timers fired`);
    return n;
  },
};
