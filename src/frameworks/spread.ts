import type { SlaveId } from "../protocol/ids.ts";
import type { Resources } from "../protocol/resources.ts";
import type { SchedulerDriver } from "./scheduler.ts";

/** How long work waits for slaves that have not had their share, in milliseconds. Then it goes wherever it fits. */
const waitMs = 1_000;

/**
 * Keeps the pieces of one step from all going to the slave that happens to be offered first: at the beginning, each
 * of the slaves that are large enough gets its share and no more.
 */
export class Spread {
  readonly #given = new Map<SlaveId, number>();
  #share = Number.POSITIVE_INFINITY;

  /** A step of so many pieces begins. `changed` is called when its pieces may be placed, and again when more may be. */
  begin(pieces: number, size: Resources, driver: SchedulerDriver, changed: () => void): void {
    driver.placeable(size, (answer) => {
      this.#given.clear();
      this.#share = Math.ceil(pieces / Math.max(1, answer?.fitting ?? 1));
      changed();
      driver.after("spread", waitMs, () => {
        this.#share = Number.POSITIVE_INFINITY;
        changed();
      });
    });
  }

  /** How many pieces the slave may still get. */
  room(slaveId: SlaveId): number {
    return this.#share - (this.#given.get(slaveId) ?? 0);
  }

  gave(slaveId: SlaveId, pieces: number): void {
    this.#given.set(slaveId, (this.#given.get(slaveId) ?? 0) + pieces);
  }
}
