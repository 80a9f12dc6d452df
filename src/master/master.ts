import type { Context } from "../actors/context.ts";
import { protocolTable, type ReplyOf } from "../actors/protocol.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { Behaviour, Spec } from "../actors/spec.ts";
import { invariant } from "../base/invariant.ts";
import { SlaveId } from "../protocol/ids.ts";
import { type MasterProtocol, masterTable } from "../protocol/master-api.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";
import { type AllocatorEvents, allocatorEventsTable } from "./allocator/protocol.ts";
import { AllocatorLink } from "./allocator-link.ts";
import type { MasterConfig } from "./config.ts";
import { Frameworks } from "./frameworks.ts";
import { Offers } from "./offers.ts";
import { operate } from "./operate.ts";
import { type RegistryStoreProtocol, registryStoreName } from "./ports.ts";
import { Publisher } from "./publisher.ts";
import { Registrar } from "./registrar.ts";
import { Slaves } from "./slaves.ts";
import type { MasterState } from "./state.ts";
import { Tasks } from "./tasks.ts";

export type MasterArgs = {
  readonly config: MasterConfig;
  /** Where the registry is kept: `thread:NAME`. */
  readonly store: string;
  /** Where the allocator is: `thread:NAME`. */
  readonly allocator: string;
};

export type MasterMailbox = MasterProtocol & AllocatorEvents;

/** Registrations, subscriptions and questions that may wait while the registry is being read. */
const stashMax = 65_536;
const recoverTimeoutMs = 60_000;
const recoverRetryMs = 20;
/** A cluster of 50 000 slaves reports in one burst. */
const mailboxMax = 262_144;

/** The master: what it hears, and which noun answers. It acts only once the registry has begun its term. */
export const master: Spec<MasterMailbox, MasterArgs> = {
  name: "master",
  protocol: protocolTable<MasterMailbox>(
    "master",
    { ...masterTable.fields, ...allocatorEventsTable.fields },
    masterTable.fault,
  ),
  mailboxMax,
  start(ctx, args) {
    const stash: ((state: MasterState) => void)[] = [];
    let state: MasterState | undefined;
    recover(ctx, args, (recovered) => {
      state = recovered;
      for (const waiting of stash.splice(0)) waiting(recovered);
    });
    return {
      ...routes((act) => {
        if (state !== undefined) act(state);
        else if (stash.length < stashMax) stash.push(act);
      }),
      inspect: () => state,
    };
  },
};

/** One line a message. Before the registry is read, messages wait. */
function routes(when: (act: (state: MasterState) => void) => void): Behaviour<MasterMailbox> {
  return {
    registerSlave: (registration) => when(({ slaves }) => slaves.register(registration)),
    pong: ({ slaveId }) => when(({ slaves }) => slaves.pong(slaveId)),
    statusUpdate: ({ slaveId, update }) => when(({ tasks }) => tasks.update(slaveId, update)),
    unregisterSlave: ({ slaveId }) => when(({ slaves }) => slaves.unregister(slaveId)),

    subscribe: ({ self, info }) => when(({ frameworks }) => frameworks.subscribe(self, info)),
    accept: ({ frameworkId, offerIds, operations, filter }) =>
      when(({ offers }) => offers.accept(frameworkId, offerIds, operations, filter)),
    decline: ({ frameworkId, offerIds, filter }) => when(({ offers }) => offers.decline(frameworkId, offerIds, filter)),
    suppress: ({ frameworkId }) => when(({ frameworks }) => frameworks.setNeedsOffers(frameworkId, false)),
    revive: ({ frameworkId }) => when(({ frameworks }) => frameworks.setNeedsOffers(frameworkId, true)),
    setFilters: ({ frameworkId, filters }) => when(({ frameworks }) => frameworks.setFilters(frameworkId, filters)),
    killTask: ({ frameworkId, taskId, graceMs }) => when(({ tasks }) => tasks.kill(frameworkId, taskId, graceMs)),
    acknowledge: ({ frameworkId, slaveId, taskId, uuid }) =>
      when(({ tasks }) => tasks.acknowledge(frameworkId, slaveId, taskId, uuid)),
    reconcile: ({ frameworkId, tasks: asked }) => when(({ tasks }) => tasks.reconcile(frameworkId, asked)),
    teardown: ({ frameworkId }) =>
      when(({ frameworks }) => void frameworks.teardown(frameworkId, "torn down by its scheduler")),
    guaranteedShare: (_, reply) => when(() => reply({ guaranteed: {} })),
    placeable: ({ resources }, reply) => when(({ slaves }) => reply(slaves.placeable(resources))),

    watchCluster: ({ self }) => when(({ publisher }) => publisher.watch(self)),
    operate: ({ call }, reply) => when((state) => reply(operate(state, call))),

    offered: ({ rows }) => when(({ offers }) => offers.make(rows)),
  };
}

/** Begins a term in the registry, and stands up the nouns around what it holds. The store may still be starting. */
function recover(ctx: Context<MasterMailbox>, args: MasterArgs, then: (state: MasterState) => void): void {
  const givenUpMs = ctx.clock.now() + recoverTimeoutMs;
  const again = (reason: string) => {
    invariant(ctx.clock.now() < givenUpMs, () => `the registry cannot be read: ${reason}`);
    ctx.after("recover", recoverRetryMs, attempt);
  };
  const attempt = () => ctx.dial(args.store, { up: ask, failed: again });
  const ask = (place: string) => {
    const store = ctx.named<RegistryStoreProtocol>(registryStoreName, place);
    ctx.ask(
      store,
      "recover",
      {},
      {
        timeoutMs: recoverTimeoutMs,
        settled: (outcome) => (outcome.ok ? then(stateFrom(ctx, args, store, outcome.value)) : again(outcome.code)),
      },
    );
  };
  attempt();
}

function stateFrom(
  ctx: Context<MasterMailbox>,
  args: MasterArgs,
  store: ActorRef<RegistryStoreProtocol>,
  recovered: ReplyOf<RegistryStoreProtocol["recover"]>,
): MasterState {
  const { lead, admitted, unreachable } = recovered;
  const registry = { admitted: byId(admitted), unreachable: byId(unreachable) };
  const get = () => state;
  const state: MasterState = {
    id: ctx.ids.next(),
    lead,
    ctx,
    config: args.config,
    registrar: new Registrar(ctx, store, lead, registry),
    publisher: new Publisher(get),
    allocator: new AllocatorLink(get),
    slaves: new Slaves(get),
    frameworks: new Frameworks(get),
    offers: new Offers(get),
    tasks: new Tasks(get),
  };
  ctx.log("info", `leading in epoch ${lead.epoch}, term ${lead.term}`, { slaves: admitted.length });
  state.slaves.start();
  state.allocator.connect(args.allocator);
  return state;
}

function byId(slaves: readonly { readonly slaveId: string; readonly info: SlaveInfo }[]): Record<SlaveId, SlaveInfo> {
  return Object.fromEntries(slaves.map(({ slaveId, info }) => [SlaveId(slaveId), info]));
}
