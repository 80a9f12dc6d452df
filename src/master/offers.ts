import { invariant } from "../base/invariant.ts";
import { MultiMap } from "../base/multi-map.ts";
import type { OfferRow } from "../protocol/cluster-events.ts";
import { type FrameworkId, OfferId, type SlaveId } from "../protocol/ids.ts";
import {
  clampRefuseMs,
  type Filter,
  type Offer,
  type Operation,
  type PlainOperation,
  type RescindReason,
} from "../protocol/offer.ts";
import { add, contains, overlap, type Resources, subtract, sum } from "../protocol/resources.ts";
import type { TaskInfo, TaskReason } from "../protocol/task.ts";
import type { TaskGroup } from "../protocol/task-group.ts";
import { rowsOf } from "./allocator/offered-batch.ts";
import type { OfferedBatch } from "./allocator/protocol.ts";
import type { Holding } from "./allocator-link.ts";
import { groupFault } from "./group-fault.ts";
import type { Slave } from "./slaves.ts";
import type { MasterState } from "./state.ts";
import { taskFault } from "./task-fault.ts";

/** Whom an offer is for, and what part of a slave it is of. */
type Client = Omit<Holding, "resources"> & { readonly maxTaskMs?: number };

type Outstanding = Offer & { readonly madeMs: number; readonly expiresMs: number };

/** An accept on its way through its operations. */
type Accepted = {
  readonly client: Client;
  readonly slave: Slave;
  /** What the offers had. */
  readonly offered: Resources;
  readonly filter: Filter;
};

/** Every offer ends exactly once: accepted, declined, or taken back. Until then its resources are nobody else's. */
export class Offers {
  readonly #state: () => MasterState;
  /** In the order they were made, which is the order in which they expire. */
  readonly #offers = new Map<OfferId, Outstanding>();
  readonly #bySlave = new MultiMap<SlaveId, Outstanding>();
  readonly #byFramework = new MultiMap<FrameworkId, Outstanding>();
  #made = 0;
  #groups = 0;

  constructor(state: () => MasterState) {
    this.#state = state;
  }

  all(): Iterable<Outstanding> {
    return this.#offers.values();
  }

