import type { WireValue } from "../actors/wire-value.ts";
import type { Clock, LogLevel } from "../actors/world.ts";
import type { FrameworkId, OfferId, SlaveId, TaskId } from "../protocol/ids.ts";
import type { InverseOffer } from "../protocol/inverse-offer.ts";
import type { Placeable } from "../protocol/master-api.ts";
import type { AuthorOperation, Filter, Offer, RescindReason } from "../protocol/offer.ts";
import type { OfferFilters } from "../protocol/offer-filters.ts";
import type { OperationStatus } from "../protocol/operation-status.ts";
import type { Resources } from "../protocol/resources.ts";
import type { TaskInfo, TaskStatus } from "../protocol/task.ts";
import type { TaskGroup } from "../protocol/task-group.ts";
import type { Ending } from "./report.ts";

/**
 * A framework's deciding half as its author writes it: the scheduler callbacks of the paper's Table 1 (§3), and those
 * that came to Mesos since. The driver does the rest: it stays connected, acknowledges, reconciles and backs off.
 *
 * Callbacks run one at a time, in the order of what they tell; a callback that returns a promise holds up the next
 * one until it settles. One that throws or rejects is logged; what it was told of is then treated as unheard: an
 * update comes again, offers are declined. A callback that throws has done nothing of what it asked the driver for.
 */
export type SchedulerDefinition = {
  readonly name: string;
  /** The names under which the framework is owed a share, each by itself: an offer is for one. Default: only `*`. */
  readonly roles?: readonly string[];
  /** Who the tasks run as. Default: whoever runs the slave. */
  readonly user?: string;
  /** How long tasks outlive their scheduler, in milliseconds. Default one week; 0: not at all. */
  readonly failoverTimeoutMs?: number;
  /** Whether process tasks outlive a lost connection of their slave. Default true. */
  readonly checkpoint?: boolean;

  /** Before the first subscription. Failing here ends the framework. */
  readonly start?: (driver: SchedulerDriver) => Settled;
  /** The master knows the framework, for the first time or again. */
  readonly subscribed?: (frameworkId: FrameworkId, driver: SchedulerDriver) => Settled;
  /** The master is out of reach; every offer is void and none comes until `subscribed`. */
  readonly disconnected?: (driver: SchedulerDriver) => Settled;
  /** Table 1: `resourceOffer(offerId, offers)`. Offers neither used, declined nor kept here are declined for 5 s. */
  readonly resourceOffers: (offers: readonly Offer[], driver: SchedulerDriver) => Settled;
  /** Table 1: `offerRescinded(offerId)`. Only for offers that `resourceOffers` has shown. */
  readonly offerRescinded?: (offerId: OfferId, reason: RescindReason, driver: SchedulerDriver) => Settled;
  /**
   * What the framework is asked to give back, and by when. For a revocation the tasks named are killed then, whatever it
   * answers, unless others have freed enough; to choose for itself, it can end other tasks of its own before.
   */
  readonly inverseOffers?: (offers: readonly InverseOffer[], driver: SchedulerDriver) => Settled;
  /** One that asks for nothing any more. */
  readonly inverseOfferRescinded?: (offerId: OfferId, driver: SchedulerDriver) => Settled;
  /** Table 1: `statusUpdate(taskId, status)`. Once per update; acknowledged when it has settled. */
  readonly statusUpdate?: (status: TaskStatus, driver: SchedulerDriver) => Settled;
  /** What became of an operation that was given an id. Once per update; acknowledged when it has settled. */
  readonly operationUpdate?: (status: OperationStatus, driver: SchedulerDriver) => Settled;
  /** Table 1: `slaveLost(slaveId)`. Updates of its tasks come separately. */
  readonly slaveLost?: (slaveId: SlaveId, driver: SchedulerDriver) => Settled;
};

/** Nothing, now or later. */
export type Settled = void | Promise<void>;

/**
 * What a scheduler may ask for: the actions of the paper's Table 1 (§3), and those that came to Mesos since. Callable
 * from callbacks and, in schedulers that are async, at any time in between; once the framework has ended, calls do
 * nothing. Timers and `then` run like callbacks.
 */
