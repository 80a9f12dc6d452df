import type { Behaviour, Spec } from "../actors/spec.ts";
import type { WireValue } from "../actors/wire-value.ts";
import type { Ending } from "../frameworks/report.ts";
import type { SchedulerDefinition, SchedulerDriver, Settled } from "../frameworks/scheduler.ts";
import { type SchedulerDriverArgs, schedulerDriver } from "../frameworks/scheduler-driver.ts";
import type { SchedulerInspection } from "../frameworks/scheduler-party.ts";
import type { FrameworkId, OfferId, SlaveId, TaskId } from "../protocol/ids.ts";
import type { Offer, RescindReason } from "../protocol/offer.ts";
import { format } from "../protocol/resources.ts";
import type { SchedulerProtocol } from "../protocol/scheduler-api.ts";
import type { TaskInfo, TaskStatus } from "../protocol/task.ts";

/** What a scheduler heard, and what it did. */
export type Deed =
  | { readonly kind: "subscribed"; readonly frameworkId: FrameworkId }
  | { readonly kind: "disconnected" }
  | { readonly kind: "offered"; readonly offers: readonly Offer[] }
  /** The callback that was shown these offers has settled. */
  | { readonly kind: "considered"; readonly offers: readonly Offer[] }
  | { readonly kind: "rescinded"; readonly offerId: OfferId; readonly reason: RescindReason }
  | { readonly kind: "told"; readonly status: TaskStatus }
  | { readonly kind: "slaveLost"; readonly slaveId: SlaveId }
  | { readonly kind: "replied"; readonly offerIds: readonly OfferId[]; readonly tasks: readonly TaskInfo[] }
  | { readonly kind: "declined"; readonly offerIds: readonly OfferId[] }
  | { readonly kind: "kept"; readonly offerIds: readonly OfferId[] }
  | { readonly kind: "killed"; readonly taskId: TaskId }
  | { readonly kind: "recorded"; readonly row: WireValue }
  | { readonly kind: "threw"; readonly callback: string; readonly message: string }
  | { readonly kind: "ended"; readonly ending: Ending };

export type SchedulerSpec = Spec<SchedulerProtocol, SchedulerDriverArgs<null>>;

/** The driver of a scheduler that is watched: everything that passes between the author's code and the driver is told. */
export function witnessed(define: () => SchedulerDefinition, tell: (deed: Deed) => void): SchedulerSpec {
  const spec = schedulerDriver<null>(() => watched(define(), tell));
  return {
    ...spec,
    start(ctx, args) {
      const behaviour: Behaviour<SchedulerProtocol> = spec.start(ctx, args);
      return {
        ...behaviour,
        onStop(reason) {
          behaviour.onStop?.(reason);
          const seen = behaviour.inspect?.() as SchedulerInspection | undefined;
          if (seen?.finished !== undefined) tell({ kind: "ended", ending: seen.finished });
        },
      };
    },
  };
}

function watched(definition: SchedulerDefinition, tell: (deed: Deed) => void): SchedulerDefinition {
  const hears = (deed: Deed, callback: string, run: () => Settled, settled = () => {}): Settled => {
    tell(deed);
    return observed(run, settled, (error) => tell({ kind: "threw", callback, message: messageOf(error) }));
  };
  const { name, roles, user, failoverTimeoutMs, checkpoint } = definition;
  return {
    name,
    ...(roles !== undefined && { roles }),
    ...(user !== undefined && { user }),
    ...(failoverTimeoutMs !== undefined && { failoverTimeoutMs }),
    ...(checkpoint !== undefined && { checkpoint }),
    start: (driver) => definition.start?.(watchedDriver(driver, tell)),
    subscribed: (frameworkId, driver) =>
      hears({ kind: "subscribed", frameworkId }, "subscribed", () =>
        definition.subscribed?.(frameworkId, watchedDriver(driver, tell)),
      ),
    disconnected: (driver) =>
      hears({ kind: "disconnected" }, "disconnected", () => definition.disconnected?.(watchedDriver(driver, tell))),
    resourceOffers: (offers, driver) =>
      hears(
        { kind: "offered", offers },
        "resourceOffers",
        () => definition.resourceOffers(offers, watchedDriver(driver, tell)),
        () => tell({ kind: "considered", offers }),
      ),
    offerRescinded: (offerId, reason, driver) =>
      hears({ kind: "rescinded", offerId, reason }, "offerRescinded", () =>
        definition.offerRescinded?.(offerId, reason, watchedDriver(driver, tell)),
      ),
    statusUpdate: (status, driver) =>
      hears({ kind: "told", status }, "statusUpdate", () =>
        definition.statusUpdate?.(status, watchedDriver(driver, tell)),
      ),
    operationUpdate: (status, driver) => definition.operationUpdate?.(status, watchedDriver(driver, tell)),
    slaveLost: (slaveId, driver) =>
      hears({ kind: "slaveLost", slaveId }, "slaveLost", () =>
        definition.slaveLost?.(slaveId, watchedDriver(driver, tell)),
      ),
  };
}

