import type { Offer } from "../protocol/offer.ts";
import { amountIn, quantitiesOf } from "../protocol/quantities.ts";
import { unreserved } from "../protocol/reservation.ts";
import type { Resources } from "../protocol/resources.ts";
import { topOf } from "../protocol/role.ts";
import { type Appetite, placeKey } from "./appetite.ts";
import type { MasterState } from "./state.ts";
import { isShort, roleOf, type Task } from "./tasks.ts";
import { type Holding, Surpluses } from "./victims.ts";

/** What roles have, by the master's book. One look at every task and every offer. */
export function surplusesOf({ tasks, offers, slaves, registrar }: MasterState): Surpluses {
  const held = new Map<string, Record<string, number>>();
  const hold = (role: string, resources: Resources) => {
    const top = topOf(role);
    const sums = held.get(top) ?? {};
    held.set(top, sums);
    addScalars(sums, resources);
  };
  for (const task of tasks.all()) if (!task.released) hold(roleOf(task), task.info.resources);
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
 * Tasks that may be ended for somebody else, the youngest first. What runs on reserved resources frees nothing for
 * others, a slave that is out of reach cannot be told, and what is about to end anyway is left alone.
 */
export function revocableTasks(state: MasterState, appetite: Appetite): readonly Holding<Task>[] {
  const { tasks, slaves, frameworks } = state;
  const found: Holding<Task>[] = [];
  for (const task of tasks.all()) {
    const slave = slaves.get(task.slaveId);
    if (task.released || task.killPending !== undefined || slave?.state !== "registered") continue;
    if (frameworks.get(task.frameworkId)?.state === "completed" || !appetite.suits(slave)) continue;
    if (!Object.keys(task.info.resources).some((key) => key.includes("("))) found.push(holdingOf(task));
  }
  return found.reverse();
}

export function holdingOf(task: Task): Holding<Task> {
  const { resources } = task.info;
  return {
    of: task,
    role: topOf(roleOf(task)),
    place: placeKey(task.slaveId, isShort(task)),
    weight: quantitiesOf(resources),
    yields: resources,
  };
}

function addScalars(sums: Record<string, number>, resources: Resources): void {
  for (const [name, amount] of Object.entries(quantitiesOf(resources))) sums[name] = amountIn(sums, name) + amount;
}
