import { invariant } from "../../src/base/invariant.ts";
import type { OfferedBatch } from "../../src/master/allocator/protocol.ts";
import type { Resources } from "../../src/protocol/resources.ts";

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
  readonly #scalars: readonly (readonly [name: string, amount: number])[];
  /** What of a slave is no scalar, as text. */
  readonly #rest: string;
  /** Slaves that nobody has. */
  free: number;

  constructor(slaves: number, frameworkIds: readonly string[], total: Resources) {
    this.#owners = new Int32Array(slaves + 1).fill(nobody);
    this.#held = new Int32Array(frameworkIds.length);
    this.#indexes = new Map(frameworkIds.map((id, index) => [id, index]));
    const entries = Object.entries(total);
    this.#scalars = entries.filter((entry): entry is [string, number] => typeof entry[1] === "number");
    this.#rest = JSON.stringify(Object.fromEntries(entries.filter(([, quantity]) => typeof quantity !== "number")));
    this.free = slaves;
  }

  /** Notes what was offered, and answers how many slaves that were. */
  take(batches: readonly OfferedBatch[]): number {
    let rows = 0;
    for (const batch of batches) {
      rows += batch.accounts.length;
      this.#checkAmounts(batch);
      const clients = batch.clients.map(({ frameworkId }) => this.#indexes.get(frameworkId));
      for (const [row, account] of batch.accounts.entries()) this.#give(account, clients[batch.to[row] ?? nobody]);
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

  #checkAmounts({ accounts, names, amounts, rests, rest }: OfferedBatch): void {
    for (const [name, whole] of this.#scalars) {
      const column = amounts[names.indexOf(name)];
      invariant(
        column?.length === accounts.length && column.every((amount) => amount === whole),
        () => `${name} of a slave is offered in part`,
      );
    }
    const isRest = rests.map((each) => JSON.stringify(each) === this.#rest);
    invariant(
      rest.length === accounts.length && rest.every((index) => isRest[index] ?? this.#rest === "{}"),
      "a slave is offered without what is no scalar",
    );
  }
}
