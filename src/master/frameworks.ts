import type { Address } from "../actors/address.ts";
import type { BodyOf } from "../actors/protocol.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { FrameworkRow } from "../protocol/cluster-events.ts";
import { type FrameworkInfo, frameworkInfoFault } from "../protocol/framework-info.ts";
import { FrameworkId, type SlaveId } from "../protocol/ids.ts";
import type { MasterProtocol, UpdateReply } from "../protocol/master-api.ts";
import { clientFilters, filtersFault, type OfferFilters } from "../protocol/offer-filters.ts";
import { quantitiesOf } from "../protocol/quantities.ts";
import { add, noResources, type Resources, subtract } from "../protocol/resources.ts";
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
  /** The part of `used` whose tasks do not run yet. */
  staging: Resources;
  offered: Resources;
  /** The roles it wants no offers for. */
  suppressed: ReadonlySet<string>;
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

  /**
   * The newest scheduler of a framework wins; the one before hears that it is over. A retry is answered again. What a
   * framework says of itself may change from one subscription to the next, but for its user and its `checkpoint`.
   */
  subscribe({ self, info, suppressedRoles = [], filters = {} }: BodyOf<MasterProtocol["subscribe"]>): void {
    const { ctx, id: masterId, lead, allocator, offers, statuses, revocations, maintenance } = this.#state();
    const scheduler = ctx.ref(self);
    const id = info.id ?? this.#awaited(self) ?? FrameworkId(`${masterId}-${String(this.#made++).padStart(4, "0")}`);
    const known = this.#frameworks.get(id);
    const message = this.#refusal(known, info, suppressedRoles) ?? filtersFault(filters, info.roles);
    if (message !== undefined) return scheduler.tell("frameworkError", { message });
    if (known?.ref?.address === self) return scheduler.tell("subscribed", { frameworkId: id, lead });
    const framework = known ?? this.#create(id, info);
    framework.ref?.tell("frameworkError", { message: "Framework failed over" });
    offers.withdrawFramework(id);
    if (known !== undefined) this.#describe(framework, info, known.info);
    Object.assign(framework, { state: "connected", ref: scheduler, suppressed: new Set(suppressedRoles), filters });
    ctx.cancel(`failover.${id}`);
    ctx.watch(scheduler, () => {
      if (framework.ref === scheduler) this.#disconnected(framework);
    });
    scheduler.tell("subscribed", { frameworkId: id, lead });
    for (const role of framework.info.roles) {
      allocator.tell("clientActive", { frameworkId: id, role, active: true });
      allocator.tell("clientFilters", { frameworkId: id, role, filters: clientFilters(filters, role) });
      allocator.tell("clientRevived", { frameworkId: id, role });
      if (framework.suppressed.has(role)) allocator.tell("clientSuppressed", { frameworkId: id, role });
    }
    statuses.tellAgain(id);
    revocations.tellAgain(framework);
    maintenance.tellAgain(framework);
    ctx.log("info", `framework ${id} subscribed`, { name: info.name });
    this.#changed(framework);
  }

  /** Changes what a framework says of itself while it is subscribed (Mesos's UPDATE_FRAMEWORK). */
  update({ frameworkId, info, suppressedRoles, filters }: BodyOf<MasterProtocol["updateFramework"]>): UpdateReply {
    const framework = this.#frameworks.get(frameworkId);
    if (framework === undefined) return { done: false, reason: `no framework ${frameworkId} is registered` };
    const { info: before } = framework;
    const fixed = (["user", "checkpoint", "principal"] as const).find((field) => before[field] !== info[field]);
    if (fixed !== undefined) return { done: false, reason: `the ${fixed} of a framework cannot be changed` };
    const reason = this.#refusal(framework, info, suppressedRoles) ?? filtersFault(filters ?? {}, info.roles);
    if (reason !== undefined) return { done: false, reason };
    this.#describe(framework, info, before);
    for (const role of info.roles) {
      const suppressed = suppressedRoles.includes(role);
      if (framework.suppressed.has(role) !== suppressed) this.setNeedsOffers(frameworkId, [role], !suppressed);
    }
    if (filters !== undefined) this.setFilters(frameworkId, filters);
    return { done: true };
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

  /**
   * For some of its roles, or for all when none is named. One that it does not have voids the whole call, as in Mesos.
   * `slaveIds`: of its declines those of these slaves are forgotten, and no others.
   */
  setNeedsOffers(id: FrameworkId, named: readonly string[], needs: boolean, slaveIds?: readonly SlaveId[]): void {
    const framework = this.#frameworks.get(id);
    if (framework === undefined || named.some((role) => !framework.info.roles.includes(role))) return;
    const roles = named.length === 0 ? framework.info.roles : named;
    const others = [...framework.suppressed].filter((role) => !roles.includes(role));
    framework.suppressed = new Set(needs ? others : [...others, ...roles]);
    const { allocator, slaves } = this.#state();
    const parts = slaveIds?.flatMap((slaveId) => slaves.get(slaveId)?.parts ?? []);
    const of = parts === undefined ? {} : { accounts: parts.map(({ account }) => account) };
    for (const role of roles) {
      if (needs) allocator.tell("clientRevived", { frameworkId: id, role, ...of });
      else allocator.tell("clientSuppressed", { frameworkId: id, role });
    }
  }

  /** From the next pass on; offers that are outstanding stay. */
  setFilters(id: FrameworkId, filters: OfferFilters): void {
    const framework = this.#frameworks.get(id);
    if (framework === undefined) return;
    const { ctx, allocator } = this.#state();
    const reason = filtersFault(filters, framework.info.roles);
    if (reason !== undefined) return ctx.log("warn", `new filters of framework ${id} change nothing`, { reason });
    framework.filters = filters;
    for (const role of framework.info.roles) {
      allocator.tell("clientFilters", { frameworkId: id, role, filters: clientFilters(filters, role) });
    }
  }

  /** Whoever its scheduler was counts as lost; it may come back within its failover timeout. */
  disconnect(id: FrameworkId): void {
    const framework = this.#frameworks.get(id);
    if (framework?.ref !== undefined) this.#disconnected(framework);
  }

  /** Ends a framework: its offers go back, its tasks are killed, its scheduler is told. False when unknown. */
  teardown(id: FrameworkId, why: string): boolean {
    const { ctx, lead, offers, statuses, tasks, slaves } = this.#state();
    const framework = this.#frameworks.get(id);
    if (framework === undefined || framework.state === "completed") return false;
    ctx.log("info", `framework ${id} is completed: ${why}`);
    framework.ref?.tell("frameworkError", { message: why });
    framework.ref = undefined;
    framework.state = "completed";
    ctx.cancel(`failover.${id}`);
    offers.withdrawFramework(id);
    statuses.forgetFramework(id);
    this.#deactivate(framework);
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
    for (const role of framework.info.roles) allocator.tell("clientRemoved", { frameworkId: id, role });
    const completed = [...this.#frameworks.values()].filter((other) => other.state === "completed");
    const [oldest] = completed;
    if (oldest !== undefined && completed.length > completedMax && tasks.ofFramework(oldest.id).length === 0) {
      this.#frameworks.delete(oldest.id);
    }
  }

  use(id: FrameworkId, resources: Resources): void {
    this.#update(id, (framework) => {
      framework.used = add(framework.used, quantitiesOf(resources));
    });
  }

  unuse(id: FrameworkId, resources: Resources): void {
    this.#update(id, (framework) => {
      framework.used = subtract(framework.used, quantitiesOf(resources));
    });
  }

  /** A task has been launched, and has not begun to run. */
  stage(id: FrameworkId, resources: Resources): void {
    const framework = this.#frameworks.get(id);
    if (framework !== undefined) framework.staging = add(framework.staging, quantitiesOf(resources));
  }

  /** It runs, or has ended before. */
  unstage(id: FrameworkId, resources: Resources): void {
    const framework = this.#frameworks.get(id);
    if (framework !== undefined) framework.staging = subtract(framework.staging, quantitiesOf(resources));
  }

  offer(id: FrameworkId, resources: Resources): void {
    this.#update(id, (framework) => {
      framework.offered = add(framework.offered, quantitiesOf(resources));
      framework.counts.sent++;
    });
  }

  /** An accept of it waits with these resources, which count as offered. */
  hold(id: FrameworkId, resources: Resources): void {
    this.#update(id, (framework) => {
      framework.offered = add(framework.offered, quantitiesOf(resources));
    });
  }

  unhold(id: FrameworkId, resources: Resources): void {
    this.#update(id, (framework) => {
      framework.offered = subtract(framework.offered, quantitiesOf(resources));
    });
  }

  unoffer(id: FrameworkId, resources: Resources, how: "accepted" | "declined" | "rescinded"): void {
    this.#update(id, (framework) => {
      framework.offered = subtract(framework.offered, quantitiesOf(resources));
      framework.counts[how]++;
    });
  }

  row(id: FrameworkId): FrameworkRow {
    const framework = this.#frameworks.get(id);
    const { info, state, registeredMs, used, offered, counts } = framework ?? this.#blank(id);
    return { id, info, state, registeredMs, used, offered, offers: { ...counts } };
  }

  /** Why a subscription, or a change of one, cannot be; the reasons are Mesos's. */
  #refusal(known: Framework | undefined, info: FrameworkInfo, suppressedRoles: readonly string[]): string | undefined {
    if (known?.state === "completed") return "Framework has been removed";
    const fault = frameworkInfoFault(info);
    if (fault !== undefined) return fault;
    const stranger = suppressedRoles.find((role) => !info.roles.includes(role));
    if (stranger !== undefined) return `suppressed role ${JSON.stringify(stranger)} is none of the framework's roles`;
    if (info.user === "root" && !this.#state().config.rootSubmissions) return "frameworks of the user root are refused";
    const changed = known !== undefined && known.info.principal !== info.principal;
    return changed ? "a framework cannot change its principal" : undefined;
  }

  /**
   * Takes over what a framework says of itself, but for what stays. Roles that it drops are offered nothing more, and lose
   * what is offered.
   */
  #describe(framework: Framework, info: FrameworkInfo, { user, checkpoint }: FrameworkInfo): void {
    const { allocator, offers } = this.#state();
    const { id, info: before } = framework;
    framework.info = { ...info, user, checkpoint, id };
    for (const role of info.roles) {
      if (!before.roles.includes(role)) allocator.addClient(framework, role);
    }
    for (const role of before.roles) {
      if (info.roles.includes(role)) continue;
      offers.rescindRole(id, role);
      allocator.tell("clientRemoved", { frameworkId: id, role });
    }
    framework.suppressed = new Set(info.roles.filter((role) => framework.suppressed.has(role)));
    this.#changed(framework);
  }

  #deactivate({ id, info }: Framework): void {
    for (const role of info.roles) {
      this.#state().allocator.tell("clientActive", { frameworkId: id, role, active: false });
    }
  }

  /** A scheduler that retries its first subscription must not become two frameworks. */
  #awaited(self: Address<SchedulerProtocol>): FrameworkId | undefined {
    for (const framework of this.#frameworks.values()) if (framework.ref?.address === self) return framework.id;
    return undefined;
  }

  #create(id: FrameworkId, info: FrameworkInfo): Framework {
    const framework: Framework = { ...this.#blank(id), info: { ...info, id, roles: [] } };
    this.#frameworks.set(id, framework);
    this.#describe(framework, info, info);
    return framework;
  }

  #blank(id: FrameworkId): Framework {
    return {
      id,
      info: { name: "", user: "", roles: [], failoverTimeoutMs: 0, checkpoint: false, capabilities: [], id },
      state: "disconnected",
      ref: undefined,
      registeredMs: this.#state().ctx.clock.wall(),
      used: noResources,
      staging: noResources,
      offered: noResources,
      suppressed: new Set(),
      filters: undefined,
      counts: { sent: 0, accepted: 0, declined: 0, rescinded: 0 },
    };
  }

  #disconnected(framework: Framework): void {
    const { ctx, offers } = this.#state();
    ctx.log("info", `framework ${framework.id} is disconnected`, {
      failoverTimeoutMs: framework.info.failoverTimeoutMs,
    });
    framework.ref = undefined;
    framework.state = "disconnected";
    offers.withdrawFramework(framework.id);
    this.#deactivate(framework);
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
