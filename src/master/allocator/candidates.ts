import { grownBytes } from "./column.ts";

/** The slave rows that a pass has to look at, because something about them has changed since the last one. */
export class Candidates {
  #marked = new Uint8Array(16);
  #rows: number[] = [];
  #all = false;
  /** Rows that the next batch is to look at. */
  #waiting: number[] = [];

  get any(): boolean {
    return this.#all || this.#rows.length > 0;
  }

  /** Whether the next pass looks at the row. */
  has(row: number): boolean {
    return this.#all || this.#marked[row] === 1;
  }

  /** Rows that the next batch is to look at, and no pass before it has a reason to. */
  get waiting(): ReadonlySet<number> {
    return new Set(this.#waiting);
  }

  copyFrom(other: Candidates): void {
    this.#marked = other.#marked.slice();
    this.#rows = [...other.#rows];
    this.#all = other.#all;
    this.#waiting = [...other.#waiting];
  }

  touch(row: number): void {
    if (row >= this.#marked.length) this.#marked = grownBytes(this.#marked, Math.max(row + 1, 2 * this.#marked.length));
    if (this.#marked[row] === 1) return;
    this.#marked[row] = 1;
    this.#rows.push(row);
  }

  /** Every row there is. */
  touchAll(): void {
    this.#all = true;
  }

  /** Not now: with the next batch. */
  wait(row: number): void {
    this.#waiting.push(row);
  }

  /** A batch has begun. */
  wake(): void {
    for (const row of this.#waiting.splice(0)) this.touch(row);
  }

  /** All of them, and none is left. `height`: every row is below. */
  take(height: number): readonly number[] {
    const rows = this.#all ? Array.from({ length: height }, (_, row) => row) : this.#rows;
    for (const row of this.#rows) this.#marked[row] = 0;
    this.#rows = [];
    this.#all = false;
    return rows;
  }
}
