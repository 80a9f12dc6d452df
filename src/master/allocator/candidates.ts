import { grownBytes } from "./column.ts";
import type { SlaveRows } from "./slave-rows.ts";

/** The slave rows that a pass has to look at, because something about them has changed since the last one. */
export class Candidates {
  #marked = new Uint8Array(16);
  #rows: number[] = [];
  #all = false;
  /** Rows that the next batch is to look at. */
  readonly #waiting = new Set<number>();
  #allWait = false;

  get any(): boolean {
    return this.#all || this.#rows.length > 0;
  }

  /** Whether the next pass looks at the row. */
  has(row: number): boolean {
    return this.#all || this.#marked[row] === 1;
  }

  /** Whether the next batch is to look at the row. */
  isWaiting(row: number): boolean {
    return this.#allWait || this.#waiting.has(row);
  }

  copyFrom(other: Candidates): void {
    this.#marked = other.#marked.slice();
    this.#rows = [...other.#rows];
    this.#all = other.#all;
    for (const row of other.#waiting) this.#waiting.add(row);
    this.#allWait = other.#allWait;
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
    this.#waiting.add(row);
  }

  /** Every row there is: with the next batch. */
  waitAll(): void {
    this.#allWait = true;
  }

  /** A batch has begun. */
  wake(): void {
    for (const row of this.#waiting) this.touch(row);
    this.#waiting.clear();
    if (this.#allWait) this.touchAll();
    this.#allWait = false;
  }

  /** Those that have something to offer; none is left. */
  take(slaves: SlaveRows): Int32Array {
    const taken = new Int32Array(this.#all ? slaves.height : this.#rows.length);
    let count = 0;
    if (this.#all) {
      for (let row = 0; row < slaves.height; row++) if (slaves.isOpen(row)) taken[count++] = row;
    } else {
      for (const row of this.#rows) if (slaves.isOpen(row)) taken[count++] = row;
    }
    this.clear();
    return taken.subarray(0, count);
  }

  clear(): void {
    for (const row of this.#rows) this.#marked[row] = 0;
    this.#rows = [];
    this.#all = false;
  }
}
