import type { MailboxMax } from "../../src/actors/mailbox.ts";
import type { SupervisorArgs } from "../../src/actors/supervisor.ts";
import type { WireValue } from "../../src/actors/wire-value.ts";

/**
 * What a law actor can be told to do, as plain data, so that the same script runs in this thread, on another one and in
 * another process. The steps of one script are one turn.
 *
 * A target is an address, `self`, or `#LABEL` for a child that the actor spawned under that label.
 */
export type Step =
  /** Writes the text down as heard. */
  | { readonly do: "note"; readonly text: string }
  | ({ readonly do: "tell" } & Say)
  /** Writes down `re TEXT: VALUE` or `re TEXT: CODE OUTCOME`. */
  | ({ readonly do: "ask"; readonly timeoutMs: number } & Say)
  /** Answers a question that was held. */
  | { readonly do: "answer"; readonly text: string; readonly times?: number }
  /** Writes down `down LABEL: REASON CERTAINTY`, then performs the steps. */
  | { readonly do: "watch"; readonly to: string; readonly as: string; readonly then?: readonly Step[] }
  | { readonly do: "unwatch"; readonly as: string }
  | { readonly do: "spawn"; readonly as: string; readonly name?: string; readonly manner?: Manner }
  /** Ends a child, or the actor itself. */
  | { readonly do: "stop"; readonly to?: string; readonly reason?: "normal" | "shutdown" }
  /** Throws, on purpose. */
  | { readonly do: "fail"; readonly message: string }
  /** Has the handler return a promise. */
  | { readonly do: "promise" }
  | { readonly do: "after"; readonly key: string; readonly ms: number; readonly steps?: readonly Step[] }
  | { readonly do: "every"; readonly key: string; readonly ms: number }
  | { readonly do: "cancel"; readonly key: string }
  /** Keeps its whole place busy that long. */
  | { readonly do: "spin"; readonly ms: number }
  /** Starts work outside that takes a moment, and writes its outcome down as `piped TEXT`. */
  | { readonly do: "pipe"; readonly text: string };

type Say = {
  readonly to: string;
  readonly text: string;
  /** Sends `TEXT 1` to `TEXT count` instead of `TEXT`. */
  readonly count?: number;
  /** The message has so many bytes beside its text. */
  readonly bytes?: number;
  /** The message has the value that `wireValueOf` makes of this number. */
  readonly seed?: number;
  /** What the receiver does once it has written the text down. */
  readonly steps?: readonly Step[];
  /** Default: `say` or `ask`, as the step. */
  readonly kind?: "unheard" | "unanswered";
};

/** How a law actor is, whatever it is told later. */
export type Manner = {
  /** How many messages may wait. Default: the runtime's. */
  readonly mailboxMax?: MailboxMax;
  /** Whether other processes may reach it. Default true. */
  readonly exported?: boolean;
  /** What it does with a question: answers with its value, or its text if there is none; or holds it. Default `answers`. */
  readonly asked?: "answers" | "holds";
  readonly start?: readonly Step[];
  readonly stop?: readonly Step[];
};

/** A supervisor over law actors. */
export type Care = Pick<SupervisorArgs, "strategy" | "intensity" | "backoff"> & {
  readonly children: readonly {
    readonly name: string;
    readonly restart?: "permanent" | "transient" | "temporary";
    readonly manner?: Manner;
  }[];
  /** Whether nobody stands above it, so that its failure is its place's. Default false. */
  readonly root?: boolean;
};

type More<D extends Step["do"], Given extends PropertyKey> = Omit<Extract<Step, { do: D }>, "do" | Given>;

export const note = (text: string): Step => ({ do: "note", text });
export const tell = (to: string, text: string, more: More<"tell", "to" | "text"> = {}): Step => ({
  do: "tell",
  to,
  text,
  ...more,
});
/** A question with a deadline that no run reaches, unless the law says otherwise. */
export const ask = (to: string, text: string, more: Partial<More<"ask", "to" | "text">> = {}): Step => ({
  do: "ask",
  to,
  text,
  timeoutMs: 60_000,
  ...more,
});
export const answer = (text: string, times = 1): Step => ({ do: "answer", text, times });
export const watch = (to: string, as: string, then: readonly Step[] = []): Step => ({ do: "watch", to, as, then });
export const unwatch = (as: string): Step => ({ do: "unwatch", as });
export const spawn = (as: string, more: More<"spawn", "as"> = {}): Step => ({ do: "spawn", as, ...more });
export const stop = (to = "self"): Step => ({ do: "stop", to });
export const fail = (message = "broken"): Step => ({ do: "fail", message });
export const after = (key: string, ms: number, steps: readonly Step[] = [note(key)]): Step => ({
  do: "after",
  key,
  ms,
  steps,
});
export const cancel = (key: string): Step => ({ do: "cancel", key });
export const spin = (ms: number): Step => ({ do: "spin", ms });

/** Plain data of every sort that a message may carry, the same in every process. */
export function wireValueOf(seed: number): WireValue {
  const values: readonly WireValue[] = [
    null,
    true,
    seed,
    -seed - 0.5,
    2 ** 53 - 1,
    -(2 ** 31) - 1,
    5e-324,
    BigInt(seed),
    2n ** 63n - 1n,
    -(2n ** 63n),
    "",
    `text ${seed} \u0000 \u{1f600} \ud800`.replace("\ud800", "ü"),
    "x".repeat(seed % 300),
    new Uint8Array(0),
    Uint8Array.from({ length: seed % 70 }, (_, index) => (index * seed) % 256),
    [],
    {},
  ];
  const at = (index: number): WireValue => values[(seed + index * 7) % values.length] ?? null;
  return {
    flat: at(0),
    list: [at(1), [at(2), { deep: at(3), "key with spaces": at(4) }], at(5)],
    constructor: at(6),
    toString: at(7),
    length: at(8),
    absent: undefined,
  };
}

/** The value as text in which every difference shows: types, order of arrays, absent and present keys. */
export function describeValue(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) {
    return value.length > 256 ? `${value.length} bytes` : `bytes ${[...value].join()}`;
  }
  if (Array.isArray(value)) return `[${value.map(describeValue).join(" ")}]`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  const plain = [Object.prototype, null].includes(Object.getPrototypeOf(value)) ? "" : "not plain ";
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `${plain}{${fields.map(([key, field]) => `${JSON.stringify(key)}:${describeValue(field)}`).join(" ")}}`;
}
