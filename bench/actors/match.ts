import type { Address } from "../../src/actors/address.ts";
import type { ActorRef } from "../../src/actors/ref.ts";
import type { ActorSystem } from "../../src/actors/system.ts";
import type { Work } from "../kit.ts";
import type { BenchProtocol, Flow } from "./behaviours.ts";

const longMs = 120_000;

/** A player of this thread and the address of another, wherever that one lives: what they can be told to do. */
export class Match {
  readonly #system: ActorSystem;
  readonly #near: ActorRef<BenchProtocol>;
  readonly #far: Address<BenchProtocol>;

  constructor(system: ActorSystem, near: ActorRef<BenchProtocol>, far: Address<BenchProtocol>) {
    this.#system = system;
    this.#near = near;
    this.#far = far;
  }

  send(n: number, { senders = 1, ...flow }: Flow & { readonly senders?: number }): Promise<Work> {
    return this.#asked("send", { to: this.#far, n, senders, ...flow });
  }

  async play(n: number, { timed = false, ...flow }: Flow & { readonly timed?: boolean }): Promise<Work> {
    const { done, latenciesMs } = await this.#asked("play", { to: this.#far, n, timed, ...flow });
    return latenciesMs === undefined ? done : { done, latenciesMs };
  }

  quiz(n: number, flow: Flow): Promise<Work> {
    return this.#asked("quiz", { to: this.#far, n, ...flow });
  }

  /** Throws when no answer came, or when a question of the run was left behind. */
  async #asked<K extends "send" | "play" | "quiz">(kind: K, body: BenchProtocol[K]["ask"]) {
    const outcome = await this.#system.question<BenchProtocol, K>(this.#near, kind, body as never, longMs);
    if (!outcome.ok) throw new Error(`${kind} has no answer: ${outcome.code}`);
    if (this.#system.asks.size > 0) throw new Error(`${this.#system.asks.size} questions are left over`);
    return outcome.value as BenchProtocol[K]["reply"];
  }
}
