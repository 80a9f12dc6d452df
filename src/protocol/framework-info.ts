import type { FrameworkId } from "./ids.ts";
import { type Label, labelsShape } from "./label.ts";
import { roleFault } from "./role.ts";
import { durationMs, flag, id, list, object, optional, text, word } from "./shape.ts";

/** Who a framework is. */
export type FrameworkInfo = {
  readonly name: string;
  readonly user: string;
  /** The names under which it is owed a share, no two alike. Without any it is offered nothing. */
  readonly roles: readonly string[];
  /** How long its tasks outlive its scheduler, in milliseconds. 0: not at all. */
  readonly failoverTimeoutMs: number;
  /** Whether its process tasks outlive a lost connection of their slave. */
  readonly checkpoint: boolean;
  /** What its scheduler knows how to deal with. */
  readonly capabilities: readonly FrameworkCapability[];
  /** Present when a scheduler returns to a framework that exists. */
  readonly id?: FrameworkId;
  /** Who it has proved to be. */
  readonly principal?: string;
  /** Where its scheduler runs, and its page for people: shown, and not looked at. */
  readonly hostname?: string;
  readonly webuiUrl?: string;
  readonly labels?: readonly Label[];
};

/** Mesos's names of what a scheduler may know how to deal with. */
export type FrameworkCapability =
  | "REVOCABLE_RESOURCES"
  | "TASK_KILLING_STATE"
  | "GPU_RESOURCES"
  | "SHARED_RESOURCES"
  | "PARTITION_AWARE"
  | "MULTI_ROLE"
  | "RESERVATION_REFINEMENT"
  | "REGION_AWARE";

/** Roles that one framework may have. */
const rolesMax = 1_000;

/** The refusals that need no knowledge of the cluster; undefined when there are none. */
export function frameworkInfoFault({ roles }: FrameworkInfo): string | undefined {
  if (roles.length > rolesMax) return `a framework may have ${rolesMax} roles; this one names ${roles.length}`;
  const fault = roles.map(roleFault).find((each) => each !== undefined);
  if (fault !== undefined) return fault;
  const twice = roles.find((role, index) => roles.indexOf(role) !== index);
  return twice === undefined ? undefined : `role ${JSON.stringify(twice)} is named twice`;
}

export const frameworkInfoShape = object<FrameworkInfo>({
  name: text,
  user: text,
  roles: list(text),
  failoverTimeoutMs: durationMs,
  checkpoint: flag,
  capabilities: list(
    word<FrameworkCapability>({
      REVOCABLE_RESOURCES: true,
      TASK_KILLING_STATE: true,
      GPU_RESOURCES: true,
      SHARED_RESOURCES: true,
      PARTITION_AWARE: true,
      MULTI_ROLE: true,
      RESERVATION_REFINEMENT: true,
      REGION_AWARE: true,
    }),
  ),
  id: optional(id()),
  principal: optional(text),
  hostname: optional(text),
  webuiUrl: optional(text),
  labels: optional(labelsShape),
});
