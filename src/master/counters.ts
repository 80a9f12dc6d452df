import type { BodyOf } from "../actors/protocol.ts";
import type { Behaviour } from "../actors/spec.ts";
import type { Counts } from "../protocol/cluster-events.ts";
import type { MasterProtocol } from "../protocol/master-api.ts";
import type { Operation } from "../protocol/offer.ts";
import { isTerminal, type TaskStatus } from "../protocol/task.ts";
import type { DurationSummary } from "./allocator/durations.ts";
import type { AllocatorCounts } from "./allocator/protocol.ts";
import type { MasterMailbox } from "./master.ts";
import type { MasterState } from "./state.ts";

/** Principals whose messages are counted apart; those of later ones count with all others alone. */
const principalsMax = 100;

/** Names that are told from the beginning, so that nobody takes what has not happened for what is not counted. */
const names = [
  ...["valid", "invalid"].flatMap((word) => [
    `master/${word}_status_updates`,
    `master/${word}_status_update_acknowledgements`,
    `master/${word}_framework_to_executor_messages`,
    `master/${word}_executor_to_framework_messages`,
  ]),
  ...[
    "authenticate",
    "deactivate_framework",
    "decline_offers",
    "executor_to_framework",
    "exited_executor",
    "framework_to_executor",
    "kill_task",
    "launch_tasks",
    "reconcile_tasks",
    "register_framework",
    "register_slave",
    "reregister_framework",
    "reregister_slave",
    "resource_request",
    "revive_offers",
    "status_update",
    "status_update_acknowledgement",
    "suppress_offers",
    "unregister_framework",
    "unregister_slave",
    "update_slave",
  ].map((kind) => `master/messages_${kind}`),
  ...["finished", "failed", "killed", "lost", "error", "dropped", "gone", "gone_by_operator"].map(
    (state) => `master/tasks_${state}`,
  ),
  "master/dropped_messages",
  "master/slave_registrations",
  "master/slave_reregistrations",
  "master/slave_removals",
  "master/slave_removals/reason_unhealthy",
  "master/slave_removals/reason_unregistered",
  "master/slave_unreachable_scheduled",
  "master/slave_unreachable_canceled",
  "master/slave_unreachable_completed",
  "master/recovery_slave_removals",
] as const;

/** Mesos's name of each message that it counts. */
const metricOf: { readonly [K in keyof MasterProtocol]?: (body: BodyOf<MasterProtocol[K]>) => string } = {
  registerSlave: ({ slaveId }) => (slaveId === undefined ? "register_slave" : "reregister_slave"),
  unregisterSlave: () => "unregister_slave",
  statusUpdate: () => "status_update",
  executorExited: () => "exited_executor",
  subscribe: ({ info }) => (info.id === undefined ? "register_framework" : "reregister_framework"),
  accept: ({ operations }) => (operations.some(isLaunch) ? "launch_tasks" : "decline_offers"),
  decline: () => "decline_offers",
  suppress: () => "suppress_offers",
  revive: () => "revive_offers",
  killTask: () => "kill_task",
  acknowledge: () => "status_update_acknowledgement",
  reconcile: () => "reconcile_tasks",
  teardown: () => "unregister_framework",
};

/**
 * What has happened since this master was elected, under Mesos's names of metrics. Counting takes constant time, and the
 * numbers go to the views now and then.
 */
export class Counters {
  /** Undefined until the registry has been read; messages are counted before that too. */
  readonly #state: () => MasterState | undefined;
  readonly #counts = new Map<string, number>(names.map((name) => [name, 0]));
  readonly #principals = new Set<string>();
  /** Unexpired filters by role, as metrics. */
  #filters: Counts = {};

  constructor(state: () => MasterState | undefined) {
    this.#state = state;
  }

