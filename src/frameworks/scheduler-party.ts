import type { Address } from "../actors/address.ts";
import type { Context } from "../actors/context.ts";
import type { BodyOf, TellKind } from "../actors/protocol.ts";
import type { DownReason } from "../actors/spec.ts";
import type { FrameworkInfo } from "../protocol/framework-info.ts";
import type { FrameworkId, OfferId, SlaveId, TaskId } from "../protocol/ids.ts";
import type { InverseOffer } from "../protocol/inverse-offer.ts";
import { type MasterProtocol, masterTable } from "../protocol/master-api.ts";
import {
  type AuthorOperation,
  type Filter,
  type Offer,
  type RescindReason,
  type ReservationOperation,
  refuseMsDefault,
} from "../protocol/offer.ts";
import { filtersFault, type OfferFilters, offerFiltersShape } from "../protocol/offer-filters.ts";
import type { OperationStatus } from "../protocol/operation-status.ts";
import type { SchedulerProtocol } from "../protocol/scheduler-api.ts";
import { shapeFault } from "../protocol/shape.ts";
import type { TaskInfo, TaskReason, TaskStatus } from "../protocol/task.ts";
import type { TaskGroup } from "../protocol/task-group.ts";
import { authorDriver } from "./author-driver.ts";
import { Callbacks } from "./callbacks.ts";
import { HeldOffers } from "./held-offers.ts";
import { type KnownState, KnownTasks } from "./known-tasks.ts";
import { type AskedTask, Reconciliation } from "./reconciliation.ts";
import { type Ending, Reporter, type ReportProtocol } from "./report.ts";
import type { SchedulerDefinition, SchedulerDriver } from "./scheduler.ts";
import { sifted } from "./sifted.ts";
import { Subscription } from "./subscription.ts";

export type PartyConfig = {
  readonly endpoint: string;
  readonly info: FrameworkInfo;
  readonly report: Address<ReportProtocol> | undefined;
};

/** What oracles see of a scheduler. */
export type SchedulerInspection = {
  readonly frameworkId: FrameworkId | undefined;
  readonly subscribed: boolean;
  readonly offers: readonly Offer[];
  /** Every task that has not ended, and the last that have. */
  readonly tasks: ReadonlyMap<TaskId, KnownState>;
  /** Identifiers of the last acknowledged updates. */
  readonly acked: ReadonlySet<string>;
  /** The callback that has not settled, by name. */
  readonly running?: string;
  readonly finished?: Ending;
};

/** What a framework that needs nothing refuses its offers for, in milliseconds. `setNeedsOffers(true)` ends it. */
const unneededRefuseMs = 3_600_000;
/** Between implicit reconciliations, in milliseconds (Mesos's advice to framework authors). */
const reconcileEveryMs = 900_000;
/** Between a sign that messages were lost and the reconciliation that mends it, in milliseconds. */
const reconcileSoonMs = 1_000;
/** Tasks named in one message, so that it stays below what a link takes. */
const reconcileTasksMax = 500;
/** How long an ended framework waits for a lost master to tear it down, in milliseconds. Then it goes without. */
const teardownWaitMs = 10_000;

/** One scheduler's side of the conversation with the master; its author hears of it through callbacks. */
export class SchedulerParty {
  readonly offers = new HeldOffers();
  readonly tasks = new KnownTasks();
  readonly reporter: Reporter;
  readonly callbacks: Callbacks;
  readonly ctx: Context<SchedulerProtocol>;
  readonly #definition: SchedulerDefinition;
  readonly #driver: SchedulerDriver;
  readonly #config: PartyConfig;
  /** Updates that wait for their callback. */
  readonly #unsettled = new Set<string>();
  #subscription: Subscription | undefined;
  #needsOffers = true;
  readonly #reconciliation: Reconciliation;
  #filters: OfferFilters | undefined;
  #ending: Ending | undefined;

