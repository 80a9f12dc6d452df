import { nameAddress, placeText } from "../../../src/actors/address.ts";
import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { sibling } from "../../../src/runtime/sibling.ts";
import { hostMain } from "../../../src/runtime/system-host.ts";
import { Threads } from "../../../src/runtime/threads.ts";
import type { Shapes } from "../../kit.ts";
import { type BenchProtocol, benchTable, player } from "../behaviours.ts";
import { windowMax } from "../flow.ts";
import { Match } from "../match.ts";
import { smallText as text } from "../payloads.ts";

/** An actor on the main thread and one on a worker thread. */

const kinds = new KindTable([benchTable]);
const { system } = hostMain({ kinds, node: "bench", epoch: 1, log: () => {}, keepAlive: true });
const entry = sibling("../echo-thread", import.meta.url);
const threads = new Threads({ entry, node: "bench", epoch: 1, main: system, onExit: () => process.exit(70) });
const place = await threads.start("echo", { roots: [], options: null });
const far = nameAddress<BenchProtocol>(placeText(place), "player");
const match = new Match(system, system.spawn(player, null), far);

export const shapes: Shapes = {
  crossThreadTell: (n) => match.send(n, { text, atOnce: windowMax }),
  crossThreadRoundTrip: (n) => match.play(n, { text, atOnce: 1, timed: true }),
  crossThreadAsk: (n) => match.quiz(n, { text, atOnce: 1 }),
};
