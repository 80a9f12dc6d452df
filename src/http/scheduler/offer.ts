import type { FrameworkInfo } from "../../protocol/framework-info.ts";
import { FrameworkId, OfferId, SlaveId } from "../../protocol/ids.ts";
import type { Offer as OurOffer } from "../../protocol/offer.ts";
import { defaultRole } from "../../protocol/role.ts";
import { maxTaskAttribute } from "../../protocol/slave-info.ts";
import { attributeList, attributesFrom } from "../mesos-resources.ts";
import { resourcesFrom, resourcesTo } from "../resource-list.ts";
import type { Offer } from "../v1/offer-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import { has } from "./framework.ts";
import { unavailabilityFrom, unavailabilityTo } from "./inverse-offer.ts";

/**
 * An offer as its framework wants to see it. Only with MULTI_ROLE does it say for which role it is. Mesos has no word for
 * how long a task may take: an attribute of the offer says so, in seconds.
 */
export function offerTo(framework: FrameworkInfo, offer: OurOffer): InputOf<typeof Offer> {
  const { id, frameworkId, slaveId, hostname, ip, port, resources, attributes, role, maxTaskMs } = offer;
  const limit = maxTaskMs === undefined ? {} : { [maxTaskAttribute]: String(maxTaskMs / 1_000) };
  const { unavailability } = offer;
  const multiRole = has(framework, "MULTI_ROLE");
  return {
    id: { value: id },
    framework_id: { value: frameworkId },
    agent_id: { value: slaveId },
    hostname,
    url: { scheme: "http", address: { hostname, ip, port }, path: "/slave(1)" },
    resources: resourcesTo(resources, {
      reservations: has(framework, "RESERVATION_REFINEMENT") ? "stack" : "role",
      ...(multiRole ? { allocatedTo: role } : {}),
    }),
    attributes: attributeList({ ...attributes, ...limit }),
    ...(multiRole ? { allocation_info: { role } } : {}),
    ...(unavailability === undefined ? {} : { unavailability: unavailabilityTo(unavailability) }),
  };
}

/** An offer in Mesos's form, as the SDK knows it. One whose resources cannot be understood has none. */
export function offerFrom(offer: ValueOf<typeof Offer>): OurOffer {
  const resources = resourcesFrom(offer.resources);
  const { [maxTaskAttribute]: limit, ...attributes } = attributesFrom(offer.attributes);
  return {
    id: OfferId(offer.id.value),
    frameworkId: FrameworkId(offer.framework_id.value),
    slaveId: SlaveId(offer.agent_id.value),
    hostname: offer.hostname,
    ip: offer.url?.address.ip ?? "",
    port: offer.url?.address.port ?? 0,
    resources: resources.ok ? resources.value.resources : {},
    attributes,
    role: offer.allocation_info?.role ?? defaultRole,
    ...(limit === undefined ? {} : { maxTaskMs: Math.round(Number(limit) * 1_000) }),
    ...(offer.unavailability === undefined ? {} : { unavailability: unavailabilityFrom(offer.unavailability) }),
  };
}
