/** Situations that are worth reaching: over enough seeds each must have been, or the weather has a hole. */
export const markNames = [
  "a slave comes back with tasks",
  "a slave comes back under another id",
  "a slave is marked unreachable",
  "a slave that was unreachable comes back",
  "a slave that was removed leaves the registry",
  "a slave is told of tasks that were given up",
  "a slave finds tasks in its journal",
  "a journal is read in several parts",
  "a torn record is cut off a journal",
  "a full disk refuses a record",
  "a full disk refuses the registry",
  "a registry is read in several parts",
  "a commit carries several operations",
  "a task is dropped because its offer was gone",
  "a task is lost with its slave's link",
  "a task is lost with its slave's process",
  "a task is unreachable",
  "a task is gone when its slave comes back",
  "a task is killed before it began",
  "a task is unknown to the master",
  "a group begins",
  "a group ends with one of its tasks",
  "a group is refused",
  "a slave comes back with a group",
  "an update is told twice",
  "an offer expires",
  "an offer is taken back with its slave",
  "an offer is used that is not there",
  "an offer is used after it was taken back",
  "an offer is answered twice",
  "an offer of another framework is used",
  "offers of two slaves are used together",
  "more is launched than was offered",
  "a refusal is for an odd time",
  "a framework changes its mind again and again",
  "a framework ends with offers in its hands",
  "an allocation comes too late",
  "an allocation is made from a closed account",
  "a decline hides a slave",
  "what is reserved is offered",
  "a role within a role is offered something",
  "a limit leaves less than is free",
  "a role below its guarantee comes first",
  "a weight or a guarantee decides",
  "what a framework holds is reserved, or ceases to be",
  "a role is owed what another is offered",
  "a task is told to give way",
  "a task need not give way after all",
  "a task is revoked",
  "a framework fails over",
  "a framework is found again by what a slave reports",
  "an allocator is told the book again",
  "an order of an earlier leadership arrives",
  "a watch fires although the watched may live",
] as const;

export type MarkName = (typeof markNames)[number];

/** What was seen in a run: the first rule that was broken in passing, and how often each situation was reached. */
export class Findings {
  readonly marks = new Map<MarkName, number>();
  readonly #breaches = new Map<string, string>();

  mark(name: MarkName): void {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
  }

  /** Somebody saw that a rule was broken, and how; what is seen first counts. */
  breach(rule: string, what: string): void {
    if (!this.#breaches.has(rule)) this.#breaches.set(rule, what);
  }

  breachOf(rule: string): string | undefined {
    return this.#breaches.get(rule);
  }
}
