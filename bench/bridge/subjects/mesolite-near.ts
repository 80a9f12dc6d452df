import { nameAddress } from "../../../src/actors/address.ts";
import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { hostMain } from "../../../src/runtime/system-host.ts";
import { BridgeTransport } from "../../../src/runtime/transport.ts";
import { type BenchProtocol, benchTable, player } from "../../actors/behaviours.ts";
import { Match } from "../../actors/match.ts";
import { textOf } from "../../actors/payloads.ts";
import { given, type Shapes } from "../../kit.ts";
import { ballsAtOnce, crowd, loads } from "../flow.ts";
import { complaints, linkOptions } from "../link.ts";

/** A player that has dialled the one at the far end. */

const { far } = given<{ readonly far: { readonly endpoint: string } }>();
const { system } = hostMain({
  kinds: new KindTable([benchTable]),
  node: "near",
  epoch: 1,
  log: complaints,
  keepAlive: true,
  equip: (seat) => ({ transport: new BridgeTransport(seat, { log: complaints, ...linkOptions("near") }) }),
});
const place = await new Promise<string>((resolve, reject) =>
  system.links.dial(far.endpoint, resolve, (reason) => reject(new Error(reason))),
);
const self = system.spawn(player, null, { name: "player", exported: true });
const match = new Match(system, self, nameAddress<BenchProtocol>(place, "player"));
const { bytes, window } = loads["100 B"];
const small = textOf(bytes);

export const shapes: Shapes = {
  crowd: (n) => match.send(n, { text: small, atOnce: window, senders: crowd }),
  ...Object.fromEntries(
    Object.entries(loads).map(([load, { bytes, window }]) => {
      const text = textOf(bytes);
      return [`tell ${load}`, (n: number) => match.send(n, { text, atOnce: window })];
    }),
  ),
  ...Object.fromEntries(
    ballsAtOnce.map((atOnce) => [`trip ${atOnce}`, (n: number) => match.play(n, { text: small, atOnce, timed: true })]),
  ),
};
