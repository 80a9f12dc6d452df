/**
 * What runs on a pool thread: it loads the module of a function task and calls one export. Failures of the task are
 * answers, so that whatever makes the call itself reject is a matter of the thread.
 */

import { inspect } from "node:util";
import { threadId } from "node:worker_threads";
import type { WireValue } from "../actors/wire-value.ts";
import type { FunctionCall } from "../actors/world.ts";
import { plainDataFault } from "./plain-data.ts";

type PoolCall = {
  readonly url: string;
  /** The module as the caller named it, for messages. */
  readonly module: string;
  readonly export: string;
  readonly args: FunctionCall["args"];
  readonly context: FunctionCall["context"];
};

type PoolAnswer =
  | { readonly kind: "returned"; readonly value: WireValue; readonly worker: string }
  | { readonly kind: "threw"; readonly message: string };

const messageBytesMax = 8_192;
const resultBytesMax = 1_048_576;

/** Piscina calls this by its name. */
export async function run(call: PoolCall): Promise<PoolAnswer> {
  const task = await load(call);
  if (typeof task === "string") return threw(task);
  try {
    const value = (await task(call.args, call.context)) ?? null;
    const fault = plainDataFault(value, resultBytesMax);
    if (fault !== undefined) return threw(`${call.export} of ${call.module} returned what cannot be sent: ${fault}`);
    return { kind: "returned", value: value as WireValue, worker: `${process.pid}/${threadId}` };
  } catch (error) {
    return threw(describe(error));
  }
}

type Task = (args: FunctionCall["args"], context: FunctionCall["context"]) => unknown;

/** The function, or why there is none. */
async function load(call: PoolCall): Promise<Task | string> {
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = await import(call.url);
  } catch (error) {
    return `cannot load module ${call.module}: ${describe(error)}`;
  }
  const found = loaded[call.export];
  if (typeof found === "function") return found as Task;
  const callable = Object.keys(loaded).filter((name) => typeof loaded[name] === "function");
  return `module ${call.module} exports no function ${call.export}; it has: ${callable.join(", ") || "none"}`;
}

function threw(message: string): PoolAnswer {
  const bytes = Buffer.from(message);
  if (bytes.byteLength <= messageBytesMax) return { kind: "threw", message };
  return { kind: "threw", message: `${bytes.subarray(0, messageBytesMax - 4).toString()}…` };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : inspect(error, { depth: 1 });
}
