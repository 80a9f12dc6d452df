import type { FrameworkInfo } from "../../src/protocol/framework-info.ts";
import { FrameworkId, type OfferId, type SlaveId, TaskId } from "../../src/protocol/ids.ts";
import type { Offer } from "../../src/protocol/offer.ts";
import { type SchedulerProtocol, schedulerTable } from "../../src/protocol/scheduler-api.ts";
import type { TaskInfo, TaskStatus } from "../../src/protocol/task.ts";
import type { Cluster, Party } from "./kit.ts";

/** Longer than any test: resources that are declined stay declined. */
const keepMs = 1_000_000;

/** A scheduler that keeps every offer until the test answers it. */
export class ScriptedScheduler {
  readonly party: Party<SchedulerProtocol>;
  readonly info: FrameworkInfo;

  constructor(cluster: Cluster, name: string, more: Partial<FrameworkInfo> = {}) {
    this.info = {
      name,
      user: "tester",
      roles: ["*"],
      failoverTimeoutMs: 60_000,
      checkpoint: true,
      capabilities: [],
      ...more,
    };
    this.party = cluster.party(name, schedulerTable);
  }

  /** A scheduler that has subscribed. */
  static subscribed(cluster: Cluster, name: string, more: Partial<FrameworkInfo> = {}): ScriptedScheduler {
    const scheduler = new ScriptedScheduler(cluster, name, more);
    scheduler.subscribe();
    return scheduler;
  }

  get hearing() {
    return this.party.hearing;
  }

  get id(): FrameworkId {
    const subscribed = this.hearing.of("subscribed").at(-1);
    if (subscribed !== undefined) this.#id = subscribed.frameworkId;
    return this.#id;
  }
  #id = FrameworkId("none");

  subscribe(id?: FrameworkId): void {
    const info = id === undefined ? this.info : { ...this.info, id };
    this.party.tell("subscribe", { self: this.party.address, info });
  }

  /** Every offer it was ever made and that was not taken back. */
  get offers(): readonly Offer[] {
    const rescinded = new Set(this.hearing.of("offersRescinded").flatMap(({ offerIds }) => offerIds));
    return this.hearing.of("resourceOffers").flatMap(({ offers }) => offers.filter(({ id }) => !rescinded.has(id)));
  }

  /** The newest offer, which must be there. */
  get offer(): Offer {
    const offer = this.offers.at(-1);
    if (offer === undefined) throw new Error(`${this.info.name} has no offer`);
    return offer;
  }

  accept(offerIds: readonly OfferId[], tasks: readonly TaskInfo[], refuseMs = keepMs): void {
    const operations = [{ type: "launch", tasks }] as const;
    this.party.tell("accept", { frameworkId: this.id, offerIds, operations, filter: { refuseMs } });
  }

  /** Launches on the newest offer and wants nothing else of it. */
  launch(...tasks: readonly TaskInfo[]): void {
    this.accept([this.offer.id], tasks);
  }

  decline(refuseMs: number, offerIds: readonly OfferId[] = [this.offer.id]): void {
    this.party.tell("decline", { frameworkId: this.id, offerIds, filter: { refuseMs } });
  }

  acknowledge({ taskId, slaveId, uuid }: TaskStatus): void {
    if (slaveId === undefined || uuid === undefined) throw new Error(`${taskId}: nothing to acknowledge`);
    this.party.tell("acknowledge", { frameworkId: this.id, slaveId, taskId, uuid });
  }

  kill(taskId: string, graceMs?: number): void {
    const grace = graceMs === undefined ? {} : { graceMs };
    this.party.tell("killTask", { frameworkId: this.id, taskId: TaskId(taskId), ...grace });
  }

  reconcile(...tasks: readonly { readonly taskId: TaskId; readonly slaveId?: SlaveId }[]): void {
    this.party.tell("reconcile", { frameworkId: this.id, tasks });
  }

  /** What it was told of its tasks, oldest first. */
  get updates(): readonly TaskStatus[] {
    return this.hearing.of("taskUpdate").map(({ status }) => status);
  }

  /** The same in short: `t1 running`. */
  get news(): readonly string[] {
    return this.updates.map(({ taskId, state }) => `${taskId} ${state}`);
  }
}