  /** When the oldest of a framework's offers was made, by the wall clock; undefined when it has none. */
  oldestMs(frameworkId: FrameworkId): number | undefined {
    for (const { madeMs } of this.#byFramework.get(frameworkId)) return madeMs;
    return undefined;
  }

  onSlave(slaveId: SlaveId): readonly Outstanding[] {
    return [...this.#bySlave.get(slaveId)];
  }

  /**
   * Turns the allocator's rows into offers, one message per framework; rows that came too late go back, as for limits that
   * were set meanwhile, and so do those for a framework that holds as many offers as it may. A row from an account that was closed meanwhile is nothing: in the
   * slave's new account its resources are free, or somebody else's.
   */
  make(batch: OfferedBatch): void {
    const { frameworks, allocator, config } = this.#state();
    const made = new Map<FrameworkId, Offer[]>();
    for (const { account, frameworkId, role, resources } of rowsOf(batch)) {
      const place = allocator.accountOf(account);
      if (place === undefined) continue;
      const { slave, short } = place;
      const holding = { slaveId: slave.id, short, frameworkId, role, resources };
      const framework = frameworks.get(frameworkId);
      const isWanted =
        framework?.ref !== undefined && framework.info.roles.includes(role) && !framework.suppressed.has(role);
      if (slave.state !== "registered" || !isWanted) allocator.recovered(holding);
      else if (!allocator.upToDate(batch, role)) allocator.recovered(holding);
      else if (this.#byFramework.get(frameworkId).size >= config.outstandingOffersMax) {
        // With a filter, or the same would come again at once.
        allocator.recovered(holding, config.allocationIntervalMs);
      } else {
        const offers = made.get(frameworkId) ?? [];
        made.set(frameworkId, offers);
        offers.push(this.#make(holding, slave));
      }
    }
    for (const [frameworkId, offers] of made) frameworks.get(frameworkId)?.ref?.tell("resourceOffers", { offers });
  }

  accept(frameworkId: FrameworkId, ids: readonly OfferId[], operations: readonly Operation[], filter: Filter): void {
    const { slaves } = this.#state();
    const fault = this.#fault(frameworkId, ids);
    const offers = this.#take(frameworkId, ids, "accepted");
    const [first] = offers;
    const slave = first && slaves.get(first.slaveId);
    if (fault !== undefined || slave === undefined || first === undefined) {
      for (const offer of offers) this.#giveBack(offer, undefined);
      for (const operation of operations) this.#drop(frameworkId, operation, fault ?? "the slave is gone");
      return;
    }
    const offered = sum(offers.map((offer) => offer.resources));
    this.#proceed({ client: holdingOf(first), slave, offered, filter }, offered, operations);
  }

  decline(frameworkId: FrameworkId, ids: readonly OfferId[], filter: Filter): void {
    for (const offer of this.#take(frameworkId, ids, "declined")) this.#giveBack(offer, clampRefuseMs(filter.refuseMs));
  }

  /** Takes back what is offered of a slave, before anything of it is offered again. */
  rescindSlave(slaveId: SlaveId, reason: RescindReason): void {
    for (const offer of this.onSlave(slaveId)) this.rescind(offer, reason);
  }

  /** Takes back what is offered to a framework whose scheduler is gone or was replaced: nobody is told. */
  withdrawFramework(frameworkId: FrameworkId): void {
    for (const offer of [...this.#byFramework.get(frameworkId)]) {
      this.#giveBack(this.#end(offer, "rescinded"), undefined);
    }
  }

  /** Takes back what is offered to a framework for a role that it no longer has. */
  rescindRole(frameworkId: FrameworkId, role: string): void {
    for (const offer of [...this.#byFramework.get(frameworkId)]) {
      if (offer.role === role) this.rescind(offer, "roleDropped");
    }
  }

  /** Takes back an offer for somebody who is owed it. */
  revoke(id: OfferId): void {
    const offer = this.#offers.get(id);
    if (offer !== undefined) this.rescind(offer, "revoked");
  }

  row({ id, frameworkId, slaveId, role, resources, madeMs }: Outstanding): OfferRow {
    return { id, frameworkId, slaveId, role, resources, madeMs };
  }

  #make({ frameworkId, slaveId, short, role, resources }: Holding, slave: Slave): Offer {
    const { id: masterId, ctx, config, slaves, frameworks, maintenance, publisher } = this.#state();
    const taken = add(slave.used, slave.offered);
    invariant(
      contains(slave.info.resources, add(taken, resources)),
      () => `slave ${slave.id} would be offered more than it has`,
    );
    const { hostname, ip, port, attributes, shortTasks } = slave.info;
    const unavailability = maintenance.unavailability(slave.info);
    const offer: Offer = {
      id: OfferId(`${masterId}-O${this.#made++}`),
      frameworkId,
      slaveId,
      hostname,
      ip,
      port,
      resources,
      attributes,
      role,
      ...(short && shortTasks !== undefined ? { maxTaskMs: shortTasks.maxTaskMs } : {}),
      ...(unavailability === undefined ? {} : { unavailability }),
    };
    const madeMs = ctx.clock.wall();
    const outstanding = { ...offer, madeMs, expiresMs: ctx.clock.now() + config.offerTimeoutMs };
    this.#offers.set(offer.id, outstanding);
    this.#bySlave.add(slaveId, outstanding);
    this.#byFramework.add(frameworkId, outstanding);
    slaves.offer(slave, resources);
    frameworks.offer(frameworkId, resources);
    publisher.changed({ type: "offer", row: this.row(outstanding) });
    if (this.#offers.size === 1) this.#armExpiry();
    return offer;
  }

  /** Carries out operations one after the other. The rest of them waits for one that has to be in the registry first. */
  #proceed(accepted: Accepted, from: Resources, operations: readonly Operation[]): void {
    const { client, slave } = accepted;
    let left = from;
    for (const [index, operation] of operations.entries()) {
      if (operation.type !== "reserve" && operation.type !== "unreserve") {
        left = this.#perform(client, slave, left, operation);
        continue;
      }
      const holding = { ...client, resources: left };
      const rest = operations.slice(index + 1);
      const resume = (after: Resources) => this.#resume(accepted, after, rest);
      if (this.#state().operations.begin(holding, slave, operation, resume)) return;
    }
    this.#giveBackRest(accepted, left);
  }

  /** Goes on with an accept, unless what it was about is gone by now. */
  #resume(accepted: Accepted, left: Resources, operations: readonly Operation[]): void {
    const { client, slave } = accepted;
    const gone = this.#absence(client, slave);
    if (gone === undefined) return this.#proceed(accepted, left, operations);
    this.#state().allocator.recovered({ ...client, resources: left });
    for (const operation of operations) this.#drop(client.frameworkId, operation, gone.fault, gone.reason);
  }

  #absence({ frameworkId }: Client, slave: Slave): { readonly reason: TaskReason; readonly fault: string } | undefined {
    const { slaves, frameworks } = this.#state();
    if (slaves.get(slave.id) !== slave) return { reason: "AGENT_REMOVED", fault: "the slave is gone" };
    if (slave.state !== "registered") return { reason: "AGENT_DISCONNECTED", fault: "the slave is out of reach" };
    const state = frameworks.get(frameworkId)?.state ?? "completed";
    return state === "completed" ? { reason: "FRAMEWORK_REMOVED", fault: "the framework is gone" } : undefined;
  }

  /** What an operation has made is not refused by anybody: it goes back without the filter, as in Mesos. */
  #giveBackRest({ client, offered, filter }: Accepted, left: Resources): void {
    const { allocator } = this.#state();
    const refused = overlap(left, offered);
    allocator.recovered({ ...client, resources: refused }, clampRefuseMs(filter.refuseMs));
    allocator.recovered({ ...client, resources: subtract(left, refused) });
  }

  /** Carries out an operation on what the ones before it left over, and answers what it leaves. */
  #perform(client: Client, slave: Slave, left: Resources, operation: PlainOperation): Resources {
    const { tasks, statuses } = this.#state();
    const { frameworkId } = client;
    switch (operation.type) {
      case "launch":
        for (const task of operation.unfit ?? [])
          tasks.refuse(frameworkId, [task], "error", "TASK_INVALID", task.fault);
        return this.#launch(client, slave, left, operation.tasks);
      case "launchGroup":
        return this.#launchGroup(client, slave, left, operation);
      case "unfitGroup":
        for (const task of operation.unfit) {
          tasks.refuse(frameworkId, [task], "error", "TASK_GROUP_INVALID", task.fault);
        }
        return left;
      case "unknown":
        statuses.refused(
          { frameworkId, slaveId: slave.id, operationId: operation.operationId },
          "error",
          operation.fault ?? `${operation.name} is not implemented`,
        );
        return left;
    }
  }

  /** An operation on offers that are not valid, or are not any more. */
  #drop(frameworkId: FrameworkId, operation: Operation, fault: string, reason: TaskReason = "INVALID_OFFERS"): void {
    const { tasks, statuses } = this.#state();
    if ("tasks" in operation || "unfit" in operation) {
      const fit = "tasks" in operation ? operation.tasks : [];
      const unfit = "unfit" in operation ? (operation.unfit ?? []) : [];
      return tasks.refuse(frameworkId, [...fit, ...unfit], "dropped", reason, fault);
    }
    statuses.refused({ frameworkId, operationId: operation.operationId }, "dropped", fault);
  }

  /** Launches the valid tasks in order; each sees what the ones before left over. Answers what is left in the end. */
  #launch(client: Client, slave: Slave, offered: Resources, wanted: readonly TaskInfo[]): Resources {
    const { tasks } = this.#state();
    const { frameworkId, role } = client;
    let left = offered;
    for (const task of wanted) {
      const known = tasks.get(frameworkId, task.taskId) !== undefined;
      const fault = known ? `task id ${task.taskId} is in use` : taskFault(task, { slaveId: slave.id, role, left });
      if (fault !== undefined) {
        tasks.refuse(frameworkId, [task], "error", "TASK_INVALID", fault);
        continue;
      }
      left = subtract(left, task.resources);
      tasks.launch(frameworkId, slave, placed(task, client));
    }
    return left;
  }

