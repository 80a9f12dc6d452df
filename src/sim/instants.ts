import type { SchedulerInspection } from "../frameworks/scheduler-party.ts";
import type { SimCluster } from "./cluster.ts";

/** Hops through the queue of microtasks that an author's promises have at one instant of virtual time. */
const hopsMax = 64;
/** The same while a callback waits. Beyond it the callback is taken to wait for something outside. */
const callbackHopsMax = 10_000;

/**
 * Whether everything that hangs on promises should have another turn, after so many, before virtual time moves on. A
 * callback that still waits in the end waits for something that the simulation does not bring: `foreignAwait` names it.
 */
export function promisesDue(cluster: SimCluster, hops: number): boolean {
  if (cluster.runnable || hops >= callbackHopsMax) return false;
  return hops < hopsMax || waitingCallback(cluster) !== undefined;
}

/** Which callback waits for something that no virtual time brings, in words; undefined when none does. */
export function foreignAwait(cluster: SimCluster): string | undefined {
  if (cluster.runnable) return undefined;
  const waiting = waitingCallback(cluster);
  return (
    waiting &&
    `${waiting} awaits what a simulation does not bring: a timer, file or socket of the machine, or another callback, ` +
      "which runs after this one"
  );
}

function waitingCallback({ nodes }: SimCluster): string | undefined {
  for (const { name, alive, systems } of nodes) {
    for (const system of alive ? systems : []) {
      const { running } = (system.find("scheduler")?.inspect() ?? {}) as Partial<SchedulerInspection>;
      if (running !== undefined) return `the callback ${running} of ${name}`;
    }
  }
  return undefined;
}
