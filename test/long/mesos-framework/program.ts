/**
 * A framework on the npm package mesos-framework, as its users write one, in a process of its own: the package ends its
 * process when it has lost the master, and writes its log into the working directory. What it hears goes to the parent.
 *
 * On the Node of today the package notices the end of its stream only when it is orderly. A program that is to outlive a
 * cut connection or a master that is away subscribes anew by itself, and so does this one.
 */

import { mkdirSync } from "node:fs";
import { Mesos, Scheduler } from "mesos-framework";
import type { Order, Plan } from "./judge.ts";

/** Pause between two looks whether there still is a subscription, in milliseconds. */
const lookEveryMs = 100;

const heard = ["sent_subscribe", "heartbeat", "offers", "update", "failure", "message"];
const sent = ["sent_accept", "sent_decline", "sent_acknowledge", "sent_kill", "sent_reconcile", "sent_teardown"];

// Its log goes there, and it ends with the first line that cannot.
mkdirSync("logs");
const { CommandInfo } = Mesos.getMesos();
const plan = JSON.parse(process.argv[2] ?? "") as Plan;
const scheduler = new Scheduler({
  masterUrl: "127.0.0.1",
  port: plan.port,
  frameworkName: plan.name,
  masterConnectionTimeout: plan.patienceSeconds,
  logging: { level: "error" },
  tasks: Object.fromEntries(
    plan.tasks.map(({ name, instances, command, cpus, ports }) => [
      name,
      {
        instances,
        commandInfo: new CommandInfo(null, null, true, command, null, null),
        resources: { cpus, mem: 16, ports, disk: 0 },
      },
    ]),
  ),
});
// As an option it takes 0 for a week.
if (plan.failoverSeconds !== undefined) scheduler.options.frameworkFailoverTimeout = plan.failoverSeconds;

const tell = (event: string, body?: unknown) => process.send?.({ event, body });
for (const event of [...heard, ...sent]) scheduler.on(event, (body?: unknown) => tell(event, body));
scheduler.on("subscribed", (body: object) => tell("subscribed", { ...body, port: Number(scheduler.options.port) }));
scheduler.on("error", (error: string | { readonly message: string }) =>
  tell("error", typeof error === "string" ? error : error.message),
);

scheduler.on("ready", () => {
  scheduler.subscribe();
  setInterval(() => {
    if (scheduler.httpRequest.destroyed !== true) return;
    tell("subscribing anew");
    scheduler.mesosStreamId = undefined;
    scheduler.generateRequestTemplate();
    scheduler.subscribe();
  }, lookEveryMs);
});

process.on("message", (order: Order) => {
  switch (order.kind) {
    case "kill":
      return scheduler.kill(order.taskId, order.agentId);
    case "reconcile":
      return scheduler.reconcile();
    case "teardown":
      return scheduler.teardown();
  }
});
process.on("disconnect", () => process.exit());
