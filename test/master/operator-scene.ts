import { viewTable } from "../../src/protocol/cluster-events.ts";
import type { OperatorCall, OperatorReply, RoleQuota } from "../../src/protocol/operator-api.ts";
import { type Quantities, quantitiesOf } from "../../src/protocol/quantities.ts";
import { unreserved } from "../../src/protocol/reservation.ts";
import { topOf } from "../../src/protocol/role.ts";
import { Cluster } from "./kit.ts";
import { ScriptedScheduler } from "./scripted-scheduler.ts";
import { ScriptedSlave } from "./scripted-slave.ts";

const whole = "cpus:4;mem:4096";

/** Slaves of 4 cpus each, and an operator. */
export function scene(slaves = 2, resources = whole) {
  const cluster = new Cluster();
  const machines = Array.from({ length: slaves }, (_, n) => ScriptedSlave.registered(cluster, `s${n + 1}`, resources));
  const operator = cluster.party("operator", viewTable);
  const operate = (call: OperatorCall): OperatorReply => operator.ask("operate", { call });
  const quota = (role: string, limits: Quantities, more: Partial<RoleQuota["quota"]> = {}, force = false) =>
    operate({
      type: "UPDATE_QUOTA",
      force,
      quotas: [{ role, quota: { limits, guarantees: {}, graceMs: 30_000, ...more } }],
    });
  const framework = (name: string, ...roles: readonly string[]) =>
    ScriptedScheduler.subscribed(cluster, name, { roles });
  return { cluster, machines, operator, operate, quota, framework };
}

/** Cpus in thousandths that the frameworks of a role are offered or use beyond reservations, by the master's book. */
export function cpusOf({ state }: Cluster, role: string): number {
  let cpus = 0;
  for (const slave of state.slaves.all()) {
    for (const held of state.slaves.allocations(slave, false)) {
      if (topOf(held.role) === role) cpus += quantitiesOf(unreserved(held.resources))["cpus"] ?? 0;
    }
  }
  return cpus;
}

export function rescinded(scheduler: ScriptedScheduler) {
  return scheduler.hearing.of("offersRescinded");
}
