import type { BodyOf } from "../../actors/protocol.ts";
import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import type { SchedulerProtocol } from "../../protocol/scheduler-api.ts";
import type { SlaveInfo } from "../../protocol/slave-info.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { masterInfo } from "../master-info.ts";
import type { SchedulerEvent } from "./event-stream.ts";
import { inverseOfferTo } from "./inverse-offer.ts";
import { offerTo } from "./offer.ts";
import { operationStatusTo } from "./operation-status.ts";
import { statusTo } from "./status.ts";

/** What the master tells a scheduler, as events of Mesos's v1 API. */

type Body<K extends keyof SchedulerProtocol> = BodyOf<SchedulerProtocol[K]>;

export const heartbeat: SchedulerEvent = { type: "HEARTBEAT" };

export function subscribedEvent(id: FrameworkId, heartbeatMs: number, facts: ClusterFacts | undefined): SchedulerEvent {
  return {
    type: "SUBSCRIBED",
    subscribed: {
      framework_id: { value: id },
      heartbeat_interval_seconds: heartbeatMs / 1000,
      ...(facts === undefined ? {} : { master_info: masterInfo(facts) }),
    },
  };
}

export function offersEvent(framework: FrameworkInfo, { offers }: Body<"resourceOffers">): SchedulerEvent {
  return { type: "OFFERS", offers: { offers: offers.map((offer) => offerTo(framework, offer)) } };
}

export function rescindEvents({ offerIds }: Body<"offersRescinded">): readonly SchedulerEvent[] {
  return offerIds.map((value) => ({ type: "RESCIND", rescind: { offer_id: { value } } }));
}

/** `ip` and the like: of the slave that each is of, as far as it is known. */
export function inverseOffersEvent(
  framework: FrameworkInfo,
  { offers }: Body<"inverseOffers">,
  infoOf: (slaveId: SlaveId) => SlaveInfo | undefined,
): SchedulerEvent {
  const inverse_offers = offers.map((offer) => inverseOfferTo(framework, offer, infoOf(offer.slaveId)));
  return { type: "INVERSE_OFFERS", inverse_offers: { inverse_offers } };
}

export function rescindInverseEvents({ offerIds }: Body<"inverseOffersRescinded">): readonly SchedulerEvent[] {
  return offerIds.map((value) => ({
    type: "RESCIND_INVERSE_OFFER",
    rescind_inverse_offer: { inverse_offer_id: { value } },
  }));
}

/** `ip`: of the slave that has the task. */
export function updateEvent(
  framework: FrameworkInfo,
  { status }: Body<"taskUpdate">,
  ip: string | undefined,
): SchedulerEvent {
  return { type: "UPDATE", update: { status: statusTo(framework, status, ip) } };
}

/** Without an executor the slave itself is lost. */
export function failureEvent({
  slaveId,
  executorId,
  status,
}: Pick<Body<"executorEnded">, "slaveId"> & Partial<Body<"executorEnded">>): SchedulerEvent {
  const executor = executorId === undefined ? {} : { executor_id: { value: executorId } };
  const exit = status === undefined ? {} : { status };
  return { type: "FAILURE", failure: { agent_id: { value: slaveId }, ...executor, ...exit } };
}

export function operationEvent(status: Body<"operationUpdate">): SchedulerEvent {
  return { type: "UPDATE_OPERATION_STATUS", update_operation_status: { status: operationStatusTo(status) } };
}

export function errorEvent({ message }: Body<"frameworkError">): SchedulerEvent {
  return { type: "ERROR", error: { message } };
}
