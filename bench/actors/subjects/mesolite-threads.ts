import { nameAddress, placeText } from "../../../src/actors/address.ts";
import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { sibling } from "../../../src/runtime/sibling.ts";
import { hostMain } from "../../../src/runtime/system-host.ts";
import { Threads } from "../../../src/runtime/threads.ts";
import type { Shapes } from "../../kit.ts";
import { type BenchProtocol, benchTable, player } from "../behaviours.ts";
import { smallText } from "../payloads.ts";

/** An actor on the main thread and one on a worker thread. */

const kinds = new KindTable([benchTable]);
const { system } = hostMain({ kinds, node: "bench", epoch: 1, log: () => {}, keepAlive: true });
const entry = sibling("../echo-thread", import.meta.url);
const threads = new Threads({ entry, node: "bench", epoch: 1, main: system, onExit: () => process.exit(70) });
const place = await threads.start("echo", { roots: [], options: null });
const far = nameAddress<BenchProtocol>(placeText(place), "player");
const near = system.spawn(player, { text: smallText });
const longMs = 120_000;

async function play(kind: "send" | "play" | "quiz", n: number): Promise<number> {
  const outcome = await system.question<BenchProtocol, typeof kind>(near, kind, { to: far, n }, longMs);
  return outcome.ok ? outcome.value : -1;
}

export const shapes: Shapes = {
  crossThreadTell: (n) => play("send", n),
  crossThreadRoundTrip: (n) => play("play", n),
};
