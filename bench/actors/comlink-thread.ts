/** The other thread of comlink. */

import { type MessagePort, workerData } from "node:worker_threads";
import comlink from "comlink";
import { message, question } from "./call-thread.ts";

export type CallFacade = { readonly message: typeof message; readonly question: typeof question };

const { facade } = workerData as { readonly facade: MessagePort };
comlink.expose({ message, question } satisfies CallFacade, facade);
