import { AgentID, DurationInfo, TimeInfo } from "./id-messages.ts";
import { Parameter } from "./label-messages.ts";
import { Attribute, Resource } from "./resource-messages.ts";
import { enumeration, message, optional, repeated, required } from "./schema.ts";

/** Where things are: addresses, domains, and the two kinds of host, masters and agents. */

const Address = message("Address", {
  hostname: optional("string", 1),
  ip: optional("string", 2),
  port: required("int32", 3),
});

export const URL = message("URL", {
  scheme: required("string", 1),
  address: required(Address, 2),
  path: optional("string", 3),
  query: repeated(Parameter, 4),
  fragment: optional("string", 5),
});

/** Without a duration it never ends. */
export const Unavailability = message("Unavailability", {
  start: required(TimeInfo, 1),
  duration: optional(DurationInfo, 2),
});

const RegionInfo = message("DomainInfo.FaultDomain.RegionInfo", { name: required("string", 1) });
const ZoneInfo = message("DomainInfo.FaultDomain.ZoneInfo", { name: required("string", 1) });
const FaultDomain = message("DomainInfo.FaultDomain", { region: required(RegionInfo, 1), zone: required(ZoneInfo, 2) });
export const DomainInfo = message("DomainInfo", { fault_domain: optional(FaultDomain, 1) });

const MasterCapability = message("MasterInfo.Capability", {
  type: optional(
    enumeration("MasterInfo.Capability.Type", { UNKNOWN: 0, AGENT_UPDATE: 1, AGENT_DRAINING: 2, QUOTA_V2: 3 }),
    1,
  ),
});

export const MasterInfo = message("MasterInfo", {
  id: required("string", 1),
  /** The four bytes of an IPv4 address in network order, read as a number of the host. */
  ip: required("uint32", 2),
  port: required("uint32", 3),
  pid: optional("string", 4),
  hostname: optional("string", 5),
  version: optional("string", 6),
  address: optional(Address, 7),
  domain: optional(DomainInfo, 8),
  capabilities: repeated(MasterCapability, 9),
});

export const AgentInfo = message("AgentInfo", {
  hostname: required("string", 1),
  resources: repeated(Resource, 3),
  attributes: repeated(Attribute, 5),
  id: optional(AgentID, 6),
  port: optional("int32", 8, 5051),
  domain: optional(DomainInfo, 10),
});

export const AgentCapability = message("AgentInfo.Capability", {
  type: optional(
    enumeration("AgentInfo.Capability.Type", {
      UNKNOWN: 0,
      MULTI_ROLE: 1,
      HIERARCHICAL_ROLE: 2,
      RESERVATION_REFINEMENT: 3,
      RESOURCE_PROVIDER: 4,
      RESIZE_VOLUME: 5,
      AGENT_OPERATION_FEEDBACK: 6,
      AGENT_DRAINING: 7,
      TASK_RESOURCE_LIMITS: 8,
    }),
    1,
  ),
});
