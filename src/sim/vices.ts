import type { Prng } from "../base/prng.ts";
import { defineScheduler, type SchedulerDefinition, type SchedulerDriver } from "../frameworks/scheduler.ts";
import { OfferId, TaskId } from "../protocol/ids.ts";
import type { Offer } from "../protocol/offer.ts";
import { contains, type Resources, scalar } from "../protocol/resources.ts";
import type { TaskInfo } from "../protocol/task.ts";
import { hear, type WorkRecord } from "./workload.ts";

/** How often a framework with a vice lives it out when it is made offers; otherwise it declines. */
const occasion = 0.5;
/** Refusals that no sane framework asks for, in milliseconds. */
const oddRefusals = [0, -1, -5_000, 0.25, 1e300, Number.POSITIVE_INFINITY, Number.NaN] as const;
/** A frenzy: so many changes of mind, so often; then some rest. Milliseconds. */
const frenzyChanges = 20;
const frenzyEveryMs = 10;
const frenzyPauseMs = 4_000;

type Deed = (offers: readonly Offer[], driver: SchedulerDriver, act: Act) => void;
type Act = { readonly random: Prng; readonly task: (offer: Offer, resources?: Resources) => TaskInfo };

/** What frameworks do that nobody wants beside theirs: what was offered, and what comes of it. */
const vices = {
  /** Sits on what it is offered until it is taken away. */
  hoards: (offers, driver) => driver.keep(offers.map(({ id }) => id)),
  refusesOddly: (offers, driver, { random }) => {
    for (const { id } of offers) driver.decline([id], { refuseMs: oddRefusals[random.int(oddRefusals.length)] ?? 0 });
  },
  /** Ends with offers in its hands. */
  deserts: (offers, driver) => {
    driver.keep(offers.map(({ id }) => id));
    driver.stop({ kind: "done", result: null });
  },
  /** Uses what was taken from it: see `offerRescinded`. */
  comesLate: (offers, driver) => driver.keep(offers.map(({ id }) => id)),
  usesTwice: (offers, driver, { task, random }) => {
    for (const offer of offers) {
      if (random.chance(0.3)) driver.replyToOffer([offer.id, offer.id], [task(offer)], { refuseMs: 1_000 });
      driver.replyToOffer([offer.id], [task(offer)], { refuseMs: 1_000 });
      driver.replyToOffer([offer.id], [task(offer)], { refuseMs: 1_000 });
    }
  },
  /** Uses offers that were made just before and after its own. */
  steals: (offers, driver, { task }) => {
    for (const offer of offers) {
      for (const id of neighbours(offer.id)) driver.replyToOffer([id], [task(offer)], { refuseMs: 0 });
      driver.decline([offer.id], { refuseMs: 1_000 });
    }
  },
  /** Keeps an offer until it has one of another slave, and uses both for one task. */
  mixes: (offers, driver, { task }) => {
    const [one] = offers;
    const other = offers.find(({ slaveId }) => slaveId !== one?.slaveId);
    if (one === undefined) return;
    if (other === undefined) driver.keep([one.id]);
    else driver.replyToOffer([one.id, other.id], [task(one)], { refuseMs: 0 });
  },
  /** Launches more than there is. */
  overreaches: (offers, driver, { task }) => {
    for (const offer of offers) {
      const more = { cpus: scalar(offer.resources, "cpus") + 1_000, mem: scalar(offer.resources, "mem") };
      driver.replyToOffer([offer.id], [task(offer), task(offer, more)], { refuseMs: 1_000 });
    }
  },
  /** Wants offers, and does not, and does: see `subscribed`. */
  dithers: (offers, driver) => driver.keep(offers.map(({ id }) => id)),
} as const satisfies Record<string, Deed>;

export type Vice = keyof typeof vices;

export const viceNames = Object.keys(vices) as readonly Vice[];

/** What a task of such a framework takes; it is over soon. */
const small: Resources = { cpus: 100, mem: 32_000 };

/** A scheduler that has nothing to do and is a nuisance. */
export function viciousScheduler(record: WorkRecord, vice: Vice, random: Prng): SchedulerDefinition {
  const task = (offer: Offer, resources?: Resources): TaskInfo => ({
    taskId: TaskId(`${record.name}-${++record.attempts}`),
    name: vice,
    slaveId: offer.slaveId,
    resources: resources ?? (contains(offer.resources, small) ? small : offer.resources),
    simulated: { durationMs: 100 + random.int(2_000), outcome: "finished" },
  });
  const known = new Map<string, Offer>();
  const dither = (driver: SchedulerDriver, changes: number) => {
    driver.setNeedsOffers(record.resting || changes % 2 === 0);
    const [left, delayMs] = changes === 0 ? [frenzyChanges, frenzyPauseMs] : [changes - 1, frenzyEveryMs];
    if (!record.resting) driver.after("dither", delayMs, () => dither(driver, left));
  };
  return defineScheduler({
    name: record.name,
    roles: record.roles,
    failoverTimeoutMs: 600_000,
    subscribed: (frameworkId, driver) => {
      record.frameworkId = frameworkId;
      known.clear();
      if (vice === "dithers") dither(driver, frenzyChanges);
    },
    resourceOffers(offers, driver) {
      record.counts.offers += offers.length;
      if (record.resting) return driver.setNeedsOffers(false);
      if (random.chance(occasion)) {
        if (vice === "comesLate") for (const offer of offers) known.set(offer.id, offer);
        vices[vice](offers, driver, { random, task });
        // Its next life is another framework.
        if (vice === "deserts") record.frameworkId = undefined;
        return;
      }
      record.counts.declines += offers.length;
      driver.decline(
        offers.map(({ id }) => id),
        { refuseMs: 1_000 + random.int(2_000) },
      );
    },
    offerRescinded: (offerId, _, driver) => {
      record.counts.rescinds++;
      const offer = known.get(offerId);
      known.delete(offerId);
      if (offer !== undefined) driver.replyToOffer([offerId], [task(offer)], { refuseMs: 0 });
    },
    statusUpdate: (status) => hear(record, status),
  });
}

/** The offers that the same master made before and after. */
function neighbours(id: OfferId): readonly OfferId[] {
  const at = id.lastIndexOf("-O") + 2;
  const number = Number(id.slice(at));
  return [number - 1, number + 1].map((other) => OfferId(`${id.slice(0, at)}${other}`));
}
