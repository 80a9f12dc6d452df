import type { Quantities } from "../../protocol/quantities.ts";
import { add, noResources } from "../../protocol/resources.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { ClusterPicture } from "../reads/cluster-picture.ts";
import { roleUsage, ScalarSums } from "../reads/role-usage.ts";
import { dominantShare, quotaField, type SeesRole, weightOf } from "../reads/roles-json.ts";
import { resourcesTo } from "../resource-list.ts";

/**
 * Every role as `GET /roles` has it, in the form of the operator API. `allocated`, `offered`, `reserved`, `quota` and
 * `dominant_share` are our own. Only scalars are added up: a port of one slave is not a port of another.
 */
export function roles({ rows }: ClusterFacts, sees: SeesRole) {
  const picture = new ClusterPicture(rows);
  const total = new ScalarSums();
  for (const { state, info } of picture.slaves) if (state !== "unreachable") total.add(info.resources);
  const usages = [...finished(roleUsage(picture))].filter(([name]) => sees(name));
  return usages.map(([name, usage]) => {
    const [allocated, offered] = [usage.allocated.quantities, usage.offered.quantities];
    return {
      name,
      weight: weightOf(name, picture.settings),
      frameworks: [...usage.frameworks].map((id) => ({ value: id })),
      resources: resourcesTo(add(allocated, offered)),
      ...quotaField(name, picture.settings, usage),
      dominant_share: dominantShare(usage, total.quantities),
      allocated: listed(allocated),
      offered: listed(offered),
      reserved: listed(usage.reserved.quantities),
    };
  });
}

/** `infos` tell the guarantees alone, to older clients. `grace_period`, in seconds, is our own. */
export function quotaStatus({ rows }: ClusterFacts, sees: SeesRole) {
  const seen = Object.entries(rows.settings.quotas).filter(([role]) => sees(role));
  return {
    infos: seen.map(([role, { guarantees }]) => ({ role, guarantee: listed(guarantees) })),
    configs: seen.map(([role, { guarantees, limits, graceMs }]) => ({
      role,
      guarantees: values(guarantees),
      limits: values(limits),
      grace_period: graceMs / 1000,
    })),
  };
}

/** Those that were set. */
export function weightInfos({ rows }: ClusterFacts, sees: SeesRole) {
  return Object.entries(rows.settings.weights)
    .filter(([role]) => sees(role))
    .map(([role, weight]) => ({ role, weight }));
}

function listed(quantities: Quantities) {
  return resourcesTo(add(noResources, quantities));
}

function values(quantities: Quantities): { readonly [name: string]: { readonly value: number } } {
  return Object.fromEntries(Object.entries(quantities).map(([name, amount]) => [name, { value: amount / 1000 }]));
}

/** What a generator comes to, in one go. */
function finished<T>(steps: Generator<unknown, T>): T {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}
