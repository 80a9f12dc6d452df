import type { Address } from "../actors/address.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { FrameworkRow } from "../protocol/cluster-events.ts";
import type { FrameworkInfo } from "../protocol/framework-info.ts";
import { FrameworkId } from "../protocol/ids.ts";
import type { OfferFilters } from "../protocol/offer.ts";
import { add, noResources, type Resources, scalarsOf, subtract } from "../protocol/resources.ts";
import type { SchedulerProtocol } from "../protocol/scheduler-api.ts";
import type { MasterState } from "./state.ts";

/**
 *   connected ⇄ disconnected ── completed      a disconnected framework keeps its tasks for its failover timeout;
 *       └────────────────────────────┘         a completed one waits only for its last tasks to end
 */
export type Framework = {
  readonly id: FrameworkId;
  info: FrameworkInfo;
  state: "connected" | "disconnected" | "completed";
  /** The scheduler while it is connected. */
  ref: ActorRef<SchedulerProtocol> | undefined;
  readonly registeredMs: number;
  /** Scalars over all slaves. */
  used: Resources;
  offered: Resources;
  suppressed: boolean;
  filters: OfferFilters | undefined;
  readonly counts: { sent: number; accepted: number; declined: number; rescinded: number };
};

/** Completed frameworks that are remembered, so that a late scheduler is refused; the oldest is forgotten. */
const completedMax = 50;

