import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { hostMain } from "../../../src/runtime/system-host.ts";
import type { Shapes } from "../../kit.ts";
import { benchTable, player } from "../behaviours.ts";
import { questionsMax, windowMax } from "../flow.ts";
import { Match } from "../match.ts";

/** Two actors on one thread, full semantics: outbox, bounded mailbox, deadlines, the event loop between turns. */

const kinds = new KindTable([benchTable]);
const { system } = hostMain({ kinds, node: "bench", epoch: 1, log: () => {}, keepAlive: true });
const match = new Match(system, system.spawn(player, null), system.spawn(player, null).address);
const text = "x";

export const shapes: Shapes = {
  tell: (n) => match.send(n, { text, atOnce: windowMax }),
  pingPong: (n) => match.play(n, { text, atOnce: 1 }),
  ask: (n) => match.quiz(n, { text, atOnce: questionsMax }),
};
