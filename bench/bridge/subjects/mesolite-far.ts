import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KindTable } from "../../../src/actors/link/kind-table.ts";
import { BridgeListener } from "../../../src/runtime/bridge.ts";
import { hostMain } from "../../../src/runtime/system-host.ts";
import { benchTable, player } from "../../actors/behaviours.ts";
import type { Shapes } from "../../kit.ts";
import { complaints, linkOptions } from "../link.ts";

/** A player that other hosts can reach, on the thread that has the bridge's sockets. */

const kinds = new KindTable([benchTable]);
const { system } = hostMain({ kinds, node: "far", epoch: 1, log: complaints, keepAlive: true });
system.spawn(player, null, { name: "player", exported: true });
const { port } = await BridgeListener.listen(system, { kinds, port: 0, ...linkOptions("far") });

// As a master's gateway does, this says where the bridge is.
const directions = createServer((_, response) => response.end(JSON.stringify({ host: "127.0.0.1", port })));
await once(directions.listen(0, "127.0.0.1"), "listening");

export const facts = { endpoint: `127.0.0.1:${(directions.address() as AddressInfo).port}` };
export const shapes: Shapes = {};
