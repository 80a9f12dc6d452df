import { Backoff, type BackoffConfig } from "./backoff.ts";
import type { Context } from "./context.ts";
import { type ProtocolTable, protocolTable } from "./protocol.ts";
import type { ActorRef } from "./ref.ts";
import type { Down, Spec } from "./spec.ts";

/**
 * Keeps children alive. A restart makes a new generation under the same name: old refs stay dead, and whoever
 * watched learns that state was lost. More restarts than the intensity allows end the supervisor itself, so that
 * trouble climbs to somebody who can do more about it.
 */
export type SupervisorArgs = {
  /** Who else restarts when one child fails: nobody, everybody, or those started after it. */
  readonly strategy: "one-for-one" | "one-for-all" | "rest-for-one";
  /** Restarts allowed in the window: per child for one-for-one, else for the group. Default 5 in 30 000 ms. */
  readonly intensity?: { readonly max: number; readonly withinMs: number };
  /** Pause before a restart: the shortest after a whole window without one. Default 0.1 s doubling to 30 s, jittered. */
  readonly backoff?: BackoffConfig;
  /** Started in this order, stopped in reverse. */
  readonly children: readonly ChildSpec[];
};

export type ChildSpec = {
  readonly name: string;
  readonly exported?: boolean;
  /** permanent: always restarted. transient: after a failure. temporary: never. */
  readonly restart: "permanent" | "transient" | "temporary";
  readonly spawn: (ctx: Context<SupervisorProtocol>, options: { name: string; exported: boolean }) => ActorRef<unknown>;
};

export type SupervisorProtocol = Record<never, never>;

const supervisorTable: ProtocolTable<SupervisorProtocol> = protocolTable("supervisor", {});
const intensityDefault = { max: 5, withinMs: 30_000 };
const backoffDefault: BackoffConfig = { minMs: 100, maxMs: 30_000, factor: 2 };

/** A child entry whose spec and arguments are checked against each other. */
export function child<P, Args>(
  name: string,
  spec: Spec<P, Args>,
  args: Args,
  options: { readonly restart?: ChildSpec["restart"]; readonly exported?: boolean } = {},
): ChildSpec {
  return {
    name,
    restart: options.restart ?? "permanent",
    exported: options.exported ?? false,
    spawn: (ctx, spawnOptions) => ctx.spawn(spec, args, spawnOptions),
  };
}

export const supervisor: Spec<SupervisorProtocol, SupervisorArgs> = {
  name: "supervisor",
  protocol: supervisorTable,
  start(ctx, args) {
    const group = new Group(ctx, args);
    for (const entry of args.children) group.start(entry);
    return { inspect: () => group.restarts };
  },
};

class Group {
  readonly #ctx: Context<SupervisorProtocol>;
  readonly #args: SupervisorArgs;
  readonly #running = new Map<string, { ref: ActorRef<unknown>; watch: { readonly id: number } }>();
  readonly #backoffs = new Map<string, Backoff>();
  readonly #recent = new Map<string, number[]>();
  readonly #finished = new Set<string>();
  restarts = 0;

  constructor(ctx: Context<SupervisorProtocol>, args: SupervisorArgs) {
    this.#ctx = ctx;
    this.#args = args;
  }

  start(entry: ChildSpec): void {
    const ref = entry.spawn(this.#ctx, { name: entry.name, exported: entry.exported ?? false });
    const watch = this.#ctx.watch(ref, (down) => this.#ended(entry, down));
    this.#running.set(entry.name, { ref, watch });
  }

  #ended(entry: ChildSpec, down: Down): void {
    this.#running.delete(entry.name);
    const failed = typeof down.reason === "object";
    if (entry.restart === "temporary" || (entry.restart === "transient" && !failed)) {
      this.#finished.add(entry.name);
      return;
    }
    const recent = this.#failures(entry);
    if (recent > (this.#args.intensity ?? intensityDefault).max) {
      const reason = `${entry.name} was restarted too often; last: ${typeof down.reason === "object" ? down.reason.failed : down.reason}`;
      this.#ctx.stop(undefined, { failed: reason });
      return;
    }
    for (const name of this.#affected(entry).reverse()) {
      this.#stop(name);
      // A restart that waits already is part of this one, which starts an earlier child first.
      this.#ctx.cancel(`restart.${name}`);
    }
    this.#ctx.after(`restart.${entry.name}`, this.#pauseMs(entry.name, recent), () => this.#restart(entry));
  }

  #restart(entry: ChildSpec): void {
    const affected = new Set(this.#affected(entry));
    for (const other of this.#args.children) {
      const down = affected.has(other.name) && !this.#running.has(other.name) && !this.#finished.has(other.name);
      if (down && other.restart !== "temporary") {
        this.restarts++;
        this.#ctx.log("warn", `restarting ${other.name}`, { restarts: this.restarts });
        this.start(other);
      }
    }
  }

  /** The failed child and those that go down and up with it, in start order. */
  #affected(entry: ChildSpec): string[] {
    const names = this.#args.children.map((other) => other.name);
    if (this.#args.strategy === "one-for-one") return [entry.name];
    return this.#args.strategy === "one-for-all" ? names : names.slice(names.indexOf(entry.name));
  }

  #stop(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined) return;
    this.#running.delete(name);
    this.#ctx.unwatch(running.watch);
    this.#ctx.stop(running.ref, "restarted");
  }

  /** Counts this failure among those of its child, or of its group, that lie in the window. */
  #failures(entry: ChildSpec): number {
    const { withinMs } = this.#args.intensity ?? intensityDefault;
    const key = this.#args.strategy === "one-for-one" ? entry.name : "";
    const now = this.#ctx.clock.now();
    const recent = (this.#recent.get(key) ?? []).filter((at) => now - at < withinMs);
    recent.push(now);
    this.#recent.set(key, recent);
    return recent.length;
  }

  #pauseMs(name: string, recent: number): number {
    const backoff = this.#backoffs.get(name) ?? new Backoff(this.#args.backoff ?? backoffDefault, this.#ctx.random);
    this.#backoffs.set(name, backoff);
    if (recent === 1) backoff.reset();
    return backoff.nextMs();
  }
}
