import type { Offer } from "../protocol/offer.ts";
import { amountIn, quantitiesOf } from "../protocol/quantities.ts";
import { unreserved } from "../protocol/reservation.ts";
import { type Resources, sum } from "../protocol/resources.ts";
import { topOf } from "../protocol/role.ts";
import { heldBy, shareCounter } from "../protocol/task-group.ts";
import { type Appetite, placeKey } from "./appetite.ts";
import type { MasterState } from "./state.ts";
import { holderOf, isShort, roleOf, type Task, type Tasks } from "./tasks.ts";
import { type Holding, Surpluses } from "./victims.ts";

/** A task, or all tasks of a group: they end together. */
export type Victim = readonly [Task, ...Task[]];

/** What roles have, by the master's book. One look at every task and every offer. */
export function surplusesOf({ tasks, offers, slaves, registrar }: MasterState): Surpluses {
  const held = new Map<string, Record<string, number>>();
  const hold = (role: string, resources: Resources) => {
    const top = topOf(role);
    const sums = held.get(top) ?? {};
    held.set(top, sums);
    addScalars(sums, resources);
  };
  const shareOf = shareCounter();
  for (const task of tasks.all()) if (!task.released) hold(roleOf(task), shareOf(holderOf(task)));
  for (const { role, resources } of offers.all()) hold(role, resources);
  const { quotas } = registrar.registry;
  const guarantees = new Map([...quotas].map(([role, quota]) => [role, quota.guarantees]));
  return new Surpluses(held, guarantees, slaves.total);
}

/** Offers to others that somebody would accept, the youngest first. */
export function revocableOffers({ offers, slaves }: MasterState, appetite: Appetite): readonly Holding<Offer>[] {
  const found: Holding<Offer>[] = [];
  for (const offer of offers.all()) {
    const slave = slaves.get(offer.slaveId);
    if (slave === undefined || !appetite.suits(slave)) continue;
    const { role, slaveId, resources, maxTaskMs } = offer;
    found.push({
      of: offer,
      role: topOf(role),
      place: placeKey(slaveId, maxTaskMs !== undefined),
      weight: quantitiesOf(resources),
      yields: unreserved(resources),
    });
  }
  return found.reverse();
}

/**
 * Tasks that may be ended for somebody else, the youngest first; those of a group only all together. What runs on reserved
 * resources frees nothing for others, a slave that is out of reach cannot be told, and what is about to end anyway is left
 * alone.
 */
export function revocableTasks(state: MasterState, appetite: Appetite): readonly Holding<Victim>[] {
  const { tasks, slaves, frameworks } = state;
  const isRevocable = (task: Task) => {
    const slave = slaves.get(task.slaveId);
    if (task.killPending !== undefined || slave?.state !== "registered") return false;
    return frameworks.get(task.frameworkId)?.state !== "completed" && appetite.suits(slave) && !isReserved(task);
  };
  return victimsAmong(tasks.all())
    .filter((victim) => victim.every(isRevocable))
    .map((victim) => holdingOf(victim, tasks))
    .reverse();
}

/**
 * Other groups may share the executor: it is given back with the last of them. So it counts as lost to the role with each,
 * and as free for others only with one that has it for itself: neither more is taken nor more is promised than there is.
 */
export function holdingOf(victim: Victim, { executors }: Tasks): Holding<Victim> {
  const [first] = victim;
  const { slaveId, frameworkId, info } = first;
  const live = victim.filter(({ released }) => !released);
  const held = heldBy(live.map(holderOf));
  const isLast =
    info.group === undefined ||
    executors.tasksUnder(slaveId, frameworkId, info.group.executor.executorId) === live.length;
  return {
    of: victim,
    role: topOf(roleOf(first)),
    place: placeKey(slaveId, isShort(first)),
    weight: quantitiesOf(held),
    yields: isLast ? held : sum(live.map((task) => task.info.resources)),
  };
}

/** What lives, in the order of the book; a group is where its first task is. */
function victimsAmong(tasks: Iterable<Task>): Victim[] {
  const victims: [Task, ...Task[]][] = [];
  const groups = new Map<string, [Task, ...Task[]]>();
  for (const task of tasks) {
    if (task.released) continue;
    const id = task.info.group?.groupId;
    const key = `${task.slaveId}/${task.frameworkId}/${id}`;
    const group = id === undefined ? undefined : groups.get(key);
    if (group !== undefined) {
      group.push(task);
      continue;
    }
    const victim: [Task] = [task];
    victims.push(victim);
    if (id !== undefined) groups.set(key, victim);
  }
  return victims;
}

function isReserved({ info: { resources, group } }: Task): boolean {
  return [resources, group?.executor.resources ?? {}].some((each) =>
    Object.keys(each).some((key) => key.includes("(")),
  );
}

function addScalars(sums: Record<string, number>, resources: Resources): void {
  for (const [name, amount] of Object.entries(quantitiesOf(resources))) sums[name] = amountIn(sums, name) + amount;
}
