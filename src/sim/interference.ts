import type { Context } from "../actors/context.ts";
import type { Protocol } from "../actors/protocol.ts";
import type { Behaviour, Spec } from "../actors/spec.ts";
import type { ActorSystem } from "../actors/system.ts";
import type { SimCluster } from "./cluster.ts";

export type AnyHandler = (body: never, reply: (value: never) => void) => void;
export type AnyBehaviour = Readonly<Record<string, AnyHandler | undefined>> & { readonly inspect?: () => unknown };
export type AnyContext = Context<Protocol>;

/** Where an actor sits: on which node, and which behaviour it has. */
export type Seat = { readonly node: string; readonly actor: string };

/**
 * Something that stands between simulated actors and their threads: a bug that is planted, or a lookout that must see
 * what passes. Of several, the first is nearest to the thread, in what an actor is handed, and nearest to the actor, in
 * what it does: so those that come later see what really arrives, and what is really done with it.
 */
export type Interference = {
  /** Told of every life of an actor: what changes in it. */
  readonly actor?: (seat: Seat) => Change | undefined;
  /** A thread, before its first actor starts. */
  readonly system?: (system: ActorSystem, node: string) => void;
  /** The cluster, before its first node starts. */
  readonly cluster?: (cluster: SimCluster) => void;
};

/** What is different about one life of an actor. */
export type Change = {
  /** What it is handed. */
  readonly context?: (ctx: AnyContext) => AnyContext;
  /** What it does with its letters. */
  readonly behaviour?: (behaviour: AnyBehaviour) => AnyBehaviour;
};

/** The behaviour with all that interferes, and so those of its children. */
export function interfered<P, Args>(
  spec: Spec<P, Args>,
  node: string,
  interferences: readonly Interference[],
): Spec<P, Args> {
  const seat: Seat = { node, actor: spec.name };
  return {
    ...spec,
    start(ctx, args) {
      const changes = interferences.map(({ actor }) => actor?.(seat));
      const spawn: AnyContext["spawn"] = (child, ...rest) => ctx.spawn(interfered(child, node, interferences), ...rest);
      let handed = alteredContext(ctx as unknown as AnyContext, { spawn });
      for (const change of changes) handed = change?.context?.(handed) ?? handed;
      let behaviour = spec.start(handed as unknown as Context<P>, args) as unknown as AnyBehaviour;
      for (const change of changes) behaviour = change?.behaviour?.(behaviour) ?? behaviour;
      return behaviour as unknown as Behaviour<P>;
    },
  };
}

/** The same context with some doors changed. */
export function alteredContext(ctx: AnyContext, changes: Partial<AnyContext>): AnyContext {
  return {
    self: ctx.self,
    clock: ctx.clock,
    random: ctx.random,
    ids: ctx.ids,
    log: (...args) => ctx.log(...args),
    ref: (address) => ctx.ref(address),
    named: (...args) => ctx.named(...args),
    spawn: (...args) => ctx.spawn(...args),
    stop: (...args) => ctx.stop(...args),
    watch: (...args) => ctx.watch(...args),
    unwatch: (watch) => ctx.unwatch(watch),
    ask: (...args) => ctx.ask(...args),
    after: (...args) => ctx.after(...args),
    every: (...args) => ctx.every(...args),
    cancel: (key) => ctx.cancel(key),
    afterDurable: (...args) => ctx.afterDurable(...args),
    recoverJournal: (recovered) => ctx.recoverJournal(recovered),
    replaceJournal: (...args) => ctx.replaceJournal(...args),
    act: (effect) => ctx.act(effect),
    pipe: (...args) => ctx.pipe(...args),
    dial: (...args) => ctx.dial(...args),
    ...changes,
  };
}

/** The behaviour with listeners to some of its letters: each is told before, and a function it answers is run after. */
export function hearing(
  behaviour: AnyBehaviour,
  listeners: Readonly<Record<string, (body: never) => unknown>>,
): AnyBehaviour {
  const changed: Record<string, AnyHandler> = {};
  for (const [kind, listen] of Object.entries(listeners)) {
    const handler = behaviour[kind];
    if (handler === undefined) continue;
    changed[kind] = (body, reply) => {
      const then = listen(body);
      handler(body, reply);
      if (typeof then === "function") then();
    };
  }
  return { ...behaviour, ...changed } as AnyBehaviour;
}
