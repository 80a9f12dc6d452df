import { expect, test } from "vitest";
import { defineScheduler } from "../../src/frameworks/scheduler.ts";
import { TaskId } from "../../src/protocol/ids.ts";
import { Kit, offer, quantities, status } from "./kit.ts";

/** What an author writes to run a hundred tasks. */
function hundred() {
  const resources = quantities("cpus:1;mem:32");
  let launched = 0;
  let finished = 0;
  return defineScheduler({
    name: "hundred",
    resourceOffers(offers, driver) {
      for (const { id, slaveId } of offers) {
        const taskId = TaskId(`t${launched}`);
        if (launched++ >= 100) return driver.setNeedsOffers(false);
        const command = { shell: true, value: "true" };
        driver.replyToOffer([id], [{ taskId, name: taskId, slaveId, resources, command }]);
      }
    },
    statusUpdate({ state }, driver) {
      if (state === "finished" && ++finished === 100) driver.stop({ kind: "done", result: finished });
    },
  });
}

test("a scheduler of twenty lines runs a hundred tasks", () => {
  const kit = Kit.subscribed(hundred());
  for (let round = 0; kit.down === undefined; round++) {
    kit.offers(...["s1", "s2", "s3"].map((slave) => offer(`${slave}-${round}`, slave, "cpus:1;mem:32")));
    for (const { taskId, slaveId } of kit.takeTasks()) kit.update(status(taskId, "finished", { slaveId }));
  }
  expect(kit.ending).toEqual({ kind: "done", result: 100 });
});
