import { unreachable } from "../../base/invariant.ts";
import { ok, type Result, refused } from "../../base/result.ts";
import {
  type AttributeConstraint,
  type AttributePredicate,
  type AttributeSelector,
  clientFilters,
  type OfferFilters,
  offerFiltersShape,
  type Quantities,
  type RoleFilters,
} from "../../protocol/offer-filters.ts";
import { scalarsOf } from "../../protocol/resources.ts";
import { shapeFault } from "../../protocol/shape.ts";
import type {
  FrameworkInfo,
  OfferConstraint,
  OfferConstraintGroup,
  OfferConstraints,
} from "../v1/framework-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";

/**
 * What a framework wants to be offered, between Mesos's form and ours. Mesos knows minima and constraints, both by role:
 *
 *     offer_filters[role].min_allocatable_resources   ⇄  roles[role].minAllocatable
 *     offer_constraints.role_constraints[role]        ⇄  roles[role].constraints
 */

type FiltersMessage = ValueOf<typeof FrameworkInfo>["offer_filters"];
type ConstraintsMessage = ValueOf<typeof OfferConstraints>;
type ConstraintMessage = ValueOf<typeof OfferConstraint>;

export function filtersFrom(
  offerFilters: FiltersMessage,
  constraints: ConstraintsMessage | undefined,
  own: readonly string[],
): Result<OfferFilters> {
  const roles = new Map<string, RoleFilters>();
  for (const [role, { min_allocatable_resources: minimum }] of offerFilters) {
    if (!own.includes(role))
      return refused(`offer_filters name the role ${JSON.stringify(role)}, which is not its own`);
    if (minimum === undefined) continue;
    const minAllocatable = minimum.quantities.map(quantitiesFrom);
    const bad = minAllocatable.find((each) => !each.ok);
    if (bad !== undefined && !bad.ok) return bad;
    roles.set(role, { minAllocatable: minAllocatable.flatMap((each) => (each.ok ? [each.value] : [])) });
  }
  for (const [role, { groups }] of constraints?.role_constraints ?? []) {
    if (!own.includes(role))
      return refused(`offer_constraints name the role ${JSON.stringify(role)}, which is not its own`);
    const ours = groupsFrom(groups);
    if (!ours.ok) return ours;
    roles.set(role, { ...roles.get(role), constraints: ours.value });
  }
  if (roles.size === 0) return ok({});
  const filters: OfferFilters = { roles: Object.fromEntries(roles) };
  const fault = shapeFault(offerFiltersShape, filters);
  return fault === undefined ? ok(filters) : refused(`offer_filters or offer_constraints are refused: ${fault}`);
}

/** The minima of a framework by role. Of the least that it wants free Mesos can be told the scalars. */
export function offerFiltersTo(
  roles: readonly string[],
  filters: OfferFilters,
): NonNullable<InputOf<typeof FrameworkInfo>["offer_filters"]> {
  const least = scalarsOf(filters.minFree ?? {});
  const minima = roles.flatMap((role) => {
    const { minAllocatable } = clientFilters(filters, role);
    const none = minAllocatable === undefined || minAllocatable.length === 0;
    const vectors = none && Object.keys(least).length > 0 ? [least] : minAllocatable?.map((each) => both(each, least));
    return vectors === undefined ? [] : [[role, vectors] as const];
  });
  return new Map(
    minima.map(([role, vectors]) => [role, { min_allocatable_resources: { quantities: vectors.map(quantitiesTo) } }]),
  );
}

export function constraintsTo({ roles = {} }: OfferFilters): InputOf<typeof OfferConstraints> | undefined {
  const constrained = Object.entries(roles).flatMap(([role, { constraints }]) =>
    constraints === undefined ? [] : [[role, constraints] as const],
  );
  if (constrained.length === 0) return undefined;
  return {
    role_constraints: new Map(
      constrained.map(([role, groups]) => [
        role,
        { groups: groups.map((group) => ({ attribute_constraints: group.map(constraintTo) })) },
      ]),
    ),
  };
}