  constructor(ctx: Context<SchedulerProtocol>, definition: SchedulerDefinition, config: PartyConfig) {
    this.ctx = ctx;
    this.#definition = definition;
    this.#config = config;
    this.reporter = new Reporter(ctx, config.report, () => this.offers.counts);
    this.callbacks = new Callbacks(ctx, () => this.#concludeIfAsked());
    this.#driver = authorDriver(this);
    this.#reconciliation = new Reconciliation(ctx, (tasks) => this.reconcile(tasks));
    this.callbacks.enqueue({
      name: "start",
      run: () => definition.start?.(this.#driver),
      settled: (succeeded) => {
        if (!succeeded) return this.fail("the scheduler could not start; the log has its reason");
        const fault = this.authorFault("subscribe", { self: ctx.self.address, info: config.info });
        if (fault !== undefined) return this.fail(`what the scheduler says of itself is malformed: ${fault}`);
        if (this.#ending === undefined) this.#subscribe();
      },
    });
  }

  get frameworkId(): FrameworkId | undefined {
    return this.#subscription?.frameworkId;
  }

  /** The master and the id it knows us by, while we are subscribed. */
  get standing() {
    const master = this.#subscription?.master;
    const frameworkId = this.#subscription?.frameworkId;
    return master === undefined || frameworkId === undefined ? undefined : { master, frameworkId };
  }

  subscribed(frameworkId: FrameworkId): void {
    const returning = this.frameworkId !== undefined;
    if (this.#subscription?.confirm(frameworkId) !== true) return;
    if (this.#ending !== undefined) return this.#teardown();
    this.reporter.connection({ state: "subscribed", frameworkId });
    const { standing } = this;
    if (!this.#needsOffers) standing?.master.tell("suppress", { frameworkId, roles: [] });
    if (this.#filters !== undefined) standing?.master.tell("setFilters", { frameworkId, filters: this.#filters });
    if (returning) this.#reconcileKnown();
    this.ctx.every("reconcile", reconcileEveryMs, () => this.reconcile([]));
    this.callbacks.enqueue({
      name: "subscribed",
      run: () => this.#definition.subscribed?.(frameworkId, this.#driver),
    });
  }

  resourceOffers(offers: readonly Offer[]): void {
    if (this.standing === undefined || this.#ending !== undefined) return;
    this.offers.add(offers);
    if (this.callbacks.full || !this.#needsOffers) return this.decline(offers.map(({ id }) => id));
    this.callbacks.enqueue({
      name: "resourceOffers",
      run: () => {
        const shown = this.#needsOffers ? this.offers.show(offers) : [];
        if (shown.length > 0) return this.#definition.resourceOffers(shown, this.#driver);
      },
      settled: () => this.decline(this.offers.unanswered(offers)),
    });
  }

  offersRescinded(offerIds: readonly OfferId[], reason: RescindReason): void {
    for (const offerId of this.offers.rescind(offerIds)) {
      this.callbacks.enqueue({
        name: "offerRescinded",
        run: () => this.#definition.offerRescinded?.(offerId, reason, this.#driver),
      });
    }
  }

  /** One that is not heard for want of room costs its tasks their notice and nothing else. */
  inverseOffers(offers: readonly InverseOffer[]): void {
    if (this.callbacks.full) return;
    this.callbacks.enqueue({
      name: "inverseOffers",
      run: () => this.#definition.inverseOffers?.(offers, this.#driver),
    });
  }

  inverseOffersRescinded(offerIds: readonly OfferId[]): void {
    for (const offerId of offerIds) {
      if (this.callbacks.full) return;
      this.callbacks.enqueue({
        name: "inverseOfferRescinded",
        run: () => this.#definition.inverseOfferRescinded?.(offerId, this.#driver),
      });
    }
  }

  /** An update is acknowledged once its callback has succeeded; until then its slave sends it again and again. */
  taskUpdate(status: TaskStatus): void {
    const { uuid } = status;
    this.#reconciliation.heard(status.taskId);
    if (uuid !== undefined && this.tasks.acknowledged.has(uuid)) return this.#acknowledge(status);
    if (uuid !== undefined && this.#unsettled.has(uuid)) return;
    if (this.callbacks.full) return this.refused();
    if (uuid !== undefined) this.#unsettled.add(uuid);
    this.callbacks.enqueue({
      name: "statusUpdate",
      run: () => this.#definition.statusUpdate?.(status, this.#driver),
      settled: (succeeded) => {
        if (uuid !== undefined) this.#unsettled.delete(uuid);
        if (!succeeded) return;
        this.tasks.heard(status);
        this.#acknowledge(status);
      },
    });
  }

  /** As with tasks; what has no uuid is told only once. */
  operationUpdate(status: OperationStatus): void {
    const { uuid } = status;
    if (uuid !== undefined && this.tasks.acknowledged.has(uuid)) return this.#acknowledgeOperation(status);
    if (this.callbacks.full || (uuid !== undefined && this.#unsettled.has(uuid))) return;
    if (uuid !== undefined) this.#unsettled.add(uuid);
    this.callbacks.enqueue({
      name: "operationUpdate",
      run: () => this.#definition.operationUpdate?.(status, this.#driver),
      settled: (succeeded) => {
        if (uuid === undefined) return;
        this.#unsettled.delete(uuid);
        if (!succeeded) return;
        this.tasks.dealtWith(uuid);
        this.#acknowledgeOperation(status);
      },
    });
  }

  slaveLost(slaveId: SlaveId): void {
    this.callbacks.enqueue({ name: "slaveLost", run: () => this.#definition.slaveLost?.(slaveId, this.#driver) });
  }

  /** Something we said or heard went missing for lack of room: the master is asked for the truth a little later. */
  refused(): void {
    this.ctx.after("reconcile.soon", reconcileSoonMs, () => this.#reconcileKnown());
  }

  /** The subscription is over for good, and the actor with it. */
  fail(message: string): void {
    if (this.#ending !== undefined) return this.#teardown();
    this.#finish({ kind: "failed", message });
    this.ctx.stop(undefined, { failed: message });
  }

  reply(offerIds: readonly OfferId[], tasks: readonly TaskInfo[], filter: Filter | undefined): void {
    if (tasks.length === 0) return this.decline(offerIds, filter);
    this.accept(offerIds, [{ type: "launch", tasks }], filter);
  }

  accept(offerIds: readonly OfferId[], wanted: readonly AuthorOperation[], filter: Filter | undefined): void {
    const { standing } = this;
    if (standing === undefined) return this.#drop(wanted);
    this.offers.accept(offerIds);
    const { operations, tasks, faults } = sifted(wanted);
    this.tasks.launched(tasks);
    const { frameworkId } = standing;
    this.#sayForAuthor("accept", { frameworkId, offerIds, operations, filter: filter ?? this.#filterNow() });
    for (const { task, reason, fault } of faults.tasks) this.#refuse(task, "error", reason, fault);
    for (const { operation, fault } of faults.operations) this.#refuseOperation(operation, "error", fault);
  }

  launchGroup(offerIds: readonly OfferId[], { executor, tasks }: TaskGroup, filter: Filter | undefined): void {
    if (tasks.length === 0) return this.decline(offerIds, filter);
    this.accept(offerIds, [{ type: "launchGroup", executor, tasks }], filter);
  }

  decline(offerIds: readonly OfferId[], filter?: Filter): void {
    const declined = this.offers.decline(offerIds);
    const { standing } = this;
    if (declined.length === 0 || standing === undefined) return;
    const { frameworkId } = standing;
    this.#sayForAuthor("decline", { frameworkId, offerIds: declined, filter: filter ?? this.#filterNow() });
  }

  answerInverse(
    kind: "acceptInverseOffers" | "declineInverseOffers",
    offerIds: readonly OfferId[],
    filter: Filter = { refuseMs: refuseMsDefault },
  ): void {
    const { standing } = this;
    if (standing !== undefined) this.#sayForAuthor(kind, { frameworkId: standing.frameworkId, offerIds, filter });
  }

  setNeedsOffers(needed: boolean): void {
    if (!needed && !this.#needsOffers) return;
    this.#needsOffers = needed;
    const { standing } = this;
    standing?.master.tell(needed ? "revive" : "suppress", { frameworkId: standing.frameworkId, roles: [] });
  }

  revive(slaveIds: readonly SlaveId[]): void {
    const { standing } = this;
    if (!this.#needsOffers) return this.setNeedsOffers(true);
    standing?.master.tell("revive", { frameworkId: standing.frameworkId, roles: [], slaveIds });
  }

  /** Filters that no master would take leave those before in force. */
  setFilters(filters: OfferFilters): void {
    const malformed = shapeFault(offerFiltersShape, filters);
    const fault = malformed === undefined ? filtersFault(filters, this.#config.info.roles) : `filters.${malformed}`;
    if (fault !== undefined) {
      return this.ctx.log("error", `the scheduler's setFilters is malformed and is not sent: ${fault}`);
    }
    this.#filters = filters;
    const { standing } = this;
    standing?.master.tell("setFilters", { frameworkId: standing.frameworkId, filters });
  }

  kill(taskId: TaskId, graceMs: number | undefined): void {
    this.tasks.kill(taskId, graceMs);
    const { standing } = this;
    const grace = graceMs === undefined ? {} : { graceMs };
    if (standing !== undefined) {
      this.#sayForAuthor("killTask", { frameworkId: standing.frameworkId, taskId, ...grace });
    }
  }

  /** No tasks: all of them, and also those we may not know of. */
  reconcile(tasks: readonly AskedTask[]): void {
    const { standing } = this;
    if (standing === undefined) return;
    for (let from = 0; from === 0 || from < tasks.length; from += reconcileTasksMax) {
      const some = tasks.slice(from, from + reconcileTasksMax);
      this.#sayForAuthor("reconcile", { frameworkId: standing.frameworkId, tasks: some });
    }
  }

  stop(ending: Ending): void {
    this.#ending ??= ending;
    if (this.callbacks.idle) this.#concludeIfAsked();
  }

  /** The actor has ended; whoever follows it must not wait for more. */
  ended(reason: DownReason): void {
    if (this.#ending === undefined && typeof reason === "object")
      this.#finish({ kind: "failed", message: reason.failed });
  }

  inspect(): SchedulerInspection {
    return {
      frameworkId: this.frameworkId,
      subscribed: this.standing !== undefined,
      offers: this.offers.all,
      tasks: this.tasks.all,
      acked: this.tasks.acknowledged,
      ...(this.callbacks.running !== undefined && { running: this.callbacks.running }),
      ...(this.#ending !== undefined && { finished: this.#ending }),
    };
  }

  #subscribe(): void {
    this.#subscription = new Subscription(this.ctx, this.#config.endpoint, this.#config.info, {
      lost: (reason) => {
        this.offers.forget();
        this.ctx.cancel("reconcile");
        this.#reconciliation.stop();
        this.reporter.connection({ state: "lost", reason });
        this.callbacks.enqueue({ name: "disconnected", run: () => this.#definition.disconnected?.(this.#driver) });
      },
      trying: (reason, attempts) => {
        this.ctx.log("warn", `the master at ${this.#config.endpoint} is out of reach: ${reason}`, { attempts });
        this.reporter.connection({ state: "trying", reason, attempts });
      },
    });
  }

  /** Asks after every task believed alive, and asks again to end those that should not be. */
  #reconcileKnown(): void {
    this.#reconciliation.begin(this.tasks.alive);
    for (const [taskId, graceMs] of this.tasks.kills) this.kill(taskId, graceMs);
  }

  #acknowledge({ uuid, slaveId, taskId }: TaskStatus): void {
    const { standing } = this;
    if (uuid === undefined || slaveId === undefined || standing === undefined) return;
    standing.master.tell("acknowledge", { frameworkId: standing.frameworkId, slaveId, taskId, uuid });
  }

  #acknowledgeOperation({ uuid, operationId }: OperationStatus): void {
    const { standing } = this;
    if (uuid === undefined || standing === undefined) return;
    standing.master.tell("acknowledgeOperation", { frameworkId: standing.frameworkId, operationId, uuid });
  }

  /** What cannot be sent ends here and now. */
  #drop(operations: readonly AuthorOperation[]): void {
    const why = (what: string) => `the scheduler was not connected to a master, so the ${what} was never sent`;
    for (const operation of operations) {
      if (!("tasks" in operation)) this.#refuseOperation(operation, "dropped", why("operation"));
      else for (const task of operation.tasks) this.#refuse(task, "dropped", "INVALID_OFFERS", why("task"));
    }
  }

  #refuseOperation({ operationId }: ReservationOperation, state: "dropped" | "error", message: string): void {
    if (operationId !== undefined) this.operationUpdate({ operationId, state, message });
    else this.ctx.log("warn", `an operation of the scheduler is not sent: ${message}`);
  }

  #refuse({ taskId, slaveId }: TaskInfo, state: "dropped" | "error", reason: TaskReason, message: string): void {
    const timestampMs = this.ctx.clock.wall();
    this.taskUpdate({ taskId, slaveId, state, source: "master", reason, message, timestampMs });
  }

  /** What a master on another host would find wrong with a message. It would close the link that brings it. */
  authorFault<K extends keyof MasterProtocol>(kind: K, body: BodyOf<MasterProtocol[K]>): string | undefined {
    return masterTable.fault?.(kind, body);
  }

  /** Tells the master what an author wants told, who may not have a compiler to keep its shape. */
  #sayForAuthor<K extends TellKind<MasterProtocol>>(kind: K, body: BodyOf<MasterProtocol[K]>): void {
    const fault = this.authorFault(kind, body);
    if (fault === undefined) this.standing?.master.tell(kind, body);
    else this.ctx.log("error", `the scheduler's ${kind} is malformed and is not sent: ${fault}`);
  }

  #filterNow(): Filter {
    return { refuseMs: this.#needsOffers ? refuseMsDefault : unneededRefuseMs };
  }

  #concludeIfAsked(): void {
    if (this.#ending === undefined) return;
    this.callbacks.close();
    if (this.standing !== undefined || this.#subscription?.begun !== true) return this.#teardown();
    this.ctx.after("teardown", teardownWaitMs, () => {
      this.ctx.log("warn", "the framework ended without a master: its tasks run until its failover timeout");
      this.#teardown();
    });
  }

  #teardown(): void {
    const { standing } = this;
    standing?.master.tell("teardown", { frameworkId: standing.frameworkId });
    this.#finish(this.#ending ?? { kind: "failed", message: "the framework was stopped" });
    this.ctx.stop();
  }

  #finish(ending: Ending): void {
    this.#ending = ending;
    this.callbacks.close();
    this.reporter.finished(ending);
  }
}
