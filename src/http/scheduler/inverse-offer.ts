import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import { FrameworkId, OfferId, SlaveId, TaskId } from "../../protocol/ids.ts";
import type {
  InverseOffer as OurInverseOffer,
  Unavailability as OurUnavailability,
} from "../../protocol/inverse-offer.ts";
import type { SlaveInfo } from "../../protocol/slave-info.ts";
import { resourcesFrom, resourcesTo } from "../resource-list.ts";
import type { Unavailability } from "../v1/host-messages.ts";
import type { InverseOffer } from "../v1/offer-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import { has } from "./framework.ts";

/** What Mesos's message has no field for goes into the query of its address, which nobody has to look at. */
const reasonKey = "mesolite.reason";
const taskKey = "mesolite.task";

/** An inverse offer as its framework wants to see it. */
export function inverseOfferTo(
  framework: FrameworkInfo,
  { id, frameworkId, slaveId, resources, tasks = [], unavailability, reason }: OurInverseOffer,
  slave: SlaveInfo | undefined,
): InputOf<typeof InverseOffer> {
  const { hostname = "", ip = "", port = 0 } = slave ?? {};
  const query = [
    { key: reasonKey, value: reason },
    ...tasks.map((taskId) => ({ key: taskKey, value: String(taskId) })),
  ];
  return {
    id: { value: id },
    url: { scheme: "http", address: { hostname, ip, port }, path: "/slave(1)", query },
    framework_id: { value: frameworkId },
    agent_id: { value: slaveId },
    unavailability: unavailabilityTo(unavailability),
    resources: resourcesTo(resources, {
      reservations: has(framework, "RESERVATION_REFINEMENT") ? "stack" : "role",
    }),
  };
}

/** An inverse offer in Mesos's form, as the SDK knows it. Mesos's own are for maintenance. */
export function inverseOfferFrom(offer: ValueOf<typeof InverseOffer>): OurInverseOffer {
  const resources = resourcesFrom(offer.resources);
  const query = offer.url?.query ?? [];
  const tasks = query.filter(({ key }) => key === taskKey).map(({ value }) => TaskId(value));
  const isRevocation = query.some(({ key, value }) => key === reasonKey && value === "revocation");
  return {
    id: OfferId(offer.id.value),
    frameworkId: FrameworkId(offer.framework_id.value),
    slaveId: SlaveId(offer.agent_id?.value ?? ""),
    resources: resources.ok ? resources.value.resources : {},
    ...(tasks.length === 0 ? {} : { tasks }),
    unavailability: unavailabilityFrom(offer.unavailability),
    reason: isRevocation ? "revocation" : "maintenance",
  };
}

export function unavailabilityTo({ startMs, durationMs }: OurUnavailability): InputOf<typeof Unavailability> {
  return {
    start: { nanoseconds: startMs * 1e6 },
    ...(durationMs === undefined ? {} : { duration: { nanoseconds: durationMs * 1e6 } }),
  };
}

/** Mesos counts in nanoseconds, also before 1970. */
export function unavailabilityFrom({ start, duration }: ValueOf<typeof Unavailability>): OurUnavailability {
  return {
    startMs: Math.max(0, Math.round(start.nanoseconds / 1e6)),
    ...(duration === undefined ? {} : { durationMs: Math.max(0, duration.nanoseconds / 1e6) }),
  };
}
