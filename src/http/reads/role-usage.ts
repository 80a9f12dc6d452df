import type { FrameworkRow } from "../../protocol/cluster-events.ts";
import type { FrameworkId } from "../../protocol/ids.ts";
import { type Quantities, quantitiesOf } from "../../protocol/quantities.ts";
import { reservedByRole } from "../../protocol/reservation.ts";
import type { Resources } from "../../protocol/resources.ts";
import { defaultRole } from "../../protocol/role.ts";
import { isTerminal } from "../../protocol/task.ts";
import { shareCounter } from "../../protocol/task-group.ts";
import type { ClusterPicture } from "./cluster-picture.ts";
import { counted } from "./renderer.ts";

/** Sums of scalars, in thousandths: a port of one slave is not a port of another. */
export class ScalarSums {
  readonly #sums = new Map<string, number>();

  add(resources: Resources): void {
    for (const [name, amount] of Object.entries(quantitiesOf(resources))) {
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + amount);
    }
  }

  get(name: string): number {
    return this.#sums.get(name) ?? 0;
  }

  get quantities(): Quantities {
    return Object.fromEntries(this.#sums);
  }
}

/** What the frameworks of a role hold in its name, and what is reserved to it, whether they hold it or not. */
export type RoleUsage = {
  readonly frameworks: Set<FrameworkId>;
  readonly allocated: ScalarSums;
  readonly offered: ScalarSums;
  readonly reserved: ScalarSums;
};

/**
 * What is held in each role that some framework has or something is reserved to, and in `*`. A framework with one role holds everything in it; of
 * any other, each task and each offer says in which.
 */
export function* roleUsage(picture: ClusterPicture): Generator<string, ReadonlyMap<string, RoleUsage>> {
  const usage = new Map<string, RoleUsage>([[defaultRole, noUsage()]]);
  yield* counted(picture.slaves, ({ state, info }) => {
    if (state === "unreachable") return;
    for (const [role, held] of reservedByRole(info.resources)) usageOf(usage, role).reserved.add(held);
  });
  const several = new Map<FrameworkId, FrameworkRow>();
  yield* counted(picture.frameworks, (row) => {
    for (const role of row.info.roles) usageOf(usage, role).frameworks.add(row.id);
    const [role = defaultRole] = row.info.roles;
    if (row.info.roles.length !== 1) several.set(row.id, row);
    else {
      usageOf(usage, role).allocated.add(row.used);
      usageOf(usage, role).offered.add(row.offered);
    }
  });
  if (several.size === 0) return usage;
  const shareOf = shareCounter();
  yield* counted(picture.tasks, ({ frameworkId, task, status }) => {
    if (!several.has(frameworkId) || isTerminal(status.state) || status.state === "unreachable") return;
    usageOf(usage, task.role ?? defaultRole).allocated.add(shareOf({ frameworkId, task }));
  });
  yield* counted(picture.offers, ({ frameworkId, role, resources }) => {
    if (several.has(frameworkId)) usageOf(usage, role).offered.add(resources);
  });
  return usage;
}

function usageOf(usage: Map<string, RoleUsage>, role: string): RoleUsage {
  const known = usage.get(role);
  if (known !== undefined) return known;
  const none = noUsage();
  usage.set(role, none);
  return none;
}

function noUsage(): RoleUsage {
  return { frameworks: new Set(), allocated: new ScalarSums(), offered: new ScalarSums(), reserved: new ScalarSums() };
}
