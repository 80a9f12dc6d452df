import type { Address } from "../../actors/address.ts";
import type { Context, Outcome } from "../../actors/context.ts";
import { type BodyOf, protocolTable, type Reply, type TellKind } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { DownReason, Spec } from "../../actors/spec.ts";
import { type ChildSpec, child, supervisor } from "../../actors/supervisor.ts";
import type { Result } from "../../base/result.ts";
import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import { FrameworkId, OfferId, SlaveId } from "../../protocol/ids.ts";
import {
  type MasterForSchedulers,
  masterName,
  masterTable,
  type Placeable,
  type UpdateReply,
} from "../../protocol/master-api.ts";
import type { Offer } from "../../protocol/offer.ts";
import type { OfferFilters } from "../../protocol/offer-filters.ts";
import { contains } from "../../protocol/resources.ts";
import { type SchedulerProtocol, schedulerTable } from "../../protocol/scheduler-api.ts";
import { callTo, type Order } from "./calls.ts";
import { frameworkTo } from "./framework.ts";
import { inverseOfferFrom } from "./inverse-offer.ts";
import type { CallFault, CallInput, HeardEvent, MasterConnection, MasterDoor } from "./master-connection.ts";
import { offerFrom } from "./offer.ts";
import { constraintsTo } from "./offer-filters.ts";
import { operationStatusFrom } from "./operation-status.ts";
import { statusFrom } from "./status.ts";

/**
 * A master far away, as an actor in the process of a framework: it stands under the master's name, understands what
 * schedulers say to a master, and says it over Mesos's v1 scheduler API. What the SDK does is the same by either door.
 *
 *     SDK ──subscribe, accept, …──► remote master ──POST /api/v1/scheduler──► gateway ──► master
 *     SDK ◄──offers, updates, …──── remote master ◄──one stream of events──── gateway ◄── master
 *
 * It has one scheduler and one stream. Whatever goes wrong ends the actor: the scheduler learns that its master is lost,
 * and finds its next life as it would find the next life of a master.
 */
export function remoteMaster(door: MasterDoor): Spec<MasterForSchedulers, Record<never, never>> {
  return {
    name: "remote-master",
    protocol: table,
    start(ctx) {
      const master = new RemoteMaster(ctx, door.open());
      const order =
        <Kind extends Order["kind"]>(kind: Kind) =>
        (body: BodyOf<MasterForSchedulers[Kind]>) =>
          master.say(callTo({ kind, body } as Order));
      return {
        subscribe: (subscription) => master.subscribe(subscription),
        updateFramework: (update, reply) => master.update(update, reply),
        setFilters: ({ filters }) => master.setFilters(filters),
        suppress: (body) => master.suppress(body),
        revive: (body) => master.revive(body),
        accept: order("accept"),
        decline: order("decline"),
        acceptInverseOffers: order("acceptInverseOffers"),
        declineInverseOffers: order("declineInverseOffers"),
        killTask: order("killTask"),
        shutdownExecutor: order("shutdownExecutor"),
        acknowledge: order("acknowledge"),
        reconcile: order("reconcile"),
        acknowledgeOperation: order("acknowledgeOperation"),
        teardown: order("teardown"),
        // What every master answers: nothing is guaranteed to anybody yet.
        guaranteedShare: (_, reply) => reply({ guaranteed: {} }),
        placeable: ({ resources }, reply) => master.placeable(resources, reply),
        onRefused: () => master.end("the scheduler is too busy to hear more"),
        onStop: (reason) => master.ended(reason),
        inspect: () => master.inspect(),
      };
    },
  };
}

/** Keeps a remote master alive under the master's name. Its ends are those of the network, so it may have many. */
export function remoteMasterKeeper(name: string, door: MasterDoor): ChildSpec {
  return child(name, supervisor, {
    strategy: "one-for-one",
    // More than the pauses allow: how long to try is for the scheduler to say.
    intensity: { max: 10_000, withinMs: 30_000 },
    backoff: { minMs: 20, maxMs: 1_000, factor: 2 },
    // It ends in order after its scheduler, which was its only one.
    children: [child(masterName, remoteMaster(door), {}, { restart: "transient" })],
  });
}

