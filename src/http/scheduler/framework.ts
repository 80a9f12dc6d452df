import { ok, type Result, refused } from "../../base/result.ts";
import type { FrameworkCapability, FrameworkInfo as OurInfo } from "../../protocol/framework-info.ts";
import { FrameworkId, idFault } from "../../protocol/ids.ts";
import type { OfferFilters } from "../../protocol/offer-filters.ts";
import { defaultRole } from "../../protocol/role.ts";
import { milliseconds } from "../cluster-facts.ts";
import type { FrameworkInfo, OfferConstraints } from "../v1/framework-messages.ts";
import type { InputOf, ValueOf } from "../v1/schema.ts";
import { labelsFrom } from "./label.ts";
import { filtersFrom, offerFiltersTo } from "./offer-filters.ts";

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
  const filters = filtersFrom(info.offer_filters, given.offer_constraints, roles);
  if (!filters.ok) return filters;
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

/** A framework in Mesos's form, with the minima of its filters; their constraints are not part of it. */
export function frameworkTo(info: OurInfo, filters: OfferFilters): InputOf<typeof FrameworkInfo> {
  const [role = defaultRole] = info.roles;
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
    offer_filters: offerFiltersTo(info.roles, filters),
  };
}

export function has({ capabilities }: OurInfo, capability: FrameworkCapability): boolean {
  return capabilities.includes(capability);
}
