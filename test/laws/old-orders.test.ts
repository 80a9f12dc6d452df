import fc from "fast-check";
import { expect, test } from "vitest";
import { SlaveId, TaskId } from "../../src/protocol/ids.ts";
import { isOlderLead, type Lead } from "../../src/protocol/lead.ts";
import { lead as first, frameworkId, Host, simulatedTask } from "../slave/kit.ts";

/**
 * Orders of several leaderships reach a slave in any order, as when an old master's process comes to again after a
 * new one has been chosen, or its packets do.
 */
const leads = fc.record({ epoch: fc.integer({ min: 1, max: 4 }), term: fc.integer({ min: 1, max: 3 }) });

const orders = fc.array(
  fc.record({ lead: leads, kind: fc.constantFrom("run" as const, "welcome" as const, "kill" as const) }),
  { maxLength: 25 },
);

test("an order of an earlier leadership has no effect, whenever it arrives", () => {
  fc.assert(
    fc.property(orders, (arriving) => {
      const host = Host.registered();
      let highest: Lead = first;
      const running = new Set<string>();
      for (const [number, { lead, kind }] of arriving.entries()) {
        const late = isOlderLead(lead, highest);
        if (!late) highest = lead;
        const taskId = `task-${number}`;
        if (kind === "run") {
          host.run(simulatedTask(taskId, 1_000_000), lead);
          if (!late) running.add(taskId);
        } else if (kind === "welcome") {
          // A late welcome under another id would make it give up all it runs.
          host.welcome(late ? { lead, slaveId: SlaveId("m-S9") } : { lead });
        } else {
          // When nothing runs the order is for a task that nobody knows.
          const [victim = taskId] = running;
          host.say("killOnSlave", { lead, frameworkId, taskId: TaskId(victim) });
          if (!late) running.delete(victim);
        }
        const live = [...host.party.executors.all()].filter(({ status }) => status.state === "running");
        expect(live.map(({ task }) => task.taskId).sort()).toEqual([...running].sort());
      }
    }),
    { numRuns: 60 },
  );
});
