import type { ClusterSettings } from "../../protocol/cluster-events.ts";
import { type Quantities, quantitiesOf } from "../../protocol/quantities.ts";
import { add } from "../../protocol/resources.ts";
import { weightDefault } from "../../protocol/weight.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { resourceSummary } from "../mesos-resources.ts";
import { ClusterPicture } from "./cluster-picture.ts";
import { list } from "./renderer.ts";
import { consumed, type RoleUsage, roleUsage } from "./role-usage.ts";

/** Whether somebody may see a role. */
export type SeesRole = (role: string) => boolean;

/** The answer of `GET /roles`. */
export function* roleSteps({ rows }: ClusterFacts, sees: SeesRole): Generator<string, void> {
  const picture = new ClusterPicture(rows);
  const usage = yield* roleUsage(picture);
  yield '{"roles":';
  yield* list(
    [...usage].filter(([name]) => sees(name)),
    ([name, { frameworks, reserved, ...held }]) =>
      JSON.stringify({
        name,
        weight: weightOf(name, picture.settings),
        ...quotaField(name, picture.settings, { frameworks, reserved, ...held }),
        resources: resourceSummary(add(held.allocated.quantities, held.offered.quantities)),
        allocated: resourceSummary(held.allocated.quantities),
        offered: resourceSummary(held.offered.quantities),
        reserved: resourceSummary(reserved.quantities),
        frameworks: [...frameworks],
      }),
  );
  yield "}";
}

export function weightOf(role: string, { weights }: ClusterSettings): number {
  return Object.hasOwn(weights, role) ? (weights[role] ?? weightDefault) : weightDefault;
}

/** `quota` of a role that has one, as in Mesos; what has no limit is not among the limits. */
export function quotaField(role: string, { quotas }: ClusterSettings, usage: RoleUsage) {
  const quota = Object.hasOwn(quotas, role) ? quotas[role] : undefined;
  if (quota === undefined) return {};
  const { guarantees, limits } = quota;
  const parts = { guarantee: plain(guarantees), limit: plain(limits), consumed: plain(consumed(usage)) };
  return { quota: { role, ...parts } };
}

/** The largest part of any resource of the cluster that a role has or is offered, in [0, 1]. */
export function dominantShare({ allocated, offered }: RoleUsage, total: Quantities): number {
  const shares = Object.entries(quantitiesOf(total)).map(([name, whole]) =>
    whole === 0 ? 0 : (allocated.get(name) + offered.get(name)) / whole,
  );
  return Math.max(0, ...shares);
}

function plain(quantities: Quantities): { readonly [name: string]: number } {
  return Object.fromEntries(Object.entries(quantities).map(([name, amount]) => [name, amount / 1000]));
}
