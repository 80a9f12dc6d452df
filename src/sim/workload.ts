import type { Prng } from "../base/prng.ts";
import { cover } from "../frameworks/cover.ts";
import { defineScheduler, type SchedulerDefinition, type SchedulerDriver } from "../frameworks/scheduler.ts";
import { type FrameworkId, OfferId, TaskId } from "../protocol/ids.ts";
import type { Offer, ReservationOperation } from "../protocol/offer.ts";
import { flattened } from "../protocol/reservation.ts";
import { add, type Resources, subtract } from "../protocol/resources.ts";
import { defaultRole } from "../protocol/role.ts";
import { isTerminal, type TaskInfo, type TaskState, type TaskStatus } from "../protocol/task.ts";
import type { TaskGroup } from "../protocol/task-group.ts";
import { Reservations } from "./reservations.ts";

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
  { roles = [defaultRole], suppresses = false }: Partial<Pick<WorkRecord, "roles" | "suppresses">> = {},
): WorkRecord {
  return {
    name,
    items,
    resources,
    mood,
    roles,
    suppresses,
    done: new Set(),
    reservations: new Reservations(name),
    heard: new Map(),
    misheard: undefined,
    counts: { offers: 0, declines: 0, rescinds: 0, reruns: 0, finished: 0, kills: 0 },
    attempts: 0,
    frameworkId: undefined,
  };
}

/** Between the subscription of a framework that suppresses and its first wish, in milliseconds: others come first. */
const latenessMs = 4_000;
/** Most tasks of a group. */
const groupMax = 3;
/** What a group's executor takes. */
const executorResources: Resources = { cpus: 10, mem: 32_000, disk: 1_000 };
/** Longest task, in milliseconds. */
const durationMaxMs = 15_000;

/** A scheduler that gets a list of items done whatever happens, with the manners of its mood. */
export function simScheduler(record: WorkRecord, random: Prng): SchedulerDefinition {
  const running = new Map<string, number>();
  /** Items that are neither done nor running, the lowest first. */
  let pending = Array.from({ length: record.items }, (_, item) => item).filter((item) => !record.done.has(item));
  const { mood, counts } = record;

  const reserving = random.split("reservations");
  const operationsOn = (offer: Offer) =>
    record.reservations.wanted(offer, record.resources, {
      chance: mood.reserves,
      random: reserving,
      busy: pending.length > 0,
    });

  let wants = true;
  let late = false;
  const want = (driver: SchedulerDriver) => {
    const needs = pending.length > 0 && !late;
    if (!record.suppresses || wants === needs) return;
    wants = needs;
    driver.setNeedsOffers(needs);
  };
  const kill = (taskId: TaskId, driver: SchedulerDriver) => {
    counts.kills++;
    driver.killTask(taskId);
  };
  const tasksFor = (offer: Offer, room: Resources, max: number): readonly TaskInfo[] => {
    let left = room;
    const tasks: TaskInfo[] = [];
    for (const item of pending.slice(0, max)) {
      const resources = cover(left, record.resources);
      if (resources === undefined) break;
      left = subtract(left, resources);
      const taskId = TaskId(`${record.name}-${item}.${++record.attempts}`);
      running.set(taskId, item);
      tasks.push({
        taskId,
        name: `item ${item}`,
        slaveId: offer.slaveId,
        resources,
        killGraceMs: 500,
        ...work(random),
      });
    }
    pending = pending.slice(tasks.length);
    return tasks;
  };
  const groupFor = (offer: Offer, room: Resources): TaskGroup | undefined => {
    const resources = cover(room, executorResources);
    const tasks = resources === undefined ? [] : tasksFor(offer, subtract(room, resources), groupMax);
    if (resources === undefined || tasks.length === 0) return undefined;
    // Now and then a second group for an executor that runs.
    return { executor: { executorId: `${record.name}-e${random.int(2)}`, resources }, tasks };
  };
  const launch = (offer: Offer, driver: SchedulerDriver) => {
    const first = operationsOn(offer);
    const room = first.reduce(converted, offer.resources);
    const group = mood.groups > 0 && random.chance(mood.groups) ? groupFor(offer, room) : undefined;
    const tasks = group?.tasks ?? tasksFor(offer, room, Number.POSITIVE_INFINITY);
    const filter = { refuseMs: 1_000 };
    const last =
      group === undefined ? ({ type: "launch", tasks } as const) : ({ type: "launchGroup", ...group } as const);
    if (first.length > 0) driver.acceptOffers([offer.id], [...first, last], filter);
    else if (group === undefined) driver.replyToOffer([offer.id], tasks, filter);
    else driver.launchGroup([offer.id], group, filter);
    for (const { taskId } of tasks) if (random.chance(mood.kills / 2)) kill(taskId, driver);
    want(driver);
    if (random.chance(mood.repeats)) driver.replyToOffer([offer.id], [], { refuseMs: 0 });
  };

  return defineScheduler({
    name: record.name,
    roles: record.roles,
    failoverTimeoutMs: 600_000,
    subscribed: (frameworkId, driver) => {
      record.frameworkId = frameworkId;
      late = true;
      want(driver);
      driver.after("late", latenessMs, () => {
        late = false;
        want(driver);
      });
    },
    resourceOffers(offers, driver) {
      counts.offers += offers.length;
      if (random.chance(mood.forges)) driver.replyToOffer([OfferId("nobody-O0")], [], { refuseMs: 0 });
      for (const offer of offers) {
        if (random.chance(mood.hoards)) driver.keep([offer.id]);
        else if (pending.length === 0 && operationsOn(offer).length > 0) launch(offer, driver);
        else if (pending.length === 0 || random.chance(mood.declines)) {
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
      const item = running.get(status.taskId);
      if (item === undefined) {
        if (isAlive(status.state)) driver.killTask(status.taskId);
        return;
      }
      if (status.state === "running" && random.chance(mood.kills)) kill(status.taskId, driver);
      if (isAlive(status.state)) return;
      running.delete(status.taskId);
      if (status.state === "finished") {
        counts.finished++;
        record.done.add(item);
      } else {
        counts.reruns++;
        pending = [...pending, item].sort((a, b) => a - b);
        want(driver);
      }
    },
  });
}

/** Whether every item is done. */
export function isDone(record: WorkRecord): boolean {
  return record.done.size === record.items;
}

function work(random: Prng) {
  const kind = random.int(4);
  if (kind === 0) return { command: { shell: true, value: "sleep" } };
  if (kind === 1) return { function: { module: "sim", export: "sim", args: null } };
  const outcome = random.chance(0.9) ? ("finished" as const) : ("failed" as const);
  return { simulated: { durationMs: 100 + random.int(durationMaxMs), outcome } };
}

/** Whether the task may still come to something. */
function isAlive(state: TaskState): boolean {
  return !isTerminal(state) && state !== "unreachable" && state !== "unknown";
}

function hear(record: WorkRecord, { taskId, state }: TaskStatus): void {
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
