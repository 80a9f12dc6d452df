import type { Address } from "../actors/address.ts";
import type { Spec } from "../actors/spec.ts";
import type { FrameworkInfo } from "../protocol/framework-info.ts";
import type { FrameworkId } from "../protocol/ids.ts";
import { defaultRole } from "../protocol/role.ts";
import { type SchedulerProtocol, schedulerTable } from "../protocol/scheduler-api.ts";
import type { ReportProtocol } from "./report.ts";
import type { SchedulerDefinition } from "./scheduler.ts";
import { SchedulerParty } from "./scheduler-party.ts";

export type SchedulerDriverArgs<Options> = {
  /** Where the master is: `HOST:PORT`, or `thread:NAME` in this process. */
  readonly master: string;
  /** Takes over a framework that exists. */
  readonly frameworkId?: FrameworkId;
  /** Who follows the framework. */
  readonly report?: Address<ReportProtocol>;
  /** Handed to the function that makes the definition. */
  readonly options: Options;
};

/**
 * The actor behind a scheduler. Takes a function, so that each life of the actor starts with a scheduler of its own,
 * and so that options can come as data from another thread.
 */
export function schedulerDriver<Options>(
  define: (options: Options) => SchedulerDefinition,
): Spec<SchedulerProtocol, SchedulerDriverArgs<Options>> {
  return {
    name: "scheduler",
    protocol: schedulerTable,
    start(ctx, args) {
      const definition = define(args.options);
      const party = new SchedulerParty(ctx, definition, {
        endpoint: args.master,
        info: infoOf(definition, args.frameworkId),
        report: args.report,
      });
      return {
        subscribed: ({ frameworkId }) => party.subscribed(frameworkId),
        frameworkError: ({ message }) => party.fail(message),
        resourceOffers: ({ offers }) => party.resourceOffers(offers),
        offersRescinded: ({ offerIds, reason }) => party.offersRescinded(offerIds, reason),
        inverseOffers: ({ offers }) => party.inverseOffers(offers),
        inverseOffersRescinded: ({ offerIds }) => party.inverseOffersRescinded(offerIds),
        taskUpdate: ({ status }) => party.taskUpdate(status),
        slaveLost: ({ slaveId }) => party.slaveLost(slaveId),
        operationUpdate: (status) => party.operationUpdate(status),
        // What this follows from, the SDK never asks for.
        executorEnded: () => {},
        onRefused: () => party.refused(),
        onStop: (reason) => party.ended(reason),
        inspect: () => party.inspect(),
      };
    },
  };
}

const weekMs = 7 * 24 * 3_600_000;

function infoOf(definition: SchedulerDefinition, id: FrameworkId | undefined): FrameworkInfo {
  return {
    name: definition.name,
    user: definition.user ?? "",
    roles: definition.roles ?? [defaultRole],
    capabilities: ["PARTITION_AWARE", "MULTI_ROLE", "RESERVATION_REFINEMENT"],
    failoverTimeoutMs: definition.failoverTimeoutMs ?? weekMs,
    checkpoint: definition.checkpoint ?? true,
    ...(id !== undefined && { id }),
  };
}
