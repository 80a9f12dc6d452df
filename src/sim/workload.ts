import type { Prng } from "../base/prng.ts";
import { defineScheduler, type SchedulerDefinition, type SchedulerDriver } from "../frameworks/scheduler.ts";
import { type FrameworkId, OfferId, type TaskId } from "../protocol/ids.ts";
import type { Offer, ReservationOperation } from "../protocol/offer.ts";
import { flattened } from "../protocol/reservation.ts";
import { add, type Resources, subtract } from "../protocol/resources.ts";
import { defaultRole } from "../protocol/role.ts";
import { isTerminal, type TaskState, type TaskStatus } from "../protocol/task.ts";
import { Backlog } from "./backlog.ts";
import { Reservations } from "./reservations.ts";
import type { Vice } from "./vices.ts";

/** How a simulated framework behaves; every number is a probability per occasion. */
export type Mood = {
  /** Declines an offer it could use, for a short while. */
  readonly declines: number;
  /** Keeps an offer and never answers. */
  readonly hoards: number;
  /** Replies twice to the same offer. */
  readonly repeats: number;
  /** Replies to an offer that is not its own. */
  readonly forges: number;
  /** Kills a task that has begun to run; half as often one that it has only just launched. */
  readonly kills: number;
  /** Reserves, or ends reservations, before it launches. */
  readonly reserves: number;
  /** Launches what it can as a group. */
  readonly groups: number;
};

/** Work to be done, and what its framework has seen: the record is the simulator's and survives every crash. */
export type WorkRecord = {
  readonly name: string;
  readonly items: number;
  readonly resources: Resources;
  readonly mood: Mood;
  /** The roles of its framework. */
  readonly roles: readonly string[];
  /**
   * Wants no offers while it has nothing to launch, and for a while after it has subscribed. Whoever is guaranteed
   * something has to say so: others would give way to it for nothing.
   */
  readonly suppresses: boolean;
  /** What is wrong with its framework, which has no work then. */
  readonly vice?: Vice;
  /** Whether all is over: from then on it wants no offers. */
  resting: boolean;
  readonly done: Set<number>;
  readonly reservations: Reservations;
  /** Every state a task went through, in the order the framework heard them. */
  readonly heard: Map<string, TaskState[]>;
  /** The first task of which something was heard that cannot be, and what. */
  misheard: string | undefined;
  readonly counts: {
    offers: number;
    declines: number;
    rescinds: number;
    reruns: number;
    finished: number;
    kills: number;
  };
  attempts: number;
  frameworkId: FrameworkId | undefined;
};

export function workRecord(
  name: string,
  items: number,
  resources: Resources,
  mood: Mood,
  { roles = [defaultRole], suppresses = false, vice }: Partial<Pick<WorkRecord, "roles" | "suppresses" | "vice">> = {},
): WorkRecord {
  return {
    name,
    items,
    resources,
    mood,
    roles,
    suppresses,
    ...(vice === undefined ? {} : { vice }),
    resting: false,
    done: new Set(),
    reservations: new Reservations(name),
    heard: new Map(),
    misheard: undefined,
    counts: { offers: 0, declines: 0, rescinds: 0, reruns: 0, finished: 0, kills: 0 },
    attempts: 0,
    frameworkId: undefined,
  };
}