const { fields } = masterTable;
const table = protocolTable<MasterForSchedulers>("remote-master", {
  subscribe: fields.subscribe,
  updateFramework: fields.updateFramework,
  accept: fields.accept,
  decline: fields.decline,
  acceptInverseOffers: fields.acceptInverseOffers,
  declineInverseOffers: fields.declineInverseOffers,
  suppress: fields.suppress,
  revive: fields.revive,
  setFilters: fields.setFilters,
  killTask: fields.killTask,
  shutdownExecutor: fields.shutdownExecutor,
  acknowledge: fields.acknowledge,
  reconcile: fields.reconcile,
  acknowledgeOperation: fields.acknowledgeOperation,
  teardown: fields.teardown,
  guaranteedShare: fields.guaranteedShare,
  placeable: fields.placeable,
});

/** Calls that may wait for the one before to be answered. With more the actor ends: its scheduler asks anew. */
const callsWaitingMax = 16_384;
/** Silence before the first event, in milliseconds; then the stream counts as dead. */
const firstSilenceMs = 30_000;
/** Silence on a stream that has begun, in heartbeats. */
const silentHeartbeats = 2.5;
/** Between heartbeats of a master that does not say, in milliseconds. */
const heartbeatMsDefault = 15_000;
/** How long offers that the scheduler's own filters leave out are refused, in milliseconds. */
const leftOutRefuseMs = 3_600_000;
/** Events do not say whose orders they are; nobody but slaves has to know. */
const unknownLead = { epoch: 0, term: 0 };

type Subscription = BodyOf<MasterForSchedulers["subscribe"]>;

class RemoteMaster {
  readonly #ctx: Context<MasterForSchedulers>;
  readonly #connection: MasterConnection;
  #scheduler: ActorRef<SchedulerProtocol> | undefined;
  #info: FrameworkInfo | undefined;
  #suppressed: ReadonlySet<string> = new Set();
  #filters: OfferFilters = {};
  /** Whether offers were refused here because of the filters. */
  #leftOut = false;
  #waiting = 0;
  #silenceMs = firstSilenceMs;
  #ending = false;

  constructor(ctx: Context<MasterForSchedulers>, connection: MasterConnection) {
    this.#ctx = ctx;
    this.#connection = connection;
  }

  subscribe({ self, info, suppressedRoles = [], filters = {} }: Subscription): void {
    if (this.#scheduler !== undefined) return this.#subscribedAlready(self);
    const scheduler = this.#ctx.ref(self);
    this.#scheduler = scheduler;
    this.#info = info;
    this.#suppressed = new Set(suppressedRoles);
    this.#filters = filters;
    this.#ctx.watch(scheduler, () => this.#ctx.stop());
    this.#listen();
    const { id } = info;
    const call: CallInput = {
      ...(id === undefined ? {} : { framework_id: { value: id } }),
      type: "SUBSCRIBE",
      subscribe: this.#description(info),
    };
    this.#ctx.pipe(
      () => this.#connection.subscribe(call),
      (outcome) => {
        const fault = faultOf(outcome);
        if (fault === undefined) return this.#read();
        if (fault.kind === "denied") return scheduler.tell("frameworkError", { message: fault.message });
        this.#ctx.log("warn", fault.message);
        this.end(fault.message);
      },
    );
  }

