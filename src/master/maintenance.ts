import type { MaintenanceAnswer, MaintenanceFacts } from "../protocol/cluster-events.ts";
import { type FrameworkId, OfferId, type SlaveId } from "../protocol/ids.ts";
import type { InverseOffer, Unavailability } from "../protocol/inverse-offer.ts";
import { type MaintenanceWindow, maintenanceFault, Schedule } from "../protocol/maintenance.ts";
import { clampRefuseMs, type Filter } from "../protocol/offer.ts";
import type { OperatorRefusal } from "../protocol/operator-api.ts";
import { sum } from "../protocol/resources.ts";
import type { SlaveInfo } from "../protocol/slave-info.ts";
import type { Framework } from "./frameworks.ts";
import type { MasterState } from "./state.ts";
import type { Task } from "./tasks.ts";

/** What a framework with tasks on a slave was told of its maintenance, and what it said to that. */
type Notice = {
  /** Of the inverse offer that was made last. */
  id: OfferId;
  readonly slaveId: SlaveId;
  readonly frameworkId: FrameworkId;
  said?: { readonly answer: "accepted" | "declined"; readonly atMs: number; readonly quietUntilMs: number };
};

type Done = (refusal?: OperatorRefusal) => void;

/** Between two looks at who has tasks where, in milliseconds, while maintenance is scheduled. */
const lookMs = 1_000;
/** Notices that stand at a time. Further frameworks are told when some of them have gone. */
const noticesMax = 10_000;
/** Schedules that may be on their way to disk. One more is refused. */
const changesMax = 100;

/**
 * Times in which slaves are not to be counted on, as operators have set them (Mesos's `maintenance.md`). Frameworks see them
 * in offers, and those with tasks there get inverse offers; nothing is taken from anybody.
 *
 *     scheduled ──► on disk ──► offers of these slaves rescinded, and made again with the time
 *                          └──► inverse offers, again when the filter of an answer is over
 *
 * The schedule is in the registry. Notices and answers are soft: a new master tells and asks anew.
 */
export class Maintenance {
  readonly #state: () => MasterState;
  readonly #notices = new Map<string, Notice>();
  #schedule: Schedule;
  #changes = 0;
  #made = 0;

  constructor(state: () => MasterState, windows: readonly MaintenanceWindow[]) {
    this.#state = state;
    this.#schedule = new Schedule(windows);
  }

  get facts(): MaintenanceFacts {
    const answers = [...this.#notices.values()].map(({ slaveId, frameworkId, said }): MaintenanceAnswer => {
      return said === undefined
        ? { slaveId, frameworkId }
        : { slaveId, frameworkId, said: { answer: said.answer, atMs: said.atMs } };
    });
    return { windows: this.#schedule.windows, answers };
  }

  /** A new master goes on with what is in the registry. */
  start(): void {
    this.#arm();
  }

  /** When the slave is not to be counted on, if that is known. */
  unavailability(slave: SlaveInfo): Unavailability | undefined {
    const window = this.#schedule.of(slave)?.window;
    if (window === undefined) return undefined;
    const { startMs, durationMs } = window;
    return durationMs === undefined ? { startMs } : { startMs, durationMs };
  }

  /** Replaces the whole schedule. */
  update(windows: readonly MaintenanceWindow[], done: Done): void {
    const { registrar } = this.#state();
    const fault = maintenanceFault(windows);
    if (fault !== undefined) return done({ status: 400, reason: `Invalid maintenance schedule: ${fault}` });
    if (this.#changes === changesMax) {
      return done({ status: 503, reason: `${changesMax} changes are on their way to disk; try again later` });
    }
    this.#changes++;
    registrar.apply({ type: "setMaintenance", windows }, () => {
      this.#changes--;
      this.#enforce(new Schedule(windows));
      done();
    });
  }

  answered(frameworkId: FrameworkId, ids: readonly OfferId[], answer: "accepted" | "declined", filter: Filter): void {
    const { ctx, publisher } = this.#state();
    const answered = new Set(ids);
    for (const notice of this.#notices.values()) {
      if (notice.frameworkId !== frameworkId || !answered.has(notice.id) || notice.said !== undefined) continue;
      const quietUntilMs = ctx.clock.now() + clampRefuseMs(filter.refuseMs);
      notice.said = { answer, atMs: Math.floor(ctx.clock.wall()), quietUntilMs };
      publisher.maintenanceChanged();
    }
  }