  /** The numbers as they are. */
  get counts(): Counts {
    const queued = this.#state()?.registrar.queued ?? 0;
    const idle = this.#state()?.idleTime.counts ?? {};
    return { ...Object.fromEntries(this.#counts), ...this.#filters, ...idle, "registrar/queued_operations": queued };
  }

  count(name: (typeof names)[number]): void {
    this.#add(name);
  }

  heard(kind: keyof MasterMailbox, body: unknown): void {
    const metric = metricOf[kind as keyof MasterProtocol] as ((body: unknown) => string) | undefined;
    if (metric !== undefined) this.#add(`master/messages_${metric(body)}`);
  }

  /** What became of a message of a principal's framework. */
  principal(
    principal: string | undefined,
    what: "messages_received" | "messages_processed" | "messages_dropped" | "capacity_warnings",
  ): void {
    if (principal === undefined) return;
    if (!this.#principals.has(principal) && this.#principals.size === principalsMax) return;
    this.#principals.add(principal);
    this.#add(`frameworks/${principal}/${what}`);
  }

  /** A task has come into this state; only the end of one is counted. An answer to reconciliation tells nothing new. */
  taskState({ state, source, reason }: TaskStatus): void {
    if (!isTerminal(state) || reason === "RECONCILIATION") return;
    this.#add(`master/tasks_${state}`);
    if (reason !== undefined) {
      this.#add(`master/task_${state}/source_${source}/reason_${reason.toLowerCase()}`);
    }
  }

  statusUpdate(valid: boolean): void {
    this.count(valid ? "master/valid_status_updates" : "master/invalid_status_updates");
  }

  acknowledgement(valid: boolean): void {
    this.count(valid ? "master/valid_status_update_acknowledgements" : "master/invalid_status_update_acknowledgements");
  }

  slaveRemoved(fate: "lost" | "unreachable" | "gone" | "gone_by_operator"): void {
    this.count("master/slave_removals");
    if (fate === "gone") this.count("master/slave_removals/reason_unregistered");
    else if (fate !== "gone_by_operator") this.count("master/slave_removals/reason_unhealthy");
  }

  /** What the allocator has told of itself; `waiting`: messages that came to it while it was asked. */
  allocator({ passes, runMs, latencyMs, filters }: AllocatorCounts, waiting: number): void {
    this.#counts.set("allocator/mesos/allocation_runs", passes);
    this.#durations("allocator/mesos/allocation_run_ms", runMs);
    this.#durations("allocator/mesos/allocation_run_latency_ms", latencyMs);
    this.#counts.set("allocator/mesos/event_queue_dispatches", waiting);
    const entries = Object.entries(filters);
    this.#filters = Object.fromEntries(
      entries.map(([role, active]) => [`allocator/mesos/offer_filters/roles/${role}/active`, active]),
    );
    this.#state()?.publisher.counted();
  }

  #durations(timer: string, { last, ...summary }: DurationSummary): void {
    if (last !== undefined) this.#counts.set(timer, last);
    for (const [name, value] of Object.entries(summary)) this.#counts.set(`${timer}/${name}`, value);
  }

  #add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    this.#state()?.publisher.counted();
  }
}

/** One without tasks is a way to decline. */
function isLaunch(operation: Operation): boolean {
  return (
    operation.type === "launchGroup" ||
    operation.type === "unfitGroup" ||
    (operation.type === "launch" && operation.tasks.length > 0)
  );
}

/** The same handlers, with an ear at each. */
export function overheard<P>(handlers: Behaviour<P>, heard: (kind: keyof P, body: unknown) => void): Behaviour<P> {
  const entries = Object.entries(handlers as Record<string, (body: unknown, reply?: unknown) => void>);
  const listening = entries.map(([kind, handle]) => {
    const listen = (body: unknown, reply?: unknown) => {
      heard(kind as keyof P, body);
      handle(body, reply);
    };
    return [kind, listen] as const;
  });
  return Object.fromEntries(listening) as Behaviour<P>;
}
