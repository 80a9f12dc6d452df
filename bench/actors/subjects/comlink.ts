import { MessageChannel, Worker } from "node:worker_threads";
import comlink from "comlink";
import { sibling } from "../../../src/runtime/sibling.ts";
import type { Shapes } from "../../kit.ts";
import { callShapes } from "../calls.ts";
import type { CallFacade } from "../comlink-thread.ts";

/** comlink: a proxy for an object on another thread; each call is one message there and one back. */

const { port1, port2 } = new MessageChannel();
new Worker(sibling("../comlink-thread", import.meta.url), { workerData: { facade: port2 }, transferList: [port2] });
const facade = comlink.wrap<CallFacade>(port1);

export const shapes: Shapes = callShapes({
  message: (body) => facade.message(body),
  question: (body) => facade.question(body),
});
