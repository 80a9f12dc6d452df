import { FrameworkID } from "./id-messages.ts";
import { Labels } from "./label-messages.ts";
import { Scalar } from "./resource-messages.ts";
import { enumeration, map, message, optional, repeated, required } from "./schema.ts";

/** Who a framework is and what it wants to be offered. */

const ResourceQuantities = message("OfferFilters.ResourceQuantities", { quantities: map(Scalar, 1) });

const MinAllocatableResources = message("OfferFilters.MinAllocatableResources", {
  quantities: repeated(ResourceQuantities, 1),
});

const OfferFilters = message("OfferFilters", { min_allocatable_resources: optional(MinAllocatableResources, 1) });

const Capability = message("FrameworkInfo.Capability", {
  type: optional(
    enumeration("FrameworkInfo.Capability.Type", {
      UNKNOWN: 0,
      REVOCABLE_RESOURCES: 1,
      TASK_KILLING_STATE: 2,
      GPU_RESOURCES: 3,
      SHARED_RESOURCES: 4,
      PARTITION_AWARE: 5,
      MULTI_ROLE: 6,
      RESERVATION_REFINEMENT: 7,
      REGION_AWARE: 8,
    }),
    1,
  ),
});

export const FrameworkInfo = message("FrameworkInfo", {
  user: required("string", 1),
  name: required("string", 2),
  id: optional(FrameworkID, 3),
  failover_timeout: optional("double", 4, 0),
  checkpoint: optional("bool", 5, false),
  /** Absent means `*`. The field is deprecated, so JSON has it only where it is set: with MULTI_ROLE it must not be. */
  role: optional("string", 6),
  hostname: optional("string", 7),
  principal: optional("string", 8),
  webui_url: optional("string", 9),
  capabilities: repeated(Capability, 10),
  labels: optional(Labels, 11),
  roles: repeated("string", 12),
  offer_filters: map(OfferFilters, 13),
});

const Pseudoattribute = enumeration("AttributeConstraint.Selector.PseudoattributeType", {
  UNKNOWN: 0,
  HOSTNAME: 1,
  REGION: 2,
  ZONE: 3,
});

/** At most one of them. */
const ConstraintSelector = message("AttributeConstraint.Selector", {
  pseudoattribute_type: optional(Pseudoattribute, 1),
  attribute_name: optional("string", 2),
});

/** At most one of them. */
const ConstraintPredicate = message("AttributeConstraint.Predicate", {
  exists: optional(message("AttributeConstraint.Predicate.Exists", {}), 1),
  not_exists: optional(message("AttributeConstraint.Predicate.NotExists", {}), 2),
  text_equals: optional(message("AttributeConstraint.Predicate.TextEquals", { value: required("string", 1) }), 3),
  text_not_equals: optional(
    message("AttributeConstraint.Predicate.TextNotEquals", { value: required("string", 1) }),
    4,
  ),
  text_matches: optional(message("AttributeConstraint.Predicate.TextMatches", { regex: required("string", 1) }), 5),
  text_not_matches: optional(
    message("AttributeConstraint.Predicate.TextNotMatches", { regex: required("string", 1) }),
    6,
  ),
});

export const OfferConstraint = message("AttributeConstraint", {
  selector: required(ConstraintSelector, 1),
  predicate: required(ConstraintPredicate, 2),
});

export const OfferConstraintGroup = message("OfferConstraints.RoleConstraints.Group", {
  attribute_constraints: repeated(OfferConstraint, 1),
});

/** By role: all constraints of one group hold, of any group. */
export const OfferConstraints = message("OfferConstraints", {
  role_constraints: map(message("OfferConstraints.RoleConstraints", { groups: repeated(OfferConstraintGroup, 1) }), 1),
});
