import { invariant } from "../../src/base/invariant.ts";
import type { Book } from "../../src/master/allocator/book.ts";

/**
 * What sharing out so many slaves costs at least: a bare loop over the rows of the allocator's own columns, which gives each
 * to the client at the top of a binary heap of dominant shares, ties by index. It asks about nothing and keeps no book.
 */
export class Floor {
  /** Row i of the output: this client gets this slave. */
  readonly #clients: Int32Array;
  readonly #rows: Int32Array;
  readonly #columns: readonly Float64Array[];
  readonly #totals: Float64Array;
  readonly #allocated: readonly Float64Array[];
  readonly #shares: Float64Array;
  readonly #heap: Int32Array;
  readonly #slaves: number;

  /** All of the book's rows must be in use. */
  constructor({ slaves, names, totals }: Book, clients: number) {
    invariant(slaves.size === slaves.height, "the floor takes the book's rows one after the other");
    this.#slaves = slaves.height;
    this.#columns = slaves.free;
    this.#totals = totals.slice(0, names.size);
    this.#allocated = names.list.map(() => new Float64Array(clients));
    this.#shares = new Float64Array(clients);
    this.#heap = new Int32Array(clients);
    this.#clients = new Int32Array(this.#slaves);
    this.#rows = new Int32Array(this.#slaves);
  }

  /** Everybody holds nothing again. */
  reset(): void {
    for (const column of this.#allocated) column.fill(0);
    this.#clients.fill(0);
    this.#rows.fill(-1);
    this.#shares.fill(0);
    // Equal shares in the order of their indexes are a heap.
    for (let client = 0; client < this.#heap.length; client++) this.#heap[client] = client;
  }

  run(): void {
    for (let row = 0; row < this.#slaves; row++) this.#give(row);
  }

  /** A function of its own is compiled once and for all; a long loop begins anew in slower code each time. */
  #give(row: number): void {
    const columns = this.#columns;
    const allocated = this.#allocated;
    const totals = this.#totals;
    const client = this.#heap[0] as number;
    let share = 0;
    for (let column = 0; column < totals.length; column++) {
      const held = allocated[column] as Float64Array;
      const amount = (held[client] as number) + ((columns[column] as Float64Array)[row] as number);
      held[client] = amount;
      const part = amount / (totals[column] as number);
      if (part > share) share = part;
    }
    this.#shares[client] = share;
    this.#sink(client, share);
    this.#clients[row] = client;
    this.#rows[row] = row;
  }

  /** Checks that it did its work, and answers how many slaves it gave out. */
  checked(): number {
    const held = new Int32Array(this.#heap.length);
    for (const client of this.#clients) held[client] = (held[client] as number) + 1;
    const least = held.reduce((a, b) => Math.min(a, b));
    const most = held.reduce((a, b) => Math.max(a, b));
    invariant(most - least <= 1, () => `the floor is uneven: one client has ${most} slaves, another ${least}`);
    const misplaced = this.#rows.findIndex((each, row) => each !== row);
    invariant(misplaced < 0, () => `the floor gave out no slave of row ${misplaced}`);
    return this.#rows.length;
  }

  /** From the top, where the client is, to where its share belongs. */
  #sink(client: number, share: number): void {
    const heap = this.#heap;
    const shares = this.#shares;
    const end = heap.length;
    let hole = 0;
    for (let child = 1; child < end; child = 2 * hole + 1) {
      let below = heap[child] as number;
      let least = shares[below] as number;
      if (child + 1 < end) {
        const other = heap[child + 1] as number;
        const others = shares[other] as number;
        if (others < least || (others === least && other < below)) {
          child++;
          below = other;
          least = others;
        }
      }
      if (share < least || (share === least && client < below)) break;
      heap[hole] = below;
      hole = child;
    }
    heap[hole] = client;
  }
}
