/** The entry of worker threads that laws run on. */

import { type MessagePort, parentPort } from "node:worker_threads";
import type { Place } from "../../src/actors/address.ts";
import type { Log } from "../../src/actors/world.ts";
import { linkPort } from "../../src/runtime/port-link.ts";
import { hostThread } from "../../src/runtime/thread-host.ts";
import { lawKinds } from "./actors.ts";
import { furnish } from "./inside.ts";
import { answering } from "./remote-calls.ts";

let log: Log = () => {};

hostThread({
  kinds: lawKinds,
  equip: () => ({ log: (...line) => log(...line) }),
  assemble(system) {
    const { site, calls } = furnish(system);
    log = (level, from, message) => site.logged(level, from, message);
    const more = {
      shutDown: () => system.shutdown(),
      connect: (peer: Place, port: MessagePort) => linkPort(system, peer, port),
      standStill: (flag: Int32Array) => {
        // After the answer has left.
        setImmediate(() => Atomics.wait(flag, 0, 0));
      },
    };
    const answer = answering({ ...calls, ...more }, (response) => parentPort?.postMessage(response));
    parentPort?.on("message", answer);
    parentPort?.unref();
    parentPort?.postMessage(system.place);
    return {};
  },
});
