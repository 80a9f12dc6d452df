import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { hostMain } from "../../../src/runtime/system-host.ts";
import type { Shapes } from "../../kit.ts";
import { type BenchProtocol, benchTable, player } from "../behaviours.ts";

/** Two actors on one thread, full semantics: outbox, bounded mailbox, deadlines, the event loop between turns. */

const { system } = hostMain({
  kinds: new KindTable([benchTable]),
  node: "bench",
  epoch: 1,
  log: () => {},
  keepAlive: true,
});
const one = system.spawn(player, { text: "x" });
const two = system.spawn(player, { text: "x" });
const longMs = 120_000;

async function play(kind: "send" | "play" | "quiz", n: number): Promise<number> {
  const outcome = await system.question<BenchProtocol, typeof kind>(one, kind, { to: two.address, n }, longMs);
  if (system.asks.size > 0) throw new Error(`${system.asks.size} questions are left over`);
  return outcome.ok ? outcome.value : -1;
}

export const shapes: Shapes = {
  tell: (n) => play("send", n),
  pingPong: (n) => play("play", n),
  ask: (n) => play("quiz", n),
};