/** A scheduler that gets a list of items done whatever happens, with the manners of its mood. */
export function simScheduler(record: WorkRecord, random: Prng): SchedulerDefinition {
  const backlog = new Backlog(record, random);
  const { mood, counts } = record;

  const reserving = { chance: mood.reserves, random: random.split("reservations") };
  const operationsOn = (offer: Offer) =>
    record.reservations.wanted(offer, record.resources, { ...reserving, busy: !backlog.isEmpty });

  // Who wants no offers is not offered what is reserved for it either, and could never give it back.
  const wish = new Wish(record.suppresses && record.mood.reserves === 0, () => !backlog.isEmpty);
  const kill = (taskId: TaskId, driver: SchedulerDriver) => {
    counts.kills++;
    driver.killTask(taskId);
  };
  const launch = (offer: Offer, driver: SchedulerDriver) => {
    const first = operationsOn(offer);
    const room = first.reduce(converted, offer.resources);
    const group = mood.groups > 0 && random.chance(mood.groups) ? backlog.groupFor(offer, room) : undefined;
    const tasks = group?.tasks ?? backlog.tasksFor(offer, room);
    const filter = { refuseMs: 1_000 };
    const last =
      group === undefined ? ({ type: "launch", tasks } as const) : ({ type: "launchGroup", ...group } as const);
    if (first.length > 0) driver.acceptOffers([offer.id], [...first, last], filter);
    else if (group === undefined) driver.replyToOffer([offer.id], tasks, filter);
    else driver.launchGroup([offer.id], group, filter);
    for (const { taskId } of tasks) if (random.chance(mood.kills / 2)) kill(taskId, driver);
    wish.tell(driver);
    if (random.chance(mood.repeats)) driver.replyToOffer([offer.id], [], { refuseMs: 0 });
  };

  return defineScheduler({
    name: record.name,
    roles: record.roles,
    failoverTimeoutMs: 600_000,
    subscribed: (frameworkId, driver) => {
      record.frameworkId = frameworkId;
      wish.begin(driver);
    },
    resourceOffers(offers, driver) {
      counts.offers += offers.length;
      if (record.resting) return driver.setNeedsOffers(false);
      if (random.chance(mood.forges)) driver.replyToOffer([OfferId("nobody-O0")], [], { refuseMs: 0 });
      for (const offer of offers) {
        if (random.chance(mood.hoards)) driver.keep([offer.id]);
        else if (backlog.isEmpty && operationsOn(offer).length > 0) launch(offer, driver);
        else if (backlog.isEmpty || random.chance(mood.declines)) {
          counts.declines++;
          driver.decline([offer.id], { refuseMs: 1_000 + random.int(2_000) });
        } else launch(offer, driver);
      }
    },
    offerRescinded: () => {
      counts.rescinds++;
    },
    operationUpdate: (status) => record.reservations.hear(status),
    statusUpdate(status, driver) {
      hear(record, status);
      if (!backlog.isRunning(status.taskId)) {
        if (isAlive(status.state)) driver.killTask(status.taskId);
        return;
      }
      if (status.state === "running" && random.chance(mood.kills)) kill(status.taskId, driver);
      if (isAlive(status.state)) return;
      backlog.end(status);
      wish.tell(driver);
    },
  });
}

/** Between the subscription of a framework that suppresses and its first wish, in milliseconds: others come first. */
const latenessMs = 4_000;

/** Says whether offers are wanted, if the framework is one that does. */
class Wish {
  readonly #suppresses: boolean;
  readonly #hasWork: () => boolean;
  #told = true;
  #late = false;

  constructor(suppresses: boolean, hasWork: () => boolean) {
    this.#suppresses = suppresses;
    this.#hasWork = hasWork;
  }

  begin(driver: SchedulerDriver): void {
    this.#late = true;
    this.tell(driver);
    driver.after("late", latenessMs, () => {
      this.#late = false;
      this.tell(driver);
    });
  }

  tell(driver: SchedulerDriver): void {
    const wants = this.#hasWork() && !this.#late;
    if (!this.#suppresses || this.#told === wants) return;
    this.#told = wants;
    driver.setNeedsOffers(wants);
  }
}

/** Whether every item is done. */
export function isDone(record: WorkRecord): boolean {
  return record.done.size === record.items;
}

/** Whether the task may still come to something. */
function isAlive(state: TaskState): boolean {
  return !isTerminal(state) && state !== "unreachable" && state !== "unknown";
}

/** Notes what is said of a task, and whether it can be. */
export function hear(record: WorkRecord, { taskId, state }: TaskStatus): void {
  const states = record.heard.get(taskId) ?? [];
  const before = states.at(-1);
  states.push(state);
  record.heard.set(taskId, states);
  if (before !== undefined && !mayFollow(before, state)) {
    record.misheard ??= `${record.name} heard of ${taskId}: ${states.join(" ")}`;
  }
}

/** Only LOST and GONE may be followed by anything: their slave came back (Mesos's one exception). */
function mayFollow(before: TaskState, state: TaskState): boolean {
  return !isTerminal(before) || before === "lost" || before === "gone" || state === before || state === "unknown";
}

/** What an operation makes of resources that contain those it is about. */
function converted(resources: Resources, { type, resources: reserved }: ReservationOperation): Resources {
  const plain = flattened(reserved);
  return type === "reserve" ? add(subtract(resources, plain), reserved) : add(subtract(resources, reserved), plain);
}
