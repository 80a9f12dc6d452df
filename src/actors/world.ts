import type { Place } from "./address.ts";
import type { WireValue } from "./wire-value.ts";

/**
 * Everything a system of actors asks of the outside. It has two homes of the same shape: `runtime/` (this machine)
 * and `sim/` (a seed). Nothing above can tell which one it has. Callbacks are called from outside any actor's turn;
 * an actor passes ones that do nothing but tell itself what happened.
 */
export type World = {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly log: Log;
  readonly transport: Transport;
  readonly processes: Processes;
  readonly pool: TaskPool;
};

export type Clock = {
  /** Monotonic milliseconds since the node booted; the only source for decisions. */
  now(): number;
  /** Unix milliseconds, for records and logs only. */
  wall(): number;
  /** Runs the task after the delay (any length, at least 0 ms), in arming order among equals. */
  arm(delayMs: number, task: () => void): Timer;
  /** Afterwards the task will not run. */
  disarm(timer: Timer): void;
};

export type Timer = { readonly dueMs: number };

export type Random = {
  /** A number in [0, 1). */
  unit(): number;
  /** An integer in [0, below). */
  int(below: number): number;
};

export type Ids = {
  /** A fresh identifier of url-safe characters, 21 long in production. */
  next(): string;
};

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One structured line: who speaks (an actor path), a sentence, and facts. */
export type Log = (level: LogLevel, from: string, message: string, facts?: Readonly<Record<string, unknown>>) => void;

export type Transport = {
  /**
   * Tries once to reach an endpoint: `thread:NAME` (a thread of this process) or `HOST:PORT` (the HTTP address of
   * another node, which tells its bridge). Calls exactly one of the two; `opened` hands over what arrives later.
   */
  dial(endpoint: string, opened: LinkOpened, failed: (reason: string) => void): void;
};

/** A new link to a place, and the way to write to it; answers with the receiving end. */
export type LinkOpened = (peer: Place, channel: Channel) => LinkEnd;

export type Channel = {
  /** Bytes in front of each batch that the channel fills before it sends it. Default 0. */
  readonly headBytes?: number;
  /** Sends one batch with its head. It is part of a larger buffer; nobody writes to it afterwards but the channel. */
  send(batch: Uint8Array): void;
  /** Sends the values of a small batch without packing them. Absent where the channel does not clone what it carries. */
  sendPlain?(values: readonly WireValue[]): void;
  close(reason: string): void;
  /** True between processes: only exported names are reachable from the other side. */
  readonly crossesHosts: boolean;
  /** Which end made the connection; absent where two nodes cannot dial one another at the same time. */
  readonly dialled?: "here" | "there";
};

export type LinkEnd = {
  /** Takes in what several calls of the others bring, and runs the turn that it causes at once. */
  takeIn(arrivals: () => void): void;
  receive(batch: Uint8Array): void;
  /** What `sendPlain` sent. */
  receivePlain(values: readonly WireValue[]): void;
  closed(reason: string): void;
};

export type ProcessCommand = {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Created when absent; becomes the working directory. */
  readonly directory: string;
  /** File names inside the directory. */
  readonly stdout: string;
  readonly stderr: string;
};

export type ProcessExit =
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "signalled"; readonly signal: string };

export type Processes = {
  /** Starts a process in a group of its own. Calls `started` or `failed`, and after `started` exactly one `exited`. */
  start(command: ProcessCommand, on: ProcessEvents): void;
  /** Signals the whole group. Unknown or finished pids are ignored. */
  signal(pid: number, signal: "SIGTERM" | "SIGKILL"): void;
  /** Kills every process that has these variables: what an earlier life of ours started and could not end. */
  endStrays(environment: Readonly<Record<string, string>>): void;
};

export type ProcessEvents = {
  started(pid: number): void;
  failed(reason: string): void;
  exited(exit: ProcessExit): void;
};

export type FunctionCall = {
  /** `mesolite:NAME` for a bundled module, else the path or file URL of a module on the slave's machine. */
  readonly module: string;
  readonly export: string;
  readonly args: WireValue;
  readonly context: { readonly taskId: string; readonly slaveId: string; readonly directory: string };
};

export type FunctionOutcome =
  | { readonly kind: "returned"; readonly value: WireValue; readonly worker: string }
  | { readonly kind: "threw"; readonly message: string }
  | { readonly kind: "aborted" };

export type TaskPool = {
  /** Calls the function on a pool thread; exactly one outcome follows. The answer aborts the call by ending its thread. */
  call(call: FunctionCall, outcome: (outcome: FunctionOutcome) => void): () => void;
};
