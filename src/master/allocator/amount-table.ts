import { grownFloats } from "./column.ts";
import type { ScalarNames } from "./scalar-names.ts";

const rowsMin = 16;
const strideMin = 4;

/**
 * Amounts by row, and in each row by scalar. Those of one row stand side by side: they are wanted together, and rows come in
 * any order.
 */
export class AmountTable {
  #values = new Float64Array(rowsMin * strideMin);
  /** From one row to the next. */
  #stride = strideMin;

  constructor(names: ScalarNames) {
    names.widens(this);
  }

  copyFrom(other: AmountTable): void {
    this.#values = other.#values.slice();
    this.#stride = other.#stride;
  }

  get(row: number, column: number): number {
    return this.#values[row * this.#stride + column] as number;
  }

  /** The first so many columns of a row are so much more. */
  add(row: number, amounts: Float64Array, columns: number): void {
    const values = this.#values;
    const begin = row * this.#stride;
    for (let column = 0; column < columns; column++) {
      values[begin + column] = (values[begin + column] as number) + (amounts[column] as number);
    }
  }

  /** A row is as much more as another is. */
  addRow(row: number, other: number): void {
    const begin = other * this.#stride;
    this.add(row, this.#values.subarray(begin, begin + this.#stride), this.#stride);
  }

  /** They are so much less. False as soon as one would be below zero. */
  subtract(row: number, amounts: Float64Array, columns: number): boolean {
    const values = this.#values;
    const begin = row * this.#stride;
    for (let column = 0; column < columns; column++) {
      const left = (values[begin + column] as number) - (amounts[column] as number);
      if (left < 0) return false;
      values[begin + column] = left;
    }
    return true;
  }

  isZero(row: number): boolean {
    const begin = row * this.#stride;
    for (let each = begin; each < begin + this.#stride; each++) if (this.#values[each] !== 0) return false;
    return true;
  }

  clear(row: number): void {
    this.#values.fill(0, row * this.#stride, (row + 1) * this.#stride);
  }

  /** Makes room for so many rows. */
  grow(rows: number): void {
    this.#values = grownFloats(this.#values, rows * this.#stride);
  }

  widen(columns: number): void {
    if (columns <= this.#stride) return;
    const stride = Math.max(columns, 2 * this.#stride);
    const rows = this.#values.length / this.#stride;
    const values = new Float64Array(rows * stride);
    for (let row = 0; row < rows; row++) {
      values.set(this.#values.subarray(row * this.#stride, (row + 1) * this.#stride), row * stride);
    }
    this.#values = values;
    this.#stride = stride;
  }
}
