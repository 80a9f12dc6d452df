import type { Placeable } from "../protocol/master-api.ts";
import type { Resources } from "../protocol/resources.ts";
import type { SchedulerDriver, Settled } from "./scheduler.ts";
import type { SchedulerParty } from "./scheduler-party.ts";

/** How long a question to the master may take, in milliseconds. */
const questionTimeoutMs = 5_000;

/** The driver as an author holds it: each call takes effect in a turn of the actor, wherever the author makes it. */
export function authorDriver(party: SchedulerParty): SchedulerDriver {
  const { ctx, callbacks } = party;
  const call = (action: () => void) => callbacks.call(action);
  const timers = new Timers(party);
  return {
    get frameworkId() {
      return party.frameworkId;
    },
    clock: ctx.clock,
    replyToOffer: (offerIds, tasks, filter) => call(() => party.reply(offerIds, tasks, filter)),
    acceptOffers: (offerIds, operations, filter) => call(() => party.accept(offerIds, operations, filter)),
    launchGroup: (offerIds, group, filter) => call(() => party.launchGroup(offerIds, group, filter)),
    decline: (offerIds, filter) => call(() => party.decline(offerIds, filter)),
    acceptInverseOffers: (ids, filter) => call(() => party.answerInverse("acceptInverseOffers", ids, filter)),
    declineInverseOffers: (ids, filter) => call(() => party.answerInverse("declineInverseOffers", ids, filter)),
    keep: (offerIds) => call(() => party.offers.keep(offerIds)),
    setNeedsOffers: (needed) => call(() => party.setNeedsOffers(needed)),
    revive: (slaveIds) => call(() => party.revive(slaveIds)),
    setFilters: (filters) => call(() => party.setFilters(filters)),
    killTask: (taskId, graceMs) => call(() => party.kill(taskId, graceMs)),
    reconcile: (taskIds = []) => call(() => party.reconcile(taskIds.map((taskId) => ({ taskId })))),
    getGuaranteedShare: (then) => call(() => askGuaranteedShare(party, then)),
    placeable: (resources, then) => call(() => askPlaceable(party, resources, then)),
    after: (key, delayMs, run) => call(() => timers.arm(key, delayMs, run)),
    cancel: (key) => call(() => timers.cancel(key)),
    log: (level, message, facts) => ctx.log(level, message, facts),
    progress: (details) => call(() => party.reporter.progress(details)),
    record: (row) => call(() => party.reporter.record(row)),
    stop: (ending) => call(() => party.stop(ending)),
  };
}

function askGuaranteedShare(party: SchedulerParty, then: (guaranteed: Resources | undefined) => Settled): void {
  const { standing } = party;
  const answered = (guaranteed?: Resources) =>
    party.callbacks.enqueue({ name: "getGuaranteedShare continuation", run: () => then(guaranteed) });
  if (standing === undefined) return answered();
  party.ctx.ask(
    standing.master,
    "guaranteedShare",
    { frameworkId: standing.frameworkId },
    {
      timeoutMs: questionTimeoutMs,
      settled: (outcome) => answered(outcome.ok ? outcome.value.guaranteed : undefined),
    },
  );
}

function askPlaceable(party: SchedulerParty, resources: Resources, then: (answer?: Placeable) => Settled): void {
  const { standing } = party;
  const answered = (answer?: Placeable) =>
    party.callbacks.enqueue({ name: "placeable continuation", run: () => then(answer) });
  const fault = party.authorFault("placeable", { resources });
  if (fault !== undefined) party.ctx.log("error", `the scheduler's placeable is malformed and is not asked: ${fault}`);
  if (standing === undefined || fault !== undefined) return answered();
  party.ctx.ask(
    standing.master,
    "placeable",
    { resources, frameworkId: standing.frameworkId },
    { timeoutMs: questionTimeoutMs, settled: (outcome) => answered(outcome.ok ? outcome.value : undefined) },
  );
}

/** The author's timers. One that was cancelled or armed again never runs, even if it already waits for its turn. */
class Timers {
  readonly #party: SchedulerParty;
  readonly #armed = new Map<string, () => Settled>();

  constructor(party: SchedulerParty) {
    this.#party = party;
  }

  arm(key: string, delayMs: number, run: () => Settled): void {
    const { ctx, callbacks } = this.#party;
    // A function of this arming alone, to tell it from a later one of the same run.
    const armed = () => run();
    this.#armed.set(key, armed);
    ctx.after(`author.${key}`, delayMs, () =>
      callbacks.enqueue({
        name: `timer ${key}`,
        run: () => {
          if (this.#armed.get(key) !== armed) return;
          this.#armed.delete(key);
          return armed();
        },
      }),
    );
  }

  cancel(key: string): void {
    this.#armed.delete(key);
    this.#party.ctx.cancel(`author.${key}`);
  }
}