/** Who uses the cluster: subscriptions, their loss and return, and the end of a framework. */
export class Frameworks {
  readonly #state: () => MasterState;
  readonly #frameworks = new Map<FrameworkId, Framework>();
  #made = 0;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  all(): Iterable<Framework> {
    return this.#frameworks.values();
  }

  get(id: FrameworkId): Framework | undefined {
    return this.#frameworks.get(id);
  }

  /** The newest scheduler of a framework wins; the one before hears that it is over. A retry is answered again. */
  subscribe(self: Address<SchedulerProtocol>, info: FrameworkInfo): void {
    const { ctx, id: masterId, lead, allocator, offers } = this.#state();
    const scheduler = ctx.ref(self);
    const id = info.id ?? this.#awaited(self) ?? FrameworkId(`${masterId}-${String(this.#made++).padStart(4, "0")}`);
    const framework = this.#frameworks.get(id) ?? this.#create(id, info);
    if (framework.state === "completed") {
      scheduler.tell("frameworkError", { message: `framework ${id} has been torn down` });
      return;
    }
    if (framework.ref?.address === self) {
      scheduler.tell("subscribed", { frameworkId: id, lead });
      return;
    }
    framework.ref?.tell("frameworkError", { message: "framework failed over: another scheduler took over" });
    offers.withdrawFramework(id);
    const afresh = { suppressed: false, filters: undefined };
    Object.assign(framework, { info: { ...info, id }, state: "connected", ref: scheduler, ...afresh });
    ctx.cancel(`failover.${id}`);
    ctx.watch(scheduler, () => {
      if (framework.ref === scheduler) this.#disconnected(framework);
    });
    scheduler.tell("subscribed", { frameworkId: id, lead });
    allocator.tell("frameworkActive", { frameworkId: id, active: true });
    allocator.tell("setFilters", { frameworkId: id, filters: {} });
    allocator.tell("revive", { frameworkId: id });
    ctx.log("info", `framework ${id} subscribed`, { name: info.name });
    this.#changed(framework);
  }

  /**
   * A framework that a slave has tasks of and that has not subscribed to this master yet. It was the master that went
   * away: the scheduler has at least as long to come back as a slave has.
   */
  recover(id: FrameworkId, info: FrameworkInfo): void {
    if (this.#frameworks.has(id)) return;
    const framework = this.#create(id, info);
    this.#awaitFailover(framework, Math.max(info.failoverTimeoutMs, this.#state().config.slaveReregisterMs));
  }

  setNeedsOffers(id: FrameworkId, needs: boolean): void {
    const framework = this.#frameworks.get(id);
    if (framework === undefined) return;
    framework.suppressed = !needs;
    this.#state().allocator.tell(needs ? "revive" : "suppress", { frameworkId: id });
  }

  setFilters(id: FrameworkId, filters: OfferFilters): void {
    const framework = this.#frameworks.get(id);
    if (framework === undefined) return;
    framework.filters = filters;
    this.#state().allocator.tell("setFilters", { frameworkId: id, filters });
  }

  /** Ends a framework: its offers go back, its tasks are killed, its scheduler is told. False when unknown. */
  teardown(id: FrameworkId, why: string): boolean {
    const { ctx, lead, offers, tasks, slaves, allocator } = this.#state();
    const framework = this.#frameworks.get(id);
    if (framework === undefined || framework.state === "completed") return false;
    ctx.log("info", `framework ${id} is completed: ${why}`);
    framework.ref?.tell("frameworkError", { message: why });
    framework.ref = undefined;
    framework.state = "completed";
    ctx.cancel(`failover.${id}`);
    offers.withdrawFramework(id);
    allocator.tell("frameworkActive", { frameworkId: id, active: false });
    const homes = new Set(tasks.ofFramework(id).map((task) => task.slaveId));
    for (const slaveId of homes) slaves.get(slaveId)?.ref.tell("shutdownFramework", { lead, frameworkId: id });
    this.#changed(framework);
    this.settle(id);
    return true;
  }

  /** Forgets a completed framework in the allocator once its last task has ended. */
  settle(id: FrameworkId): void {
    const { tasks, allocator } = this.#state();
    const framework = this.#frameworks.get(id);
    if (framework?.state !== "completed" || tasks.ofFramework(id).length > 0) return;
    allocator.tell("frameworkRemoved", { frameworkId: id });
    const completed = [...this.#frameworks.values()].filter((other) => other.state === "completed");
    const [oldest] = completed;
    if (oldest !== undefined && completed.length > completedMax && tasks.ofFramework(oldest.id).length === 0) {
      this.#frameworks.delete(oldest.id);
    }
  }

  use(id: FrameworkId, resources: Resources): void {
    this.#update(id, (framework) => {
      framework.used = add(framework.used, scalarsOf(resources));
    });
  }

  unuse(id: FrameworkId, resources: Resources): void {
    this.#update(id, (framework) => {
      framework.used = subtract(framework.used, scalarsOf(resources));
    });
  }

  offer(id: FrameworkId, resources: Resources): void {
    this.#update(id, (framework) => {
      framework.offered = add(framework.offered, scalarsOf(resources));
      framework.counts.sent++;
    });
  }

  unoffer(id: FrameworkId, resources: Resources, how: "accepted" | "declined" | "rescinded"): void {
    this.#update(id, (framework) => {
      framework.offered = subtract(framework.offered, scalarsOf(resources));
      framework.counts[how]++;
    });
  }

  row(id: FrameworkId): FrameworkRow {
    const framework = this.#frameworks.get(id);
    const { info, state, registeredMs, used, offered, counts } = framework ?? this.#blank(id);
    return { id, info, state, registeredMs, used, offered, offers: { ...counts } };
  }

  /** A scheduler that retries its first subscription must not become two frameworks. */
  #awaited(self: Address<SchedulerProtocol>): FrameworkId | undefined {
    for (const framework of this.#frameworks.values()) if (framework.ref?.address === self) return framework.id;
    return undefined;
  }

  #create(id: FrameworkId, info: FrameworkInfo): Framework {
    const framework: Framework = { ...this.#blank(id), info: { ...info, id } };
    this.#frameworks.set(id, framework);
    this.#state().allocator.tell("frameworkAdded", { frameworkId: id, role: info.role, active: false });
    return framework;
  }

  #blank(id: FrameworkId): Framework {
    return {
      id,
      info: { name: "", user: "", role: "*", failoverTimeoutMs: 0, checkpoint: false, id },
      state: "disconnected",
      ref: undefined,
      registeredMs: this.#state().ctx.clock.wall(),
      used: noResources,
      offered: noResources,
      suppressed: false,
      filters: undefined,
      counts: { sent: 0, accepted: 0, declined: 0, rescinded: 0 },
    };
  }

  #disconnected(framework: Framework): void {
    const { ctx, allocator, offers } = this.#state();
    ctx.log("info", `framework ${framework.id} is disconnected`, {
      failoverTimeoutMs: framework.info.failoverTimeoutMs,
    });
    framework.ref = undefined;
    framework.state = "disconnected";
    offers.withdrawFramework(framework.id);
    allocator.tell("frameworkActive", { frameworkId: framework.id, active: false });
    this.#awaitFailover(framework, framework.info.failoverTimeoutMs);
    this.#changed(framework);
  }

  #awaitFailover(framework: Framework, timeoutMs: number): void {
    const { ctx } = this.#state();
    ctx.after(`failover.${framework.id}`, timeoutMs, () => {
      this.teardown(framework.id, "no scheduler came back within the failover timeout");
    });
  }

  #update(id: FrameworkId, change: (framework: Framework) => void): void {
    const framework = this.#frameworks.get(id);
    if (framework === undefined) return;
    change(framework);
    this.#changed(framework);
  }

  #changed(framework: Framework): void {
    this.#state().publisher.frameworkChanged(framework.id);
  }
}
