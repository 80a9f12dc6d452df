/** The other thread of the raw ports: answers, counts clones, or unpacks batches, as it is told. */

import { type MessagePort, workerData } from "node:worker_threads";
import { Unpackr } from "msgpackr";
import { receiptEvery } from "./flow.ts";

const { port } = workerData as { readonly port: MessagePort };
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });
let taken = 0;

port.on("message", (message: { readonly ball?: number } | Uint8Array) => {
  if (message instanceof Uint8Array) {
    taken += (unpackr.unpack(message) as unknown[]).length;
    port.postMessage({ taken });
  } else if (message.ball !== undefined) port.postMessage(message);
  else if (++taken % receiptEvery === 0) port.postMessage({ taken });
});