  /** A scheduler that has just come knows of none. */
  tellAgain({ id }: Framework): void {
    for (const [key, { frameworkId }] of this.#notices) if (frameworkId === id) this.#notices.delete(key);
    if (this.#schedule.windows.length > 0) this.#look();
  }

  #enforce(schedule: Schedule): void {
    const { slaves, offers, publisher } = this.#state();
    const before = this.#schedule;
    this.#schedule = schedule;
    const changed = new Set<SlaveId>();
    for (const { id, info } of slaves.all()) {
      if (!isSameTime(before.of(info)?.window, schedule.of(info)?.window)) changed.add(id);
    }
    this.#withdraw([...this.#notices].filter(([, { slaveId }]) => changed.has(slaveId)));
    for (const id of changed) offers.rescindSlave(id, "maintenance");
    publisher.maintenanceChanged();
    this.#look();
  }

  #look(): void {
    const { ctx, slaves, tasks } = this.#state();
    const there = new Set<string>();
    for (const { id, info, state } of slaves.all()) {
      if (state !== "registered" || this.#schedule.of(info) === undefined) continue;
      for (const [frameworkId, own] of byFramework(tasks.onSlave(id))) {
        const key = `${id} ${frameworkId}`;
        there.add(key);
        const notice = this.#notices.get(key);
        const isDue = notice === undefined ? this.#notices.size < noticesMax : isOver(notice, ctx.clock.now());
        if (isDue) this.#tell(key, this.#noticeOf(frameworkId, id), own);
      }
    }
    this.#withdraw([...this.#notices].filter(([key]) => !there.has(key)));
    this.#arm();
  }

  #noticeOf(frameworkId: FrameworkId, slaveId: SlaveId): Notice {
    return { id: OfferId(`${this.#state().id}-M${this.#made++}`), frameworkId, slaveId };
  }

  /** The inverse offer of a notice, in place of the one before. What was said to that stays known until it is answered. */
  #tell(key: string, notice: Notice, own: readonly Task[]): void {
    const { frameworks, slaves, publisher } = this.#state();
    const slave = slaves.get(notice.slaveId);
    const unavailability = slave && this.unavailability(slave.info);
    const scheduler = frameworks.get(notice.frameworkId)?.ref;
    if (unavailability === undefined || scheduler === undefined) return;
    this.#notices.set(key, notice);
    publisher.maintenanceChanged();
    const { id, frameworkId, slaveId } = notice;
    const resources = sum(own.map(({ info }) => info.resources));
    const offer: InverseOffer = { id, frameworkId, slaveId, resources, unavailability, reason: "maintenance" };
    scheduler.tell("inverseOffers", { offers: [offer] });
  }

  #withdraw(gone: readonly (readonly [key: string, notice: Notice])[]): void {
    const { frameworks, publisher } = this.#state();
    for (const [key, { id, frameworkId, said }] of gone) {
      this.#notices.delete(key);
      if (said === undefined) frameworks.get(frameworkId)?.ref?.tell("inverseOffersRescinded", { offerIds: [id] });
    }
    if (gone.length > 0) publisher.maintenanceChanged();
  }

  #arm(): void {
    const { ctx } = this.#state();
    if (this.#schedule.windows.length === 0) return ctx.cancel("maintenance");
    ctx.after("maintenance", lookMs, () => this.#look());
  }
}

/** Whether there is an answer, and it does not count any more. */
function isOver({ said }: Notice, nowMs: number): boolean {
  return said !== undefined && said.quietUntilMs <= nowMs;
}

function isSameTime(a: MaintenanceWindow | undefined, b: MaintenanceWindow | undefined): boolean {
  return a?.startMs === b?.startMs && a?.durationMs === b?.durationMs;
}

function byFramework(tasks: readonly Task[]): ReadonlyMap<FrameworkId, readonly Task[]> {
  return Map.groupBy(
    tasks.filter(({ released }) => !released),
    ({ frameworkId }) => frameworkId,
  );
}
