import type { Context } from "../actors/context.ts";
import type { ActorRef } from "../actors/ref.ts";
import { invariant } from "../base/invariant.ts";
import type { Lead } from "../protocol/lead.ts";
import { portion } from "./portion.ts";
import type { RegistryStoreProtocol } from "./ports.ts";
import type { Registry, RegistryOperation } from "./registry.ts";

const commitTimeoutMs = 20_000;

/**
 * Makes changes of the registry durable before they are acknowledged. While one batch is on its way to disk the next
 * one gathers, so a burst of a thousand registrations costs a few commits. Of a burst of fifty thousand, as many go at
 * once as one message holds.
 */
export class Registrar {
  readonly #ctx: Context<unknown>;
  readonly #store: ActorRef<RegistryStoreProtocol>;
  readonly #lead: Lead;
  readonly #registry: Registry;
  readonly #gathering: { operation: RegistryOperation; done: () => void }[] = [];
  #committing = false;
  #underWay = 0;

  constructor(ctx: Context<unknown>, store: ActorRef<RegistryStoreProtocol>, lead: Lead, registry: Registry) {
    this.#ctx = ctx;
    this.#store = store;
    this.#lead = lead;
    this.#registry = registry;
  }

  /** What is on disk. */
  get registry(): Registry {
    return this.#registry;
  }

  /** Operations that are not on disk yet. */
  get queued(): number {
    return this.#gathering.length + this.#underWay;
  }

  /** Runs `done` once the operation is on disk. A store that fails ends the master: nothing more could be promised. */
  apply(operation: RegistryOperation, done: () => void): void {
    this.#gathering.push({ operation, done });
    if (!this.#committing) this.#commit();
  }

  #commit(): void {
    const { part: operations } = portion(this.#operations());
    const batch = this.#gathering.splice(0, operations.length);
    this.#committing = true;
    this.#underWay = batch.length;
    this.#ctx.ask(
      this.#store,
      "commit",
      { lead: this.#lead, operations },
      {
        timeoutMs: commitTimeoutMs,
        settled: (outcome) => {
          invariant(outcome.ok, () => `the registry store did not commit: ${outcome.ok ? "" : outcome.code}`);
          invariant(outcome.value.committed, "another master has begun a later term: this one steps down");
          this.#underWay = 0;
          for (const operation of operations) this.#registry.perform(operation);
          for (const { done } of batch) done();
          // Only now: what one of them asks for waits behind what has gathered, and one commit at a time is on its way.
          this.#committing = false;
          if (this.#gathering.length > 0) this.#commit();
        },
      },
    );
  }

  *#operations(): Iterable<RegistryOperation> {
    for (const { operation } of this.#gathering) yield operation;
  }
}
