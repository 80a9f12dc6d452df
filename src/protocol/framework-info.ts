import type { FrameworkId } from "./ids.ts";
import { durationMs, flag, id, object, optional, text } from "./shape.ts";

/** Who a framework is. */
export type FrameworkInfo = {
  readonly name: string;
  readonly user: string;
  /** The name under which it is owed a share. Default `*`. */
  readonly role: string;
  /** How long its tasks outlive its scheduler, in milliseconds. 0: not at all. */
  readonly failoverTimeoutMs: number;
  /** Whether its process tasks outlive a lost connection of their slave. */
  readonly checkpoint: boolean;
  /** Present when a scheduler returns to a framework that exists. */
  readonly id?: FrameworkId;
};

export const frameworkInfoShape = object<FrameworkInfo>({
  name: text,
  user: text,
  role: text,
  failoverTimeoutMs: durationMs,
  checkpoint: flag,
  id: optional(id()),
});
