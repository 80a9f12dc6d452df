import type { ClusterSettings } from "../../protocol/cluster-events.ts";
import type { TaskState } from "../../protocol/task.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { ClusterPicture } from "./cluster-picture.ts";
import { counted } from "./renderer.ts";
import { type RoleUsage, roleUsage, ScalarSums } from "./role-usage.ts";
import { dominantShare } from "./roles-json.ts";

const scalars = ["cpus", "gpus", "mem", "disk"] as const;

/** States of tasks that have not ended: how many there are now. Ended ones are counted by the master. */
const liveStates = ["staging", "starting", "running", "killing", "unreachable"] as const satisfies readonly TaskState[];

type Sums = { readonly total: ScalarSums; readonly used: ScalarSums; readonly offered: ScalarSums };

/**
 * The metrics of the master that a picture of its cluster tells, as the rest of an object: `"name":number,…}`. How many
 * there are now is counted here; what has happened since the election was counted by the master.
 */
export function* masterMetricSteps({ rows }: ClusterFacts): Generator<string, void> {
  const picture = new ClusterPicture(rows);
  const { counts } = rows;
  const slaves = { registered: 0, disconnected: 0, unreachable: 0 };
  const sums: Sums = { total: new ScalarSums(), used: new ScalarSums(), offered: new ScalarSums() };
  yield* counted(picture.slaves, ({ state, info, used, offered }) => {
    slaves[state]++;
    if (state === "unreachable") return;
    sums.total.add(info.resources);
    sums.used.add(used);
    sums.offered.add(offered);
  });
  const tasks: Partial<Record<TaskState, number>> = {};
  yield* counted(picture.tasks, ({ status: { state } }) => {
    tasks[state] = (tasks[state] ?? 0) + 1;
  });
  const roles = yield* roleUsage(picture);
  const connected = picture.frameworks.filter(({ state }) => state === "connected").length;
  const metrics = {
    "master/elected": 1,
    "master/slaves_active": slaves.registered,
    "master/slaves_connected": slaves.registered,
    "master/slaves_inactive": slaves.disconnected,
    "master/slaves_disconnected": slaves.disconnected,
    "master/slaves_unreachable": slaves.unreachable,
    "master/frameworks_active": connected,
    "master/frameworks_connected": connected,
    "master/frameworks_inactive": picture.frameworks.length - connected,
    "master/frameworks_disconnected": picture.frameworks.length - connected,
    "master/outstanding_offers": picture.offers.length,
    ...Object.fromEntries(liveStates.map((state) => [`master/tasks_${state}`, tasks[state] ?? 0])),
    ...resourceMetrics(sums),
    ...shareMetrics(roles, sums.total),
    ...quotaMetrics(picture.settings, roles),
    ...counts,
  };
  yield JSON.stringify(metrics).slice(1);
}

/** Nothing is revocable here. */
function resourceMetrics({ total, used, offered }: Sums): Readonly<Record<string, number>> {
  return Object.fromEntries(
    scalars.flatMap((name) => [
      [`master/${name}_total`, total.get(name) / 1000],
      [`master/${name}_used`, used.get(name) / 1000],
      [`master/${name}_percent`, fraction(used.get(name), total.get(name))],
      [`master/${name}_revocable_total`, 0],
      [`master/${name}_revocable_used`, 0],
      [`master/${name}_revocable_percent`, 0],
      [`allocator/mesos/resources/${name}/total`, total.get(name) / 1000],
      [`allocator/mesos/resources/${name}/offered_or_allocated`, (used.get(name) + offered.get(name)) / 1000],
    ]),
  );
}

function shareMetrics(roles: ReadonlyMap<string, RoleUsage>, total: ScalarSums): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...roles].map(([role, usage]) => [
      `allocator/mesos/roles/${role}/shares/dominant`,
      dominantShare(usage, total.quantities),
    ]),
  );
}

/** What has no limit has no metric of one. */
function quotaMetrics(
  { quotas }: ClusterSettings,
  roles: ReadonlyMap<string, RoleUsage>,
): Readonly<Record<string, number>> {
  const metrics: Record<string, number> = {};
  for (const [role, { guarantees, limits }] of Object.entries(quotas)) {
    const usage = roles.get(role);
    for (const name of new Set([...Object.keys(guarantees), ...Object.keys(limits)])) {
      const prefix = `allocator/mesos/quota/roles/${role}/resources/${name}`;
      const held = (usage?.allocated.get(name) ?? 0) + (usage?.offered.get(name) ?? 0);
      metrics[`${prefix}/guarantee`] = (guarantees[name] ?? 0) / 1000;
      metrics[`${prefix}/offered_or_allocated`] = held / 1000;
      const limit = limits[name];
      if (limit !== undefined) metrics[`${prefix}/limit`] = limit / 1000;
    }
  }
  return metrics;
}

function fraction(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
