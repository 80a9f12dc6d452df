import type { Address } from "../actors/address.ts";
import type { Context } from "../actors/context.ts";
import { protocolTable, type Tell } from "../actors/protocol.ts";
import type { ActorRef } from "../actors/ref.ts";
import type { WireValue } from "../actors/wire-value.ts";
import type { OfferCounts } from "./held-offers.ts";

/** What whoever follows a framework hears of it, such as the command line that started it. */
export type ReportProtocol = {
  connection: Tell<ConnectionReport>;
  /** How far the framework is: the offers counted by the driver, the rest by the scheduler. The latest one counts. */
  progress: Tell<{ readonly offers: OfferCounts; readonly details: WireValue }>;
  /** A lasting fact. Each is told once and in order; together they may be too many for one message. */
  record: Tell<{ readonly row: WireValue }>;
  /** The last message. */
  finished: Tell<{ readonly offers: OfferCounts; readonly ending: Ending }>;
};

/** `trying`: attempt number `attempts` to reach the master failed. `lost`: it was reached before. */
export type ConnectionReport = {
  readonly state: "trying" | "subscribed" | "lost";
  readonly frameworkId?: string;
  readonly reason?: string;
  readonly attempts?: number;
};

/** How a framework ended. `notPlaced`: no slave is large enough for what it wants to run. */
export type Ending =
  | { readonly kind: "done"; readonly result: WireValue }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "notPlaced"; readonly message: string };

export const reportTable = protocolTable<ReportProtocol>("report", {
  connection: { state: 0, frameworkId: 1, reason: 2, attempts: 3 },
  progress: { offers: 0, details: 1 },
  record: { row: 0 },
  finished: { offers: 0, ending: 1 },
});

/** Shortest time between two reports of progress, in milliseconds. */
const progressEveryMs = 100;

/** The framework's end of the report; without an address it says nothing. */
export class Reporter {
  readonly #ctx: Context<unknown>;
  readonly #to: ActorRef<ReportProtocol> | undefined;
  readonly #counts: () => OfferCounts;
  #latest: (() => WireValue) | undefined;
  #armed = false;

  constructor(ctx: Context<unknown>, address: Address<ReportProtocol> | undefined, counts: () => OfferCounts) {
    this.#ctx = ctx;
    this.#to = address === undefined ? undefined : ctx.ref(address);
    this.#counts = counts;
  }

  connection(report: ConnectionReport): void {
    this.#to?.tell("connection", report);
  }

  progress(details: () => WireValue): void {
    this.#latest = details;
    if (this.#armed || this.#to === undefined) return;
    this.#armed = true;
    this.#ctx.after("report.progress", progressEveryMs, () => {
      this.#armed = false;
      this.#flush();
    });
  }

  record(row: WireValue): void {
    this.#to?.tell("record", { row });
  }

  finished(ending: Ending): void {
    this.#flush();
    this.#to?.tell("finished", { offers: this.#counts(), ending });
  }

  #flush(): void {
    if (this.#latest === undefined) return;
    this.#to?.tell("progress", { offers: this.#counts(), details: this.#latest() });
    this.#latest = undefined;
  }
}
