import { type Locator, parseAddress } from "../../actors/address.ts";
import type { SimCluster } from "../cluster.ts";
import type { Findings } from "../findings.ts";
import { type AnyContext, alteredContext, type Seat } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

export const actorRules = {
  news: "whoever watches hears of the end",
  timers: "a cancelled timer does not run",
  lives: "an address reaches one life of an actor",
} as const;

/** A watch that has not fired. */
type Watched = {
  readonly node: string;
  readonly watcher: Locator;
  readonly target: Locator;
  /** What is to be said when it does not fire. */
  readonly text: string;
  goneSinceMs: number | undefined;
};

/** Longest time from the end of an actor to the news of it, in milliseconds: silence, and a thread that was starved. */
const newsMaxMs = 20_000;

/** Holds the runtime to its promises: watches fire, what was cancelled does not run, nobody gets another's letters. */
export function actorsLookout(findings: Findings): Lookout {
  const watched = new Set<Watched>();
  return {
    actor: (seat) => ({
      context: (ctx) =>
        alteredContext(ctx, { ...watching(ctx, seat, watched, findings), ...timing(ctx, seat, findings) }),
    }),
    system: (system) => {
      const lookup = system.lookup.bind(system);
      system.lookup = (target) => {
        const cell = lookup(target);
        if (cell !== undefined && target.name === undefined && cell.generation !== target.generation) {
          const what = `${system.place}:${target.slot}.${target.generation} reached generation ${cell.generation}`;
          findings.breach(actorRules.lives, what);
        }
        return cell;
      };
    },
    check: (cluster) => {
      for (const watch of watched) if (!isOpen(cluster, watch, findings)) watched.delete(watch);
    },
  };
}

function watching(ctx: AnyContext, { node }: Seat, watched: Set<Watched>, findings: Findings): Partial<AnyContext> {
  const byId = new Map<number, Watched>();
  const self = parseAddress(ctx.self.address);
  return {
    watch: (ref, down) => {
      const text = `${ctx.self.address} has not heard that ${ref.address} is gone`;
      const open: Watched = { node, watcher: self, target: parseAddress(ref.address), text, goneSinceMs: undefined };
      const watch = ctx.watch(ref, (news) => {
        watched.delete(open);
        byId.delete(watch.id);
        if (news.certainty === "unknown") findings.mark("a watch fires although the watched may live");
        down(news);
      });
      watched.add(open);
      byId.set(watch.id, open);
      return watch;
    },
    unwatch: (watch) => {
      const open = byId.get(watch.id);
      if (open !== undefined) watched.delete(open);
      byId.delete(watch.id);
      ctx.unwatch(watch);
    },
  };
}

/** Whether the watch may still fire in time, and is anybody's. */
function isOpen(cluster: SimCluster, watch: Watched, findings: Findings): boolean {
  const condition = cluster.node(watch.node)?.condition;
  if (condition === undefined || !lives(cluster, watch.watcher)) return false;
  const nowMs = cluster.clock.now();
  const hears = !condition.paused && condition.restMs === 0;
  if (lives(cluster, watch.target)) watch.goneSinceMs = undefined;
  else if (!hears || watch.goneSinceMs === undefined) watch.goneSinceMs = nowMs;
  else if (nowMs - watch.goneSinceMs > newsMaxMs) {
    findings.breach(actorRules.news, watch.text);
  }
  return true;
}

/** Whether an actor is there now; for a name, whether anybody has it. */
function lives({ network }: SimCluster, locator: Locator): boolean {
  const system = network.systemAt(locator.place);
  if (system === undefined) return false;
  return ("name" in locator ? system.find(locator.name) : system.lookup(locator)) !== undefined;
}

function timing(ctx: AnyContext, { node, actor }: Seat, findings: Findings): Partial<AnyContext> {
  const armed = new Map<string, object>();
  const guarded = (key: string, run: () => void) => {
    const token = {};
    armed.set(key, token);
    return () => {
      if (armed.get(key) === token) run();
      else findings.breach(actorRules.timers, `${actor} of ${node}: the timer ${key} rang after it was cancelled`);
    };
  };
  return {
    after: (key, delayMs, run) => {
      const rings = guarded(key, () => {
        armed.delete(key);
        run();
      });
      ctx.after(key, delayMs, rings);
    },
    every: (key, periodMs, run) => ctx.every(key, periodMs, guarded(key, run)),
    cancel: (key) => {
      armed.delete(key);
      ctx.cancel(key);
    },
  };
}
