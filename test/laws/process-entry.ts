/** The entry of processes that laws run in; the arguments are its node and its epoch. */

import type { Log } from "../../src/actors/world.ts";
import { BridgeListener } from "../../src/runtime/bridge.ts";
import { hostMain } from "../../src/runtime/system-host.ts";
import { BridgeTransport } from "../../src/runtime/transport.ts";
import { lawKinds } from "./actors.ts";
import { furnish } from "./inside.ts";
import { lawLimits } from "./link-limits.ts";
import { answering } from "./remote-calls.ts";

const [node = "", epoch = ""] = process.argv.slice(2);
let log: Log = () => {};
const forward: Log = (...line) => log(...line);

const hosted = hostMain({
  kinds: lawKinds,
  node,
  epoch: Number(epoch),
  log: forward,
  equip: (seat) => ({ transport: new BridgeTransport(seat, { log: forward, limits: lawLimits }) }),
  rootDown: (_path, reason) => {
    if (typeof reason === "object") process.exit(70);
  },
});
const { system } = hosted;
const { site, calls } = furnish(system);
log = (level, from, message) => site.logged(level, from, message);
const listener = await BridgeListener.listen(system, { kinds: lawKinds, port: 0, limits: lawLimits });

const more = {
  shutDown: async () => {
    await hosted.close();
    await listener.close();
  },
  dial: (endpoint: string) => new Promise((resolve) => system.links.dial(endpoint, () => resolve("up"), resolve)),
};
process.on("message", answering({ ...calls, ...more }, (response) => process.send?.(response)) as never);
process.once("disconnect", () => process.exit());
process.send?.({ place: system.place, port: listener.port });