  /** Launches all tasks of a group or none, and answers what is left. */
  #launchGroup(client: Client, slave: Slave, left: Resources, { executor, tasks: wanted }: TaskGroup): Resources {
    const { id: masterId, tasks } = this.#state();
    const { frameworkId } = client;
    const group = { groupId: `${masterId}-G${this.#groups++}`, executor };
    const fault = groupFault({ executor, tasks: wanted }, { ...client, left }, tasks);
    if (fault === undefined) {
      const members = wanted.map((task) => ({ ...placed(task, client), group }));
      return subtract(left, tasks.launchGroup(frameworkId, slave, members));
    }
    tasks.refuse(frameworkId, wanted, "error", "TASK_GROUP_INVALID", fault);
    return left;
  }

  #fault(frameworkId: FrameworkId, ids: readonly OfferId[]): string | undefined {
    if (ids.length === 0) return "no offer is named";
    if (new Set(ids).size !== ids.length) return "an offer is named twice";
    const offers = ids.map((id) => this.#offers.get(id));
    const missing = ids.find((_, index) => offers[index]?.frameworkId !== frameworkId);
    if (missing !== undefined) return `offer ${missing} is no longer valid`;
    if (new Set(offers.map((offer) => offer?.slaveId)).size > 1) return "the offers are of different slaves";
    if (new Set(offers.map((offer) => offer?.role)).size > 1) return "the offers are for different roles";
    if (new Set(offers.map((offer) => offer?.maxTaskMs)).size > 1) {
      return "only some of the offers are of the part of the slave that is for short tasks";
    }
    return undefined;
  }

  /** Ends those of the offers that are the framework's. */
  #take(frameworkId: FrameworkId, ids: readonly OfferId[], how: "accepted" | "declined"): Outstanding[] {
    const taken: Outstanding[] = [];
    for (const id of new Set(ids)) {
      const offer = this.#offers.get(id);
      if (offer?.frameworkId === frameworkId) taken.push(this.#end(offer, how));
    }
    return taken;
  }

  rescind(offer: Outstanding, reason: RescindReason): void {
    if (!this.#offers.has(offer.id)) return;
    this.#end(offer, "rescinded");
    this.#state()
      .frameworks.get(offer.frameworkId)
      ?.ref?.tell("offersRescinded", { offerIds: [offer.id], reason });
    this.#giveBack(offer, undefined);
  }

  #end(offer: Outstanding, how: "accepted" | "declined" | "rescinded"): Outstanding {
    const { slaves, frameworks, publisher } = this.#state();
    this.#offers.delete(offer.id);
    this.#bySlave.delete(offer.slaveId, offer);
    this.#byFramework.delete(offer.frameworkId, offer);
    slaves.unoffer(offer.slaveId, offer.resources);
    frameworks.unoffer(offer.frameworkId, offer.resources, how);
    publisher.changed({ type: "offerGone", id: offer.id });
    return offer;
  }

  #giveBack(offer: Outstanding, refuseMs: number | undefined): void {
    this.#state().allocator.recovered({ ...holdingOf(offer), resources: offer.resources }, refuseMs);
  }

  /** One timer for all: offers expire in the order they were made. */
  #armExpiry(): void {
    const { ctx, config } = this.#state();
    const [oldest] = this.#offers.values();
    if (oldest === undefined || config.offerTimeoutMs === 0) return;
    ctx.after("offers.expire", Math.max(0, oldest.expiresMs - ctx.clock.now()), () => {
      const now = ctx.clock.now();
      for (const offer of [...this.#offers.values()]) {
        if (offer.expiresMs > now) break;
        this.rescind(offer, "offerExpired");
      }
      this.#armExpiry();
    });
  }

  /** The sum of what is offered of a slave, or held by accepts that wait, for oracles. */
  offeredOf(slaveId: SlaveId): Resources {
    return sum([...this.onSlave(slaveId), ...this.#state().operations.heldOn(slaveId)].map((each) => each.resources));
  }
}

/** The task as its slave is told it: for whose share it runs, and how long at most. */
function placed(task: TaskInfo, { role, short, maxTaskMs = Number.POSITIVE_INFINITY }: Client): TaskInfo {
  const { short: _claimed, ...own } = task;
  const limit = short ? { short, maxCompletionMs: Math.min(maxTaskMs, task.maxCompletionMs ?? maxTaskMs) } : {};
  return { ...own, role, ...limit };
}

function holdingOf({ frameworkId, slaveId, role, maxTaskMs }: Offer): Client {
  return {
    frameworkId,
    slaveId,
    role,
    short: maxTaskMs !== undefined,
    ...(maxTaskMs === undefined ? {} : { maxTaskMs }),
  };
}
