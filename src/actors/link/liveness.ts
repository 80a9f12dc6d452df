import { type LinkLimits, linkLimits } from "./limits.ts";

/**
 * Decides from silence alone whether a peer lives: a connection tells nothing of a host that is gone. Any frame
 * counts. Our own lateness is subtracted twice, since the commonest cause of silence is that we did not listen.
 */
export class Liveness {
  readonly #limits: LinkLimits;
  #heardAt: number;
  #sentAt: number;
  #checkDueAt: number;

  constructor(nowMs: number, limits: LinkLimits = linkLimits) {
    this.#limits = limits;
    this.#heardAt = nowMs;
    this.#sentAt = nowMs;
    this.#checkDueAt = nowMs + limits.pingAfterMs;
  }

  heard(nowMs: number): void {
    this.#heardAt = nowMs;
  }

  sent(nowMs: number): void {
    this.#sentAt = nowMs;
  }

  /** Called every `pingAfterMs`: what to do about the link now. */
  check(nowMs: number): "ok" | "ping" | "down" {
    const ownLag = Math.max(0, nowMs - this.#checkDueAt);
    this.#checkDueAt = nowMs + this.#limits.pingAfterMs;
    if (nowMs - this.#heardAt > this.#limits.downAfterMs + 2 * ownLag) return "down";
    return nowMs - this.#sentAt >= this.#limits.pingAfterMs ? "ping" : "ok";
  }
}
