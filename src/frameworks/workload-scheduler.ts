import type { WireValue } from "../actors/wire-value.ts";
import type { SlaveId } from "../protocol/ids.ts";
import type { Offer } from "../protocol/offer.ts";
import type { TaskStatus } from "../protocol/task.ts";
import type { PackOptions } from "./pack.ts";
import { Placement } from "./placement.ts";
import type { Ending } from "./report.ts";
import type { SchedulerDefinition, SchedulerDriver } from "./scheduler.ts";
import { Spread } from "./spread.ts";
import type { SlaveTally, WorkerTally } from "./tally.ts";
import { type Attempt, type Piece, Workload, type WorkloadCounts } from "./workload.ts";

/** A framework whose whole life is to get work done: what it plans, and what it makes of each piece that is over. */
export type WorkloadPlan = {
  readonly name: string;
  readonly role?: string;
  readonly user?: string;
  readonly fit?: PackOptions["fit"];
  /** Adds the first pieces. */
  readonly begin: (work: Work) => void;
  /** A piece is over, well or not. Adds more, ends the framework, or waits for the others. */
  readonly over: (attempt: Attempt, status: TaskStatus, work: Work) => void;
};

export type Work = {
  add(pieces: readonly Piece[]): void;
  record(row: WireValue): void;
  end(ending: Ending): void;
  readonly progress: WorkloadProgress;
};

/** The details of a progress report of such a framework. */
export type WorkloadProgress = {
  readonly tasks: WorkloadCounts;
  readonly slaves: readonly SlaveTally[];
  readonly workers: readonly WorkerTally[];
  /** Slaves that the master gave up. */
  readonly lostSlaves: readonly string[];
};

/** Lost slaves that are named; later ones are left out, so that a report fits into one message. */
const lostSlavesMax = 1_000;

/** A scheduler that places the pieces on whatever is offered, runs lost ones again, and wants offers only when it has work. */
export function workloadScheduler(plan: WorkloadPlan): SchedulerDefinition {
  const state = new WorkloadState(plan);
  return {
    name: plan.name,
    ...(plan.role !== undefined && { roles: [plan.role] }),
    ...(plan.user !== undefined && { user: plan.user }),
    start: (driver) => plan.begin(state.workWith(driver)),
    resourceOffers: (offers, driver) => state.place(offers, driver),
    statusUpdate: (status, driver) => state.hear(status, driver),
    slaveLost: (slaveId) => state.lose(slaveId),
  };
}

class WorkloadState {
  readonly #plan: WorkloadPlan;
  readonly #workload = new Workload();
  readonly #placement = new Placement(this.#workload);
  readonly #spread = new Spread();
  readonly #lostSlaves = new Set<SlaveId>();
  #wanting = true;

  constructor(plan: WorkloadPlan) {
    this.#plan = plan;
  }

  workWith(driver: SchedulerDriver): Work {
    const state = this;
    return {
      add: (pieces) => state.#add(pieces, driver),
      record: (row) => driver.record(row),
      end: (ending) => driver.stop(ending),
      get progress() {
        return state.#progress();
      },
    };
  }

  place(offers: readonly Offer[], driver: SchedulerDriver): void {
    const room = (slaveId: SlaveId) => this.#spread.room(slaveId);
    // Nobody knows how long a piece takes: it has no business on a part of a slave for short tasks.
    const unlimited = offers.filter(({ maxTaskMs }) => maxTaskMs === undefined);
    for (const { offerIds, slaveId, tasks } of this.#workload.launch(unlimited, {
      fit: this.#plan.fit ?? "first",
      room,
    })) {
      this.#spread.gave(slaveId, tasks.length);
      driver.replyToOffer(offerIds, tasks);
    }
    this.#wantOffers(this.#workload.counts.pending > 0, driver);
    driver.progress(() => this.#progress());
  }

  hear(status: TaskStatus, driver: SchedulerDriver): void {
    const verdict = this.#workload.hear(status);
    if (verdict.kind === "stray") driver.killTask(status.taskId);
    if (verdict.kind === "again") this.#wantOffers(true, driver);
    if (verdict.kind === "over") this.#plan.over(verdict.attempt, verdict.status, this.workWith(driver));
    driver.progress(() => this.#progress());
  }

  lose(slaveId: SlaveId): void {
    if (this.#lostSlaves.size < lostSlavesMax) this.#lostSlaves.add(slaveId);
  }

  #add(pieces: readonly Piece[], driver: SchedulerDriver): void {
    this.#workload.add(pieces);
    const [first, second] = pieces;
    if (this.#plan.fit !== "spread" || first === undefined || second === undefined)
      return this.#wantOffers(true, driver);
    this.#spread.begin(pieces.length, first.resources, driver, () => {
      // Also when offers are wanted already: what was declined for lack of room is welcome now.
      this.#wanting = false;
      this.#wantOffers(this.#workload.counts.pending > 0, driver);
    });
  }

  #wantOffers(wanted: boolean, driver: SchedulerDriver): void {
    if (wanted !== this.#wanting) driver.setNeedsOffers(wanted);
    this.#wanting = wanted;
    this.#placement.watch(driver);
  }

  #progress(): WorkloadProgress {
    const { counts, tally } = this.#workload;
    return { tasks: counts, slaves: tally.slaves, workers: tally.workers, lostSlaves: [...this.#lostSlaves] };
  }
}
