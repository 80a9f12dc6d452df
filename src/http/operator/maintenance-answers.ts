import type { MaintenanceAnswer } from "../../protocol/cluster-events.ts";
import { Schedule } from "../../protocol/maintenance.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { unavailabilityTo } from "../scheduler/inverse-offer.ts";

/** The schedule in the form in which it is posted. */
export function maintenanceSchedule({ rows }: ClusterFacts) {
  return {
    windows: rows.maintenance.windows.map((window) => ({
      machine_ids: window.machines,
      unavailability: unavailabilityTo(window),
    })),
  };
}

/** Every machine of the schedule, with what the frameworks that have tasks there last said. No machine is ever down. */
export function maintenanceStatus({ rows }: ClusterFacts) {
  const { windows, answers } = rows.maintenance;
  const schedule = new Schedule(windows);
  const byMachine = Map.groupBy(answers, ({ slaveId }) => {
    const slave = rows.slaves.get(slaveId);
    return slave === undefined ? undefined : schedule.of(slave.info)?.machine;
  });
  const machines = windows.flatMap((window) => window.machines);
  return {
    draining_machines: machines.map((id) => ({ id, statuses: (byMachine.get(id) ?? []).map(statusOf) })),
    down_machines: [],
  };
}

function statusOf({ frameworkId, said }: MaintenanceAnswer) {
  return {
    status: said === undefined ? "UNKNOWN" : ({ accepted: "ACCEPT", declined: "DECLINE" } as const)[said.answer],
    framework_id: { value: frameworkId },
    timestamp: { nanoseconds: (said?.atMs ?? 0) * 1e6 },
  };
}