function quantitiesFrom({
  quantities,
}: {
  readonly quantities: ReadonlyMap<string, { readonly value: number }>;
}): Result<Quantities> {
  const milli = [...quantities].map(([name, { value }]) => [name, Math.round(value * 1000)] as const);
  const bad = milli.find(([name, amount]) => name === "__proto__" || !Number.isSafeInteger(amount) || amount < 0);
  return bad === undefined ? ok(Object.fromEntries(milli)) : refused(`offer_filters have no amount for ${bad[0]}`);
}

function quantitiesTo(quantities: Quantities) {
  return { quantities: new Map(Object.entries(quantities).map(([name, milli]) => [name, { value: milli / 1000 }])) };
}

/** What covers both covers this. */
function both(a: Quantities, b: Quantities): Quantities {
  const larger = Object.entries(b).filter(([name, milli]) => !Object.hasOwn(a, name) || milli > (a[name] ?? 0));
  return { ...a, ...Object.fromEntries(larger) };
}

function groupsFrom(
  groups: readonly ValueOf<typeof OfferConstraintGroup>[],
): Result<NonNullable<RoleFilters["constraints"]>> {
  if (groups.length === 0) return refused("offer_constraints of a role need a group");
  const ours: AttributeConstraint[][] = [];
  for (const { attribute_constraints: constraints } of groups) {
    if (constraints.length === 0) return refused("a group of offer_constraints needs a constraint");
    const group: AttributeConstraint[] = [];
    for (const constraint of constraints) {
      const selector = selectorFrom(constraint);
      if (selector === undefined) return refused("an offer constraint selects one attribute");
      const predicate = predicateFrom(constraint);
      if (predicate === undefined) return refused("an offer constraint has one predicate");
      group.push({ selector, predicate });
    }
    ours.push(group);
  }
  return ok(ours);
}

const pseudoattributes = { HOSTNAME: "hostname", REGION: "region", ZONE: "zone" } as const;

/** Undefined unless it is exactly one. */
function selectorFrom({ selector }: ConstraintMessage): AttributeSelector | undefined {
  const { pseudoattribute_type: type, attribute_name: attribute } = selector;
  const pseudo = type === undefined || type === "UNKNOWN" ? undefined : pseudoattributes[type];
  if (attribute !== undefined) return pseudo === undefined ? { attribute } : undefined;
  return pseudo === undefined ? undefined : { pseudo };
}

/** Undefined unless it is exactly one. */
function predicateFrom({ predicate }: ConstraintMessage): AttributePredicate | undefined {
  const { exists, not_exists, text_equals, text_not_equals, text_matches, text_not_matches } = predicate;
  const given: readonly AttributePredicate[] = [
    ...(exists === undefined ? [] : [{ type: "exists" } as const]),
    ...(not_exists === undefined ? [] : [{ type: "notExists" } as const]),
    ...(text_equals === undefined ? [] : [{ type: "equals", value: text_equals.value } as const]),
    ...(text_not_equals === undefined ? [] : [{ type: "notEquals", value: text_not_equals.value } as const]),
    ...(text_matches === undefined ? [] : [{ type: "matches", regex: text_matches.regex } as const]),
    ...(text_not_matches === undefined ? [] : [{ type: "notMatches", regex: text_not_matches.regex } as const]),
  ];
  return given.length === 1 ? given[0] : undefined;
}

function constraintTo({ selector, predicate }: AttributeConstraint): InputOf<typeof OfferConstraint> {
  return { selector: selectorTo(selector), predicate: predicateTo(predicate) };
}

function selectorTo(selector: AttributeSelector) {
  if ("attribute" in selector) return { attribute_name: selector.attribute };
  const names = { hostname: "HOSTNAME", region: "REGION", zone: "ZONE" } as const;
  return { pseudoattribute_type: names[selector.pseudo] };
}

function predicateTo(predicate: AttributePredicate): InputOf<typeof OfferConstraint>["predicate"] {
  switch (predicate.type) {
    case "exists":
      return { exists: {} };
    case "notExists":
      return { not_exists: {} };
    case "equals":
      return { text_equals: { value: predicate.value } };
    case "notEquals":
      return { text_not_equals: { value: predicate.value } };
    case "matches":
      return { text_matches: { regex: predicate.regex } };
    case "notMatches":
      return { text_not_matches: { regex: predicate.regex } };
    default:
      return unreachable(predicate);
  }
}