/** The driver itself, with the calls that count told first. */
function watchedDriver(driver: SchedulerDriver, tell: (deed: Deed) => void): SchedulerDriver {
  const calls: Partial<SchedulerDriver> = {
    replyToOffer(offerIds, tasks, filter) {
      tell(tasks.length === 0 ? { kind: "declined", offerIds } : { kind: "replied", offerIds, tasks });
      driver.replyToOffer(offerIds, tasks, filter);
    },
    acceptOffers(offerIds, operations, filter) {
      tell({
        kind: "replied",
        offerIds,
        tasks: operations.flatMap((each) => ("tasks" in each ? each.tasks : [])),
      });
      driver.acceptOffers(offerIds, operations, filter);
    },
    launchGroup(offerIds, group, filter) {
      tell({ kind: "replied", offerIds, tasks: group.tasks });
      driver.launchGroup(offerIds, group, filter);
    },
    decline(offerIds, filter) {
      tell({ kind: "declined", offerIds });
      driver.decline(offerIds, filter);
    },
    keep(offerIds) {
      tell({ kind: "kept", offerIds });
      driver.keep(offerIds);
    },
    killTask(taskId, graceMs) {
      tell({ kind: "killed", taskId });
      driver.killTask(taskId, graceMs);
    },
    record(row) {
      tell({ kind: "recorded", row });
      driver.record(row);
    },
  };
  // What is not replaced is inherited: the id of the framework is read anew each time.
  return Object.assign(Object.create(driver) as SchedulerDriver, calls);
}

/** Runs a callback, now or later done, and passes on what it does. */
function observed(run: () => Settled, settled: () => void, failed: (error: unknown) => void): Settled {
  let result: Settled;
  try {
    result = run();
  } catch (error) {
    failed(error);
    throw error;
  }
  if (result === undefined) return settled();
  return result.then(settled, (error: unknown) => {
    failed(error);
    throw error;
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One line for a reader. */
export function phrase(deed: Deed): string {
  switch (deed.kind) {
    case "subscribed":
      return `hears that it is subscribed as ${deed.frameworkId}`;
    case "disconnected":
      return "hears that the master is out of reach";
    case "offered":
      return `is offered ${deed.offers.map(({ id, hostname, resources }) => `${id} of ${hostname} (${format(resources)})`).join(", ")}`;
    case "considered":
      return `is done with ${deed.offers.map(({ id }) => id).join(", ")}`;
    case "rescinded":
      return `hears that ${deed.offerId} was taken back (${deed.reason})`;
    case "told": {
      const { taskId, state, reason } = deed.status;
      return `hears that ${taskId} is ${state}${reason === undefined ? "" : ` (${reason})`}`;
    }
    case "slaveLost":
      return `hears that slave ${deed.slaveId} is lost`;
    case "replied":
      return `launches ${deed.tasks.map(({ taskId }) => taskId).join(", ")} on ${deed.offerIds.join(", ")}`;
    case "declined":
      return `declines ${deed.offerIds.join(", ")}`;
    case "kept":
      return `keeps ${deed.offerIds.join(", ")}`;
    case "killed":
      return `kills ${deed.taskId}`;
    case "recorded":
      return `records ${JSON.stringify(deed.row)}`;
    case "threw":
      return `throws in ${deed.callback}: ${deed.message}`;
    case "ended":
      return `ends: ${deed.ending.kind}${deed.ending.kind === "done" ? "" : ` (${deed.ending.message})`}`;
  }
}
