import type { WireValue } from "../actors/wire-value.ts";
import type { OfferCounts } from "../frameworks/held-offers.ts";
import type { ConnectionReport } from "../frameworks/report.ts";
import type { WorkloadProgress } from "../frameworks/workload-scheduler.ts";

/** Shortest time between two lines when there is no terminal, in milliseconds. */
const plainEveryMs = 2_000;

/** How far a framework is: one line that is overwritten on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #name: string;
  readonly #silent: boolean;
  #plainAtMs = Number.NEGATIVE_INFINITY;
  #open = false;

  constructor(name: string, silent: boolean) {
    this.#name = name;
    this.#silent = silent;
  }

  connection({ state, reason, attempts }: ConnectionReport): void {
    if (state === "subscribed" || (state === "trying" && attempts !== 1)) return;
    this.#line(
      state === "trying" ? `cannot reach the master, trying on: ${reason}` : "the master is out of reach; waiting",
    );
  }

  update(offers: OfferCounts, details: WireValue): void {
    if (this.#silent) return;
    const text = `${this.#name}: ${progressText(offers, details)}`;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
      this.#open = true;
      return;
    }
    if (performance.now() - this.#plainAtMs < plainEveryMs) return;
    this.#plainAtMs = performance.now();
    this.#line(text);
  }

  /** Leaves the last line where it is. */
  end(): void {
    if (this.#open) process.stderr.write("\n");
    this.#open = false;
  }

  #line(text: string): void {
    this.end();
    process.stderr.write(`${text}\n`);
  }
}

/** One line of figures; a user's framework reports details of its own, which are shown as they are. */
export function progressText(offers: OfferCounts, details: WireValue): string {
  const offered = `offers ${offers.seen} seen, ${offers.declined} declined`;
  const { tasks } = (details ?? {}) as Partial<WorkloadProgress>;
  if (tasks === undefined) return `${offered}, ${JSON.stringify(details)}`;
  const rerun = tasks.rerun === 0 ? "" : `, ${tasks.rerun} run again`;
  return `${tasks.finished} done, ${tasks.running} running, ${tasks.pending} waiting${rerun}; ${offered}`;
}
