import { ok, type Result, refused } from "../../base/result.ts";
import type { FrameworkCapability, FrameworkInfo as OurInfo } from "../../protocol/framework-info.ts";
import { FrameworkId, idFault } from "../../protocol/ids.ts";
import type { OfferFilters } from "../../protocol/offer.ts";
import { quantitiesOf } from "../../protocol/quantities.ts";
import { nameFault } from "../../protocol/reservation.ts";
import { defaultRole } from "../../protocol/role.ts";
import { milliseconds } from "../cluster-facts.ts";
import type { FrameworkInfo, OfferConstraints } from "../v1/framework-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import { labelsFrom } from "./label.ts";

/** The longest `failover_timeout`, in seconds: Mesos counts it in 63 bits of nanoseconds. */
const failoverSecondsMax = 2 ** 63 / 1e9;

/** A framework as it describes itself by HTTP. */
export type Described = { readonly info: OurInfo; readonly filters: OfferFilters };

type Subscription = {
  readonly framework_info: ValueOf<typeof FrameworkInfo>;
  readonly suppressed_roles: readonly string[];
  readonly offer_constraints?: ValueOf<typeof OfferConstraints> | undefined;
};

/** What Mesos's form says, or why such a framework is refused. `principal`: who has authenticated. */
export function frameworkFrom(given: Subscription, principal: string | undefined): Result<Described> {
  const { framework_info: info } = given;
  const seconds = info.failover_timeout ?? 0;
  const id = info.id === undefined || info.id.value === "" ? undefined : info.id.value;
  const idProblem = id === undefined ? undefined : idFault(id);
  if (idProblem !== undefined) return refused(`the framework id ${idProblem}`);
  if (!(seconds >= 0 && seconds <= failoverSecondsMax))
    return refused(`failover_timeout ${seconds} is no time in seconds`);
  const capabilities = info.capabilities.flatMap(({ type }) =>
    type === undefined || type === "UNKNOWN" ? [] : [type],
  );
  const multiRole = capabilities.includes("MULTI_ROLE");
  if (multiRole && info.role !== undefined) return refused("with MULTI_ROLE a framework names `roles`, not `role`");
  if (!multiRole && info.roles.length > 0) return refused("`roles` needs the capability MULTI_ROLE");
  const roles = multiRole ? info.roles : [info.role ?? defaultRole];
  const filters = filtersFrom(info, roles);
  if (!filters.ok) return filters;
  const constraints = constraintsFault(given.offer_constraints, roles);
  if (constraints !== undefined) return refused(constraints);
  const proved = principal ?? info.principal;
  return ok({
    filters: filters.value,
    info: {
      name: info.name,
      user: info.user,
      roles,
      failoverTimeoutMs: milliseconds(seconds),
      checkpoint: info.checkpoint ?? false,
      capabilities: [...new Set(capabilities)],
      ...(id === undefined ? {} : { id: FrameworkId(id) }),
      ...(proved === undefined ? {} : { principal: proved }),
      ...(info.hostname === undefined ? {} : { hostname: info.hostname }),
      ...(info.webui_url === undefined ? {} : { webuiUrl: info.webui_url }),
      ...(info.labels === undefined ? {} : { labels: labelsFrom(info.labels) }),
    },
  });
}

/** A framework in Mesos's form. Of what it wants to be offered Mesos knows amounts alone: no ranges, sets or slaves. */
export function frameworkTo(info: OurInfo, { minFree = {} }: OfferFilters): InputOf<typeof FrameworkInfo> {
  const [role = defaultRole] = info.roles;
  const least = Object.entries(quantitiesOf(minFree)).map(([name, milli]) => [name, { value: milli / 1000 }] as const);
  const minimum = { min_allocatable_resources: { quantities: [{ quantities: new Map(least) }] } };
  return {
    user: info.user,
    name: info.name,
    ...(info.id === undefined ? {} : { id: { value: info.id } }),
    failover_timeout: info.failoverTimeoutMs / 1000,
    checkpoint: info.checkpoint,
    ...(has(info, "MULTI_ROLE") ? { roles: info.roles } : { role }),
    capabilities: info.capabilities.map((type) => ({ type })),
    hostname: info.hostname,
    principal: info.principal,
    webui_url: info.webuiUrl,
    ...(info.labels === undefined ? {} : { labels: { labels: info.labels } }),
    ...(least.length === 0 ? {} : { offer_filters: new Map(info.roles.map((each) => [each, minimum])) }),
  };
}

export function has({ capabilities }: OurInfo, capability: FrameworkCapability): boolean {
  return capabilities.includes(capability);
}

/** The least that an offer must have free, where it is one vector for the one role of the framework. */
function filtersFrom(info: ValueOf<typeof FrameworkInfo>, roles: readonly string[]): Result<OfferFilters> {
  const minima: Record<string, number>[] = [];
  for (const [role, { min_allocatable_resources: minimum }] of info.offer_filters) {
    if (!roles.includes(role))
      return refused(`offer_filters name the role ${JSON.stringify(role)}, which is not its own`);
    for (const { quantities } of minimum?.quantities ?? []) {
      const milli = [...quantities].map(([name, { value }]) => [name, Math.round(value * 1000)] as const);
      const bad = milli.find(
        ([name, amount]) => nameFault(name) !== undefined || !Number.isSafeInteger(amount) || amount < 0,
      );
      if (bad !== undefined) return refused(`offer_filters have no amount for ${bad[0]}`);
      minima.push(Object.fromEntries(milli));
    }
  }
  const [minFree] = minima;
  return ok(minFree === undefined || minima.length > 1 || roles.length > 1 ? {} : { minFree });
}

/** Length of a regular expression of a constraint, in characters. */
const regexLengthMax = 1_024;

function constraintsFault(given: ValueOf<typeof OfferConstraints> | undefined, roles: readonly string[]) {
  for (const [role, { groups }] of given?.role_constraints ?? []) {
    if (!roles.includes(role)) return `offer_constraints name the role ${JSON.stringify(role)}, which is not its own`;
    if (groups.length === 0) return "offer_constraints of a role need a group";
    for (const { attribute_constraints: constraints } of groups) {
      if (constraints.length === 0) return "a group of offer_constraints needs a constraint";
      for (const { selector, predicate } of constraints) {
        const { pseudoattribute_type: pseudo, attribute_name: attribute } = selector;
        const selectors = [pseudo === "UNKNOWN" ? undefined : pseudo, attribute].filter((each) => each !== undefined);
        if (selectors.length !== 1) return "an offer constraint selects one attribute";
        const predicates = Object.values(predicate).filter((each) => each !== undefined);
        if (predicates.length !== 1) return "an offer constraint has one predicate";
        const regex = predicate.text_matches?.regex ?? predicate.text_not_matches?.regex;
        if (regex !== undefined && !isRegex(regex)) return "an offer constraint has a regular expression that is none";
      }
    }
  }
  return undefined;
}

function isRegex(source: string): boolean {
  try {
    return source.length <= regexLengthMax && new RegExp(source, "u").source !== "";
  } catch {
    return false;
  }
}
