import { type Resources, resourcesShape } from "./resources.ts";
import { object, optional, type Shape, text } from "./shape.ts";

/**
 * The executor that the tasks of a group share: Mesos's default executor, which runs what it is given and kills a group of
 * which one task fails. Here the slave does that itself, so it is a name and an amount of resources: they are held from the
 * launch of its first task to the end of its last.
 */
export type GroupExecutor = {
  readonly executorId: string;
  readonly resources: Resources;
  /** Whose share they count against, where that is said: the role of the offers, or the group is refused. */
  readonly role?: string;
};

/** What a task knows of its group. */
export type Membership = {
  /** Unique in the cluster: an executor may run one group after the other, and several at a time. */
  readonly groupId: string;
  readonly executor: GroupExecutor;
};

export const groupExecutorShape = object<GroupExecutor>({
  executorId: text,
  resources: resourcesShape,
  role: optional(text),
});

export const membershipShape: Shape<Membership> = object<Membership>({ groupId: text, executor: groupExecutorShape });
