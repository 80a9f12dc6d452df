import { taskKey } from "../protocol/cluster-events.ts";
import { contains, noResources, type Resources, subtract, sum } from "../protocol/resources.ts";
import type { KnownTask } from "../protocol/task.ts";
import { Executors } from "./executors.ts";
import { partTotals } from "./slave-parts.ts";
import type { Slave } from "./slaves.ts";
import type { MasterState } from "./state.ts";

/**
 * The tasks that the book does not know and the slave has no room for: it was told to end them by an earlier master, or
 * it does not tell the truth. The newest have the best right to be there. `givenUp` are no question of room.
 */
export function crowdedTasks(
  { tasks, operations }: MasterState,
  slave: Slave,
  reported: readonly KnownTask[],
  givenUp: ReadonlySet<string>,
): ReadonlySet<string> {
  const executors = new Executors();
  const left = new Map<boolean, Resources>();
  const live = tasks.onSlave(slave.id).filter((task) => !task.released);
  for (const [short, total] of partTotals(slave.info)) {
    const running = live.filter(({ info }) => (info.short === true) === short);
    const held = running.map(({ frameworkId, info }) => executors.enter(slave.id, frameworkId, info));
    const waiting = operations.heldOn(slave.id).filter((each) => each.short === short);
    const room = subtract(total, sum([...held, ...waiting.map(({ resources }) => resources)]));
    left.set(short, short ? room : subtract(room, operations.withheldOf(slave.id)));
  }
  const crowded = new Set<string>();
  for (const { frameworkId, task, over } of [...reported].reverse()) {
    const key = taskKey(frameworkId, task.taskId);
    if (over || givenUp.has(key) || tasks.get(frameworkId, task.taskId) !== undefined) continue;
    const short = task.short === true;
    const room = left.get(short) ?? noResources;
    const isSound = executors.fault(slave.id, frameworkId, task) === undefined;
    if (isSound && contains(room, executors.needed(slave.id, frameworkId, task))) {
      left.set(short, subtract(room, executors.enter(slave.id, frameworkId, task)));
    } else crowded.add(key);
  }
  return crowded;
}