  update(change: BodyOf<MasterForSchedulers["updateFramework"]>, reply: Reply<UpdateReply>): void {
    this.#info = { ...change.info, id: change.frameworkId };
    this.#suppressed = new Set(change.suppressedRoles);
    if (change.filters !== undefined) this.#filters = change.filters;
    this.#updateFramework((fault) => {
      reply(fault === undefined ? { done: true } : { done: false, reason: fault.message });
      if (fault !== undefined) this.end(fault.message);
    });
  }

  /**
   * Amounts and constraints are the master's to apply. Which slaves to offer Mesos cannot be told: offers of others are
   * refused here, and for long. When the filters change, those refusals are taken back, and with them, for Mesos has no finer
   * word, every other that still lasts.
   */
  setFilters(filters: OfferFilters): void {
    const told = [this.#filters, filters].some(({ minFree, roles }) => minFree !== undefined || roles !== undefined);
    this.#filters = filters;
    if (told) this.#updateFramework((fault) => fault && this.end(fault.message));
    const { id, roles = [] } = this.#info ?? {};
    const wanting = roles.filter((role) => !this.#suppressed.has(role));
    if (!this.#leftOut || id === undefined || wanting.length === 0) return;
    this.#leftOut = false;
    this.say(callTo({ kind: "revive", body: { frameworkId: id, roles: wanting } }));
  }

  suppress(body: BodyOf<MasterForSchedulers["suppress"]>): void {
    const { roles: own = [] } = this.#info ?? {};
    this.#suppressed = new Set([...this.#suppressed, ...(body.roles.length === 0 ? own : body.roles)]);
    this.say(callTo({ kind: "suppress", body }));
  }

  revive(body: BodyOf<MasterForSchedulers["revive"]>): void {
    const { roles } = body;
    this.#suppressed = new Set([...this.#suppressed].filter((role) => roles.length > 0 && !roles.includes(role)));
    this.say(callTo({ kind: "revive", body }));
  }

  /** Without an answer of the master there is none: whoever asks has a deadline. */
  placeable(resources: BodyOf<MasterForSchedulers["placeable"]>["resources"], reply: Reply<Placeable>): void {
    this.#ctx.pipe(
      () => this.#connection.placeable(resources),
      (outcome) => {
        if (outcome.ok && outcome.value !== undefined) reply(outcome.value);
      },
    );
  }

  say(call: CallInput, answered = (fault: CallFault | undefined) => fault && this.end(fault.message)): void {
    if (this.#ending) return;
    if (this.#waiting >= callsWaitingMax) return this.end(`more than ${callsWaitingMax} calls wait for the master`);
    this.#waiting++;
    this.#ctx.pipe(
      () => this.#connection.call(call),
      (outcome) => {
        this.#waiting--;
        answered(faultOf(outcome));
      },
    );
  }

  end(reason: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#ctx.stop(undefined, { failed: reason });
  }

  /** What an orderly scheduler has said last is still sent. */
  ended(reason: DownReason): void {
    const connection = this.#connection;
    this.#ctx.act(() => (typeof reason === "object" ? connection.cut() : void connection.finish()));
  }

  inspect() {
    return { info: this.#info, waiting: this.#waiting, filters: this.#filters, suppressed: this.#suppressed };
  }

  #subscribedAlready(self: Address<SchedulerProtocol>): void {
    // A repeat of what is under way.
    if (self === this.#scheduler?.address) return;
    this.#ctx.ref(self).tell("frameworkError", { message: "this process has a scheduler at the master already" });
  }

  #description(info: FrameworkInfo): NonNullable<CallInput["subscribe"]> {
    const constraints = constraintsTo(this.#filters);
    return {
      framework_info: frameworkTo(info, this.#filters),
      suppressed_roles: [...this.#suppressed],
      ...(constraints === undefined ? {} : { offer_constraints: constraints }),
    };
  }

  #updateFramework(answered: (fault: CallFault | undefined) => void): void {
    const info = this.#info;
    if (info?.id === undefined) return;
    const update = this.#description(info);
    this.say({ framework_id: { value: info.id }, type: "UPDATE_FRAMEWORK", update_framework: update }, answered);
  }

  /** Events are taken one chunk after the other: while the scheduler is behind, the master is held up and not memory filled. */
  #read(): void {
    if (this.#ending) return;
    this.#ctx.pipe(
      () => this.#connection.next(),
      (outcome) => {
        const fault = faultOf(outcome);
        if (fault !== undefined || !outcome.ok || !outcome.value.ok) return this.end(fault?.message ?? "");
        if (outcome.value.value.length === 0) return this.end("the master ended the stream");
        for (const event of outcome.value.value) if (!this.#ending) this.#hear(event);
        this.#listen();
        this.#read();
      },
    );
  }

  #listen(): void {
    if (this.#ending) return;
    this.#ctx.after("silence", this.#silenceMs, () => this.end(`the master was silent for ${this.#silenceMs} ms`));
  }

  #hear({
    type,
    subscribed,
    offers,
    rescind,
    update,
    failure,
    update_operation_status: operation,
    error,
    ...inverse
  }: HeardEvent): void {
    this.#hearInverse(type, inverse);
    if (type === "SUBSCRIBED" && subscribed !== undefined) this.#subscribed(subscribed);
    if (type === "OFFERS" && offers !== undefined) this.#offered(offers.offers.map(offerFrom));
    if (type === "RESCIND" && rescind !== undefined) {
      // Mesos does not say why; most often nobody answered in time.
      this.#tell("offersRescinded", { offerIds: [OfferId(rescind.offer_id.value)], reason: "offerExpired" });
    }
    if (type === "UPDATE" && update !== undefined) this.#tell("taskUpdate", { status: statusFrom(update.status) });
    if (type === "FAILURE" && failure?.agent_id !== undefined) this.#failed(SlaveId(failure.agent_id.value), failure);
    if (type === "UPDATE_OPERATION_STATUS" && operation !== undefined) {
      const status = operationStatusFrom(operation.status);
      if (status !== undefined) this.#tell("operationUpdate", status);
    }
    if (type === "ERROR" && error !== undefined) this.#tell("frameworkError", { message: error.message });
  }

  #hearInverse(
    type: HeardEvent["type"],
    {
      inverse_offers: inverse,
      rescind_inverse_offer: rescinded,
    }: Pick<HeardEvent, "inverse_offers" | "rescind_inverse_offer">,
  ): void {
    if (type === "INVERSE_OFFERS" && inverse !== undefined) {
      this.#tell("inverseOffers", { offers: inverse.inverse_offers.map(inverseOfferFrom) });
    }
    if (type === "RESCIND_INVERSE_OFFER" && rescinded !== undefined) {
      this.#tell("inverseOffersRescinded", { offerIds: [OfferId(rescinded.inverse_offer_id.value)] });
    }
  }

  #subscribed({ framework_id, heartbeat_interval_seconds: seconds }: NonNullable<HeardEvent["subscribed"]>): void {
    const frameworkId = FrameworkId(framework_id.value);
    const heartbeatMs = seconds !== undefined && seconds > 0 ? seconds * 1000 : heartbeatMsDefault;
    this.#silenceMs = silentHeartbeats * heartbeatMs;
    if (this.#info !== undefined) this.#info = { ...this.#info, id: frameworkId };
    this.#tell("subscribed", { frameworkId, lead: unknownLead });
  }

  #offered(offers: readonly Offer[]): void {
    const { slaves, minFree = {} } = this.#filters;
    const wanted = offers.filter(
      ({ slaveId, resources }) => slaves?.includes(slaveId) !== false && contains(resources, minFree),
    );
    const others = offers.filter((offer) => !wanted.includes(offer));
    if (wanted.length > 0) this.#tell("resourceOffers", { offers: wanted });
    const [other] = others;
    if (other === undefined) return;
    this.#leftOut = true;
    const filter = { refuseMs: leftOutRefuseMs };
    const body = { frameworkId: other.frameworkId, offerIds: others.map(({ id }) => id), filter };
    this.say(callTo({ kind: "decline", body }));
  }

  #failed(slaveId: SlaveId, { executor_id: executor, status }: NonNullable<HeardEvent["failure"]>): void {
    // Mesos does not say under which name the slave was known.
    if (executor === undefined) return this.#tell("slaveLost", { slaveId, hostname: "" });
    const exit = status === undefined ? {} : { status };
    this.#tell("executorEnded", { slaveId, executorId: executor.value, ...exit });
  }

  /** The scheduler is told what a master of ours could have told it, and nothing else. */
  #tell<K extends TellKind<SchedulerProtocol>>(kind: K, body: BodyOf<SchedulerProtocol[K]>): void {
    const fault = schedulerTable.fault?.(kind, body as never);
    if (fault !== undefined) return this.end(`what the master's stream says makes no sense: ${kind}.${fault}`);
    this.#scheduler?.tell(kind, body);
  }
}

function faultOf(outcome: Outcome<Result<unknown, CallFault>>): CallFault | undefined {
  if (!outcome.ok) return { kind: "failed", message: outcome.error };
  return outcome.value.ok ? undefined : outcome.value.error;
}