export type SchedulerDriver = {
  /** Undefined until the first subscription. */
  readonly frameworkId: FrameworkId | undefined;
  /** The only time a scheduler knows. */
  readonly clock: Pick<Clock, "now" | "wall">;

  /**
   * Table 1: `replyToOffer(offerId, tasks)`. Launches tasks on the offers, which are all of one slave; no tasks means
   * no thanks. What the tasks leave over is refused for the filter's time, default 5 s. Tasks for offers that are no
   * longer valid come back as `dropped`.
   */
  replyToOffer(offerIds: readonly OfferId[], tasks: readonly TaskInfo[], filter?: Filter): void;
  /**
   * Does several things with offers of one slave, one after the other; each sees what the ones before have left and made.
   * The rest goes back with the filter, but for what was reserved or unreserved.
   */
  acceptOffers(offerIds: readonly OfferId[], operations: readonly AuthorOperation[], filter?: Filter): void;
  /**
   * Launches a group on the offers, which are all of one slave: its tasks begin together or not at all, and when one ends
   * and has not finished, the others are killed. While one of them lives, its executor's resources are held as well: at
   * least cpus:0.01, mem:32 and some disk. What is wrong with one task is wrong with all of them (`TASK_GROUP_INVALID`).
   */
  launchGroup(offerIds: readonly OfferId[], group: TaskGroup, filter?: Filter): void;
  /** Refuses offers for the filter's time: default 5 s, or an hour while the framework needs none. */
  decline(offerIds: readonly OfferId[], filter?: Filter): void;
  /** Holds on to offers beyond the callback. They count as used until they are answered, rescinded or expired. */
  keep(offerIds: readonly OfferId[]): void;
  /** Says that what is asked for will be given back. An inverse offer for maintenance is not repeated for the filter's time, default 5 s. */
  acceptInverseOffers(offerIds: readonly OfferId[], filter?: Filter): void;
  /** Says that it will not. Likewise. */
  declineInverseOffers(offerIds: readonly OfferId[], filter?: Filter): void;
  /** Table 1: `setNeedsOffers(bool)`. False: no offers. True: offers again, and every earlier refusal is forgotten. */
  setNeedsOffers(needed: boolean): void;
  /** Forgets earlier refusals of these slaves alone. Mesos's HTTP API has no such call: there it forgets all of them. */
  revive(slaveIds: readonly SlaveId[]): void;
  /**
   * Table 1: `setFilters(filters)`. What the master shall not even offer, so that nobody has to decline it (§3.5): other
   * slaves than those in a list, less than an amount, and by role what Mesos's `min_allocatable_resources` and
   * `offer_constraints` leave out. Each call replaces the last; `{}` lets everything through. Offers that are outstanding
   * stay. Filters that make no sense are an error in the log, and those before stay in force.
   */
  setFilters(filters: OfferFilters): void;
  /** Table 1: `getGuaranteedShare()`. Undefined when the master has not answered within 5 s. */
  getGuaranteedShare(then: (guaranteed: Resources | undefined) => Settled): void;
  /** Table 1: `killTask(taskId)`. Asked again after a lost master until the task has ended. */
  killTask(taskId: TaskId, graceMs?: number): void;

  /** Asks for the latest state of these tasks, or of every task of the framework. The driver does so by itself. */
  reconcile(taskIds?: readonly TaskId[]): void;
  /** Whether a slave is large enough for a task of any length, whatever it is doing now. Undefined when the master has not answered within 5 s. */
  placeable(resources: Resources, then: (answer: Placeable | undefined) => Settled): void;

  /** Runs after a delay in milliseconds; arming a key again replaces what it held. */
  after(key: string, delayMs: number, run: () => Settled): void;
  cancel(key: string): void;

  log(level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Tells whoever follows the framework how far it is; asked for only when it is sent, every 100 ms at most. */
  progress(details: () => WireValue): void;
  /** Tells whoever follows the framework one lasting fact, such as the outcome of one piece of work. */
  record(row: WireValue): void;
  /** Ends the framework and every task it still has. The first call counts. */
  stop(ending: Ending): void;
};

/** A scheduler by its author: gives the definition its types. */
export function defineScheduler(definition: SchedulerDefinition): SchedulerDefinition {
  return definition;
}
