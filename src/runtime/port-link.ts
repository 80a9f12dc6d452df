import type { MessagePort } from "node:worker_threads";
import type { Place } from "../actors/address.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { WireValue } from "../actors/wire-value.ts";

/**
 * Joins this thread to another of the same process: a link over a port of its own. Each batch is one message: its
 * values, cloned by the port, when it is small, else packed in a buffer that changes hands. Node delivers all that waits on a port before it does anything else; the link's credit bounds
 * how much that can be. The port closes when either thread ends, and the link with it.
 *
 * A link keeps no thread alive: a worker lives by its facade's port, and the main thread by its workers.
 */
export function linkPort(system: ActorSystem, peer: Place, port: MessagePort): void {
  const end = system.links.open(peer, {
    crossesHosts: false,
    send: (batch) => {
      const own = new Uint8Array(batch);
      port.postMessage(own, [own.buffer]);
    },
    sendPlain: (values) => port.postMessage(values),
    close: () => port.close(),
  });
  port.once("close", () => end.closed(`thread ${peer.thread} has ended`));
  port.on("message", (batch: Uint8Array | readonly WireValue[]) =>
    end.takeIn(() => (batch instanceof Uint8Array ? end.receive(batch) : end.receivePlain(batch))),
  );
  port.unref();
}
