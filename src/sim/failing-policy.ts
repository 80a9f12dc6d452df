import type { Policy } from "../master/allocator/policy.ts";

/** A policy that fails when it is told to, at one of its next questions, in the middle of whatever the allocator is at. */
export class FailingPolicy {
  readonly policy: Policy;
  /** How many questions it still answers. */
  #answers = Number.POSITIVE_INFINITY;

  constructor(policy: Policy) {
    this.policy = {
      ...policy,
      rank: (contender) => {
        if (this.#answers-- > 0) return policy.rank(contender);
        this.#answers = Number.POSITIVE_INFINITY;
        throw new Error("injected");
      },
    };
  }

  /** It answers so many questions more, and throws at the next; then it is as it should be. */
  failAfter(answers: number): void {
    this.#answers = answers;
  }
}
