import type { FrameworkRow } from "../../protocol/cluster-events.ts";
import type { FrameworkId } from "../../protocol/ids.ts";
import { type Quantities, quantitiesOf } from "../../protocol/quantities.ts";
import { reservedByRole } from "../../protocol/reservation.ts";
import type { Resources } from "../../protocol/resources.ts";
import { defaultRole, rolesAbove } from "../../protocol/role.ts";
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

/** What is held in the name of a role and of all roles below it, and what is reserved to them, held or not. */
export type RoleUsage = {
  /** Those of the role itself. */
  readonly frameworks: Set<FrameworkId>;
  readonly allocated: ScalarSums;
  readonly offered: ScalarSums;
  readonly reserved: ScalarSums;
  /** What of the reserved is allocated. */
  readonly reservedAllocated: ScalarSums;
};

/** What counts against the quota of a role at the top: all that is reserved, and what else is allocated. */
export function consumed({ allocated, reserved, reservedAllocated }: RoleUsage): Quantities {
  const names = new Set([...Object.keys(reserved.quantities), ...Object.keys(allocated.quantities)]);
  return Object.fromEntries(
    [...names].map((name) => [name, reserved.get(name) + allocated.get(name) - reservedAllocated.get(name)]),
  );
}

/**
 * What is held in each role that some framework has, that something is reserved to or that an operator has granted
 * something, in the roles above those, and in `*`. A framework with one role holds everything in it; of any other, each
 * task and each offer says in which.
 */
export function* roleUsage(picture: ClusterPicture): Generator<string, ReadonlyMap<string, RoleUsage>> {
  const tree = new UsageTree();
  const { weights, quotas } = picture.settings;
  for (const role of [defaultRole, ...Object.keys(quotas), ...Object.keys(weights)]) tree.of(role);
  yield* counted(picture.slaves, ({ state, info, used }) => {
    if (state === "unreachable") return;
    for (const [role, held] of reservedByRole(info.resources)) tree.add(role, "reserved", held);
    for (const [role, held] of reservedByRole(used)) tree.add(role, "reservedAllocated", held);
  });
  const several = new Map<FrameworkId, FrameworkRow>();
  yield* counted(picture.frameworks, (row) => {
    for (const role of row.info.roles) tree.of(role).frameworks.add(row.id);
    const [role = defaultRole] = row.info.roles;
    if (row.info.roles.length !== 1) several.set(row.id, row);
    else {
      tree.add(role, "allocated", row.used);
      tree.add(role, "offered", row.offered);
    }
  });
  if (several.size === 0) return tree.usage;
  const shareOf = shareCounter();
  yield* counted(picture.tasks, ({ frameworkId, task, status }) => {
    if (!several.has(frameworkId) || isTerminal(status.state) || status.state === "unreachable") return;
    tree.add(task.role ?? defaultRole, "allocated", shareOf({ frameworkId, task }));
  });
  yield* counted(picture.offers, ({ frameworkId, role, resources }) => {
    if (several.has(frameworkId)) tree.add(role, "offered", resources);
  });
  return tree.usage;
}

/** What is added to a role is added to every role above it. */
class UsageTree {
  readonly usage = new Map<string, RoleUsage>();

  of(role: string): RoleUsage {
    const known = this.usage.get(role);
    if (known !== undefined) return known;
    for (const above of rolesAbove(role)) this.of(above);
    const none: RoleUsage = {
      frameworks: new Set(),
      allocated: new ScalarSums(),
      offered: new ScalarSums(),
      reserved: new ScalarSums(),
      reservedAllocated: new ScalarSums(),
    };
    this.usage.set(role, none);
    return none;
  }

  add(role: string, what: Exclude<keyof RoleUsage, "frameworks">, resources: Resources): void {
    this.of(role)[what].add(resources);
    for (const above of rolesAbove(role)) this.of(above)[what].add(resources);
  }
}
