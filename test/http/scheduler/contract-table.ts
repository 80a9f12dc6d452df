import { expect, test } from "vitest";
import { type Wire, wires } from "./client.ts";

/** A table of what a scheduler may rely on: every row is tested in both encodings, and one that is not fails the file. */
export class ContractTable<Row extends string> {
  readonly #name: string;
  readonly #rows: readonly Row[];
  readonly #tested = new Set<string>();

  constructor(name: string, rows: readonly Row[]) {
    this.#name = name;
    this.#rows = rows;
  }

  row(row: Row, body: (wire: Wire) => Promise<void>): void {
    for (const wire of wires) {
      this.#tested.add(`${row} (${wire})`);
      test(`${row} (${wire})`, () => body(wire));
    }
  }

  /** After the last row. */
  complete(): void {
    const cells = this.#rows.flatMap((row) => wires.map((wire) => `${row} (${wire})`));
    const missing = cells.filter((cell) => !this.#tested.has(cell));
    test(`${this.#name}: every row has a test in each encoding`, () => expect(missing).toEqual([]));
  }
}
