import type { Placeable } from "../protocol/master-api.ts";
import type { Quantity } from "../protocol/quantity.ts";
import { contains, format, type Resources } from "../protocol/resources.ts";
import type { SchedulerDriver } from "./scheduler.ts";
import type { Workload } from "./workload.ts";

/** How long work waits before the master is asked whether any slave could take it, in milliseconds; also between questions. */
const waitMs = 1_000;
/** Different sizes of waiting work asked about at a time. The others have their turn once these are placed. */
const sizesMax = 8;

/**
 * Notices work that no slave will ever be large enough for, and ends the framework saying so: waiting for an offer
 * that cannot come looks just like a busy cluster otherwise.
 */
export class Placement {
  readonly #workload: Workload;
  #watching = false;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  /** Work may have begun to wait. */
  watch(driver: SchedulerDriver): void {
    if (this.#watching || this.#workload.counts.pending === 0) return;
    this.#watching = true;
    driver.after("placement", waitMs, () => {
      this.#watching = false;
      for (const size of sizesOf(this.#workload)) driver.placeable(size, (answer) => judge(size, answer, driver));
      this.watch(driver);
    });
  }
}

function judge(size: Resources, answer: Placeable | undefined, driver: SchedulerDriver): void {
  if (answer === undefined || answer.slaves === 0 || answer.fitting > 0) return;
  driver.stop({ kind: "notPlaced", message: lack(size, answer.closest) });
}

/** What is asked and not there, such as `needs cpus:64, the largest slave has cpus:4`. */
function lack(size: Resources, closest: Placeable["closest"]): string {
  if (closest === undefined) return `needs ${format(size)}, which no slave has`;
  const missing = Object.keys(size).filter((name) => !contains(closest.resources, pick(size, [name])));
  const has = missing.map((name) => format(pick(closest.resources, [name])) || `no ${name}`).join(";");
  return `needs ${format(pick(size, missing))}, the largest slave has ${has}`;
}

function pick(resources: Resources, names: readonly string[]): Resources {
  const picked = names.map((name): [string, Quantity | undefined] => [name, resources[name]]);
  return Object.fromEntries(picked.filter((entry): entry is [string, Quantity] => entry[1] !== undefined));
}

function sizesOf(workload: Workload): Iterable<Resources> {
  const sizes = new Map<string, Resources>();
  const known = new Set<Resources>();
  for (const { resources } of workload.pending) {
    if (known.has(resources)) continue;
    known.add(resources);
    sizes.set(format(resources), resources);
    if (sizes.size >= sizesMax) break;
  }
  return sizes.values();
}
