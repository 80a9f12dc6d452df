import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { hostMain } from "../../../src/runtime/system-host.ts";
import type { Shapes } from "../../kit.ts";
import { type FloodProtocol, floodTable, watcher } from "../flood.ts";

/** How soon an actor stops that has a mailbox full of messages: each of them becomes a dead letter first. */

const kinds = new KindTable([floodTable]);
const { system } = hostMain({ kinds, node: "bench", epoch: 1, log: () => {}, keepAlive: true });
const asker = system.spawn(watcher, null);
const longMs = 60_000;

export const shapes: Shapes = {
  async controlLane(n) {
    const before = system.deadLetters.counts.get("stopped") ?? 0;
    const outcome = await system.question<FloodProtocol, "flood">(asker, "flood", { n }, longMs);
    if (!outcome.ok) throw new Error(`no word of the end: ${outcome.code}`);
    const { taken, latencyMs } = outcome.value;
    const dead = (system.deadLetters.counts.get("stopped") ?? 0) - before;
    // Most of them must have been waiting, or the mailbox was not full.
    if (dead < n / 2) throw new Error(`only ${dead} of ${n} messages were waiting`);
    return { done: taken + dead, latenciesMs: [latencyMs] };
  },
};
