import { invariant } from "../../src/base/invariant.ts";
import { rowsOf } from "../../src/master/allocator/offered-batch.ts";
import type { OfferedBatch } from "../../src/master/allocator/protocol.ts";
import { equal, type Resources } from "../../src/protocol/resources.ts";

const nobody = -1;

/**
 * Who was offered which slave, as a master would know it from the batches alone. Slaves are accounts 1 to `slaves`, all
 * alike, and offered whole. Throws at the first row that may not be.
 */
export class Ledger {
  /** By account: the client that has it, or −1. */
  readonly #owners: Int32Array;
  /** By client: how many slaves it has. */
  readonly #held: Int32Array;
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #total: Resources;
  /** Slaves that nobody has. */
  free: number;

  constructor(slaves: number, frameworkIds: readonly string[], total: Resources) {
    this.#owners = new Int32Array(slaves + 1).fill(nobody);
    this.#held = new Int32Array(frameworkIds.length);
    this.#indexes = new Map(frameworkIds.map((id, index) => [id, index]));
    this.#total = total;
    this.free = slaves;
  }

  /** Notes what was offered, and answers how many slaves that were. */
  take(batches: readonly OfferedBatch[]): number {
    let rows = 0;
    for (const batch of batches) {
      rows += batch.rows;
      for (const { account, frameworkId, resources } of rowsOf(batch)) {
        invariant(equal(resources, this.#total), () => `slave ${account} is offered in part`);
        this.#give(account, this.#indexes.get(frameworkId));
      }
    }
    return rows;
  }

  /** The client that has the slave, which it gives back. */
  giveBack(account: number): number {
    const owner = this.#owners[account] as number;
    invariant(owner !== nobody, () => `nobody has slave ${account}`);
    this.#owners[account] = nobody;
    this.#held[owner] = (this.#held[owner] as number) - 1;
    this.free++;
    return owner;
  }

  /** Every slave is somebody's, and nobody has two more than another. */
  checkEven(): void {
    invariant(this.free === 0, () => `${this.free} slaves were not offered`);
    const least = this.#held.reduce((a, b) => Math.min(a, b));
    const most = this.#held.reduce((a, b) => Math.max(a, b));
    invariant(most - least <= 1, () => `the offers are uneven: one client has ${most} slaves, another ${least}`);
  }

  #give(account: number, client: number | undefined): void {
    invariant(account > 0 && account < this.#owners.length, () => `there is no slave ${account}`);
    invariant(client !== undefined, () => `slave ${account} is offered to a stranger`);
    invariant(this.#owners[account] === nobody, () => `slave ${account} is offered and is not free`);
    this.#owners[account] = client;
    this.#held[client] = (this.#held[client] as number) + 1;
    this.free--;
  }
}
