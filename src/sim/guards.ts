/** A simulated actor asked the machine for something that its seed does not say; the message says who or what. */
export class DeterminismViolation extends Error {
  override readonly name = "DeterminismViolation";
}

type Holder = Record<PropertyKey, unknown>;

/** What is replaced, by the path under which it is known. What this version of Node lacks is left out. */
const forbidden = [
  ...["Date", "Math.random", "performance.now", "performance.timeOrigin", "Temporal.Now"],
  ...["setTimeout", "setInterval", "setImmediate"],
  ...["process.nextTick", "process.hrtime", "process.uptime", "process.cpuUsage", "process.memoryUsage"],
  ...["crypto.randomUUID", "crypto.getRandomValues", "crypto.subtle"],
  ...["fetch", "WebSocket", "BroadcastChannel", "MessageChannel", "WeakRef", "FinalizationRegistry"],
  ...["Atomics.wait", "Atomics.waitAsync"],
];

let depth = 0;
let restore: () => void = () => {};

/**
 * Runs the body with ambient time, randomness, scheduling and garbage collection out of reach: a call of any throws a
 * `DeterminismViolation` where it happens. Throwing, not faking, keeps one rule for simulation and production.
 * May be nested. The body must be synchronous, since what it would leave behind would run unguarded.
 */
export function guarded<T>(body: () => T): T {
  if (depth === 0) restore = install();
  depth++;
  try {
    return body();
  } finally {
    depth--;
    if (depth === 0) restore();
  }
}

/** Replaces everything forbidden; the answer puts it back. */
function install(): () => void {
  const undo: (() => void)[] = [];
  for (const path of forbidden) {
    const [key = "", ...outer] = path.split(".").reverse();
    const holder = outer.reverse().reduce<unknown>((at, name) => (at as Holder)?.[name], globalThis) as
      | Holder
      | undefined;
    if (holder === undefined || !(key in holder)) continue;
    const before = Object.getOwnPropertyDescriptor(holder, key);
    Object.defineProperty(holder, key, { configurable: true, ...replacement(path) });
    undo.push(() => {
      // What is inherited, as the methods of `performance` are, comes back into sight.
      if (before === undefined) delete holder[key];
      else Object.defineProperty(holder, key, before);
    });
  }
  return () => {
    for (const put of undo) put();
  };
}

function replacement(path: string): PropertyDescriptor {
  if (path === "Date") return { writable: true, value: dateWithoutNow };
  if (/timeOrigin|subtle|Temporal/.test(path)) return { get: refusal(path) };
  return { writable: true, value: path === "process.hrtime" ? hrtime : refusal(path) };
}

function violation(called: string): DeterminismViolation {
  return new DeterminismViolation(
    `${called} was called in a simulation: take time, randomness and scheduling from the context`,
  );
}

function refusal(path: string): () => never {
  return function refuse() {
    throw violation(path);
  };
}

const hrtime = Object.assign(refusal("process.hrtime"), { bigint: refusal("process.hrtime.bigint") });

/** A moment that somebody names is a value like any other; only the present one is out of reach. */
const dateWithoutNow = new Proxy(Date, {
  apply: refusal("Date()"),
  construct(target, args: unknown[], self) {
    if (args.length === 0) throw violation("new Date()");
    return Reflect.construct(target, args, self);
  },
  get(target, key) {
    return key === "now" ? refusal("Date.now") : Reflect.get(target, key);
  },
});
