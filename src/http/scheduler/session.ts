import type { AskOutcome, Context } from "../../actors/context.ts";
import { type Ask, type BodyOf, protocolTable, type Tell } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { Spec } from "../../actors/spec.ts";
import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import { type FrameworkId, OfferId } from "../../protocol/ids.ts";
import type { MasterProtocol, UpdateReply } from "../../protocol/master-api.ts";
import { refuseMsDefault } from "../../protocol/offer.ts";
import type { AskedOperation, OperationStatus } from "../../protocol/operation-status.ts";
import { type SchedulerProtocol, schedulerTable } from "../../protocol/scheduler-api.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import type { ClusterView } from "../view/view.ts";
import type { Order } from "./calls.ts";
import type { EventStream } from "./event-stream.ts";
import {
  errorEvent,
  failureEvent,
  heartbeat,
  inverseOffersEvent,
  offersEvent,
  operationEvent,
  rescindEvents,
  rescindInverseEvents,
  subscribedEvent,
  updateEvent,
} from "./events.ts";
import type { Described } from "./framework.ts";

/** What a session hears from the routes, besides what its framework hears from the master. */
type SessionCalls = {
  /** Has the master do what a call asks for, in the order of the calls. */
  order: Tell<{ readonly order: Order }>;
  update: Ask<Described & { readonly suppressedRoles: readonly string[] }, UpdateReply>;
  reconcileOperations: Ask<{ readonly operations: readonly AskedOperation[] }, OperationsReply>;
  /** Offers that its reader never heard of, because it does not read. */
  shed: Tell<{ readonly offerIds: readonly string[] }>;
  /** The reader of the stream is gone. */
  hungUp: Tell<Record<never, never>>;
};

/** Nothing where the master did not answer. */
type OperationsReply = { readonly statuses?: readonly OperationStatus[] };

export type SessionProtocol = SchedulerProtocol & SessionCalls;

export type SessionOptions = {
  readonly stream: EventStream;
  readonly master: ActorRef<MasterProtocol>;
  readonly view: ClusterView;
  readonly facts: () => ClusterFacts | undefined;
  readonly heartbeatMs: number;
  /** The master has let the framework in. */
  readonly subscribed: (id: FrameworkId) => void;
  /** The framework describes itself anew. */
  readonly described: (info: FrameworkInfo) => void;
};

export type SessionArgs = Described & { readonly suppressedRoles: readonly string[] };

/** Time that the master has to answer what a framework asks, in milliseconds. */
const askTimeoutMs = 10_000;

/** News that may wait for a busy gateway. What is refused beyond that ends the stream: its framework asks anew. */
const mailboxMax = 65_536;

const sessionTable = protocolTable<SessionProtocol>("scheduler-session", {
  ...schedulerTable.fields,
  order: { order: 0 },
  update: { info: 0, filters: 1, suppressedRoles: 2 },
  reconcileOperations: { operations: 0 },
  shed: { offerIds: 0 },
  hungUp: {},
});

/**
 * One subscription by HTTP: an actor that is to the master what any scheduler is, and to its client a stream of events.
 * It lives as long as the stream; when the master is lost the stream ends too, which tells the client to look for another.
 */
export function schedulerSession(options: SessionOptions): Spec<SessionProtocol, SessionArgs> {
  const { stream, master, view, facts, heartbeatMs } = options;
  return {
    name: "scheduler-session",
    protocol: sessionTable,
    mailboxMax,
    start(ctx, args) {
      let { info } = args;
      let endedByUs = false;
      const end = () => {
        stream.end();
        ctx.stop();
      };
      ctx.watch(master, end);
      master.tell("subscribe", { self: ctx.self.address, ...args });
      return {
        subscribed: ({ frameworkId }) => {
          info = { ...info, id: frameworkId };
          options.subscribed(frameworkId);
          stream.send(subscribedEvent(frameworkId, heartbeatMs, facts()));
          stream.send(heartbeat);
          ctx.every("heartbeat", heartbeatMs, () => stream.send(heartbeat));
        },
        frameworkError: (error) => {
          if (!endedByUs) stream.send(errorEvent(error));
          end();
        },
        resourceOffers: (offers) => stream.send(offersEvent(info, offers)),
        offersRescinded: (rescinded) => {
          for (const event of rescindEvents(rescinded)) stream.send(event);
        },
        inverseOffers: (offers) =>
          stream.send(inverseOffersEvent(info, offers, (slaveId) => view.rows.slaves.get(slaveId)?.info)),
        inverseOffersRescinded: (rescinded) => {
          for (const event of rescindInverseEvents(rescinded)) stream.send(event);
        },
        taskUpdate: (update) => {
          const { slaveId } = update.status;
          const ip = slaveId === undefined ? undefined : view.rows.slaves.get(slaveId)?.info.ip;
          stream.send(updateEvent(info, update, ip));
        },
        slaveLost: ({ slaveId }) => stream.send(failureEvent({ slaveId })),
        executorEnded: (ended) => stream.send(failureEvent(ended)),
        operationUpdate: (status) => stream.send(operationEvent(status)),
        order: ({ order }) => {
          endedByUs ||= order.kind === "teardown";
          master.tell(order.kind, order.body as BodyOf<MasterProtocol[typeof order.kind]>);
        },
        update: (update, reply) => {
          const { info: next, filters, suppressedRoles } = update;
          const { id: frameworkId } = info;
          if (frameworkId === undefined) return reply({ done: false, reason: "the framework is not subscribed" });
          ctx.ask(
            master,
            "updateFramework",
            { frameworkId, info: { ...next, id: frameworkId }, filters, suppressedRoles },
            {
              timeoutMs: askTimeoutMs,
              settled: (outcome) => {
                if (!outcome.ok) return reply({ done: false, reason: `the master did not answer (${outcome.code})` });
                if (outcome.value.done) {
                  info = { ...next, id: frameworkId };
                  options.described(info);
                }
                reply(outcome.value);
              },
            },
          );
        },
        reconcileOperations: (asked, reply) => askOperations(ctx, master, info.id, asked, reply),
        shed: ({ offerIds }) => {
          const { id: frameworkId } = info;
          if (frameworkId === undefined) return;
          master.tell("decline", {
            frameworkId,
            offerIds: offerIds.map(OfferId),
            filter: { refuseMs: refuseMsDefault },
          });
        },
        hungUp: () => ctx.stop(),
        // What was said on behalf of the client is lost: it must not believe that it was heard.
        onRefused: () => stream.cut(),
        onStop: () => stream.end(),
        inspect: () => ({ info, heldBytes: stream.heldBytes }),
      };
    },
  };
}

function askOperations(
  ctx: Context<SessionProtocol>,
  master: ActorRef<MasterProtocol>,
  frameworkId: FrameworkId | undefined,
  { operations }: BodyOf<SessionCalls["reconcileOperations"]>,
  reply: (answer: OperationsReply) => void,
): void {
  if (frameworkId === undefined) return reply({});
  const settled = (outcome: AskOutcome<OperationsReply>) => reply(outcome.ok ? outcome.value : {});
  ctx.ask(master, "reconcileOperations", { frameworkId, operations }, { timeoutMs: askTimeoutMs, settled });
}
