import type { Context } from "../actors/context.ts";
import { type BodyOf, protocolTable } from "../actors/protocol.ts";
import type { Behaviour, Spec } from "../actors/spec.ts";
import type { Lead } from "../protocol/lead.ts";
import { type MasterProtocol, masterTable } from "../protocol/master-api.ts";
import { type AllocatorEvents, allocatorEventsTable } from "./allocator/protocol.ts";
import { AllocatorLink } from "./allocator-link.ts";
import type { MasterConfig } from "./config.ts";
import { Counters, overheard } from "./counters.ts";
import { Frameworks } from "./frameworks.ts";
import { IdleTime } from "./idle-time.ts";
import { Maintenance } from "./maintenance.ts";
import { OfferPause } from "./offer-pause.ts";
import { Offers } from "./offers.ts";
import { operate } from "./operate.ts";
import { OperationStatuses } from "./operation-statuses.ts";
import { Operations } from "./operations.ts";
import { Publisher } from "./publisher.ts";
import { RateLimits } from "./rate-limits.ts";
import { recover } from "./recovery.ts";
import { Registrar } from "./registrar.ts";
import { Revocations } from "./revocations.ts";
import { Roles } from "./roles.ts";
import { Slaves } from "./slaves.ts";
import type { MasterState } from "./state.ts";
import { Tasks } from "./tasks.ts";
import { Why } from "./why.ts";

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
    const counters = new Counters(() => state);
    recover(ctx, args.store, (store, lead, registry) => {
      const recovered = stateFrom(ctx, args, counters, new Registrar(ctx, store, lead, registry), lead);
      state = recovered;
      for (const waiting of stash.splice(0)) waiting(recovered);
    });
    const handlers = routes((act) => {
      if (state !== undefined) act(state);
      else if (stash.length < stashMax) stash.push(act);
    });
    const limits = new RateLimits({ ctx, limits: args.config.rateLimits, counters, state: () => state });
    return {
      ...overheard(limits.paced(handlers), (kind, body) => counters.heard(kind, body)),
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
    executorExited: ({ slaveId, frameworkId, ...ended }) =>
      when(({ frameworks }) => frameworks.get(frameworkId)?.ref?.tell("executorEnded", { slaveId, ...ended })),

    subscribe: (subscription) => when(({ frameworks }) => frameworks.subscribe(subscription)),
    updateFramework: (update, reply) => when(({ frameworks }) => reply(frameworks.update(update))),
    accept: ({ frameworkId, offerIds, operations, filter }) =>
      when(({ offers }) => offers.accept(frameworkId, offerIds, operations, filter)),
    decline: ({ frameworkId, offerIds, filter }) => when(({ offers }) => offers.decline(frameworkId, offerIds, filter)),
    acceptInverseOffers: (answer) => when((state) => answerInverseOffers(state, "accepted", answer)),
    declineInverseOffers: (answer) => when((state) => answerInverseOffers(state, "declined", answer)),
    suppress: ({ frameworkId, roles }) =>
      when(({ frameworks }) => frameworks.setNeedsOffers(frameworkId, roles, false)),
    revive: ({ frameworkId, roles, slaveIds }) =>
      when(({ frameworks }) => frameworks.setNeedsOffers(frameworkId, roles, true, slaveIds)),
    setFilters: ({ frameworkId, filters }) => when(({ frameworks }) => frameworks.setFilters(frameworkId, filters)),
    killTask: (order) => when(({ tasks }) => tasks.kill(order)),
    shutdownExecutor: ({ frameworkId, slaveId, executorId }) =>
      when(({ slaves }) => slaves.shutdownExecutor(slaveId, frameworkId, executorId)),
    acknowledge: ({ frameworkId, slaveId, taskId, uuid }) =>
      when(({ tasks }) => tasks.acknowledge(frameworkId, slaveId, taskId, uuid)),
    reconcile: ({ frameworkId, tasks: asked }) => when(({ tasks }) => tasks.reconcile(frameworkId, asked)),
    acknowledgeOperation: ({ frameworkId, operationId, uuid }) =>
      when(({ statuses }) => statuses.acknowledge(frameworkId, operationId, uuid)),
    reconcileOperations: ({ frameworkId, operations }, reply) =>
      when(({ statuses }) => reply({ statuses: statuses.reconcile(frameworkId, operations) })),
    teardown: ({ frameworkId }) =>
      when(({ frameworks }) => void frameworks.teardown(frameworkId, "torn down by its scheduler")),
    guaranteedShare: ({ frameworkId }, reply) =>
      when(({ frameworks, roles }) => {
        const framework = frameworks.get(frameworkId);
        reply({ guaranteed: framework === undefined ? {} : roles.guaranteed(framework) });
      }),
    placeable: ({ resources }, reply) => when(({ slaves }) => reply(slaves.placeable(resources))),

    watchCluster: ({ self }) => when(({ publisher }) => publisher.watch(self)),
    operate: ({ call }, reply) => when((state) => operate(state, call, reply)),

    offered: (batch) => when(({ offers }) => offers.make(batch)),
    lacking: ({ roles }) => when(({ revocations }) => revocations.lacking(roles)),
  };
}

/** An inverse offer is of one of these; the other knows nothing of it. */
function answerInverseOffers(
  { revocations, maintenance }: MasterState,
  answer: "accepted" | "declined",
  { frameworkId, offerIds, filter }: BodyOf<MasterProtocol["acceptInverseOffers"]>,
): void {
  revocations.answered(frameworkId, offerIds, answer);
  maintenance.answered(frameworkId, offerIds, answer, filter);
}

function stateFrom(
  ctx: Context<MasterMailbox>,
  args: MasterArgs,
  counters: Counters,
  registrar: Registrar,
  lead: Lead,
): MasterState {
  const get = () => state;
  const state: MasterState = {
    id: ctx.ids.next(),
    lead,
    ctx,
    config: args.config,
    registrar,
    publisher: new Publisher(get),
    counters,
    allocator: new AllocatorLink(get),
    slaves: new Slaves(get),
    frameworks: new Frameworks(get),
    offers: new Offers(get),
    operations: new Operations(get),
    statuses: new OperationStatuses(get),
    pause: new OfferPause(get),
    roles: new Roles(get),
    tasks: new Tasks(get),
    idleTime: new IdleTime(get),
    why: new Why(get),
    revocations: new Revocations(get),
    maintenance: new Maintenance(get, registrar.registry.maintenance),
  };
  ctx.log("info", `leading in epoch ${lead.epoch}, term ${lead.term}`, { slaves: registrar.registry.slaves.size });
  state.slaves.start();
  state.maintenance.start();
  state.allocator.connect(args.allocator);
  return state;
}
