import { RingBuffer } from "../base/ring-buffer.ts";
import type { Cell } from "./cell.ts";
import type { Letter } from "./mailbox.ts";

/**
 * What the running turn has told actors of its thread. Nobody else runs meanwhile, so a letter goes into its mailbox at
 * once and is taken back if the turn throws: most turns tell and do nothing else, and need no outbox.
 */
export class Told {
  readonly #schedule: (cell: Cell) => void;
  /** The actors that were told something, in the order of their first letters. */
  readonly #cells = new RingBuffer<Cell>();

  constructor(schedule: (cell: Cell) => void) {
    this.#schedule = schedule;
  }

  /** False when the mailbox is full. */
  offer(cell: Cell, letter: Letter): boolean {
    const { mailbox } = cell;
    if (!mailbox.offer(letter)) return false;
    if (cell.toldFrom >= 0) return true;
    cell.toldFrom = mailbox.length - 1;
    this.#cells.push(cell);
    return true;
  }

  /** The turn has returned: what it told may be read. */
  keep(): void {
    for (let cell = this.#cells.shift(); cell !== undefined; cell = this.#cells.shift()) {
      cell.toldFrom = -1;
      this.#schedule(cell);
    }
  }

  /** The turn has thrown: it has told nothing. */
  retract(): void {
    for (let cell = this.#cells.shift(); cell !== undefined; cell = this.#cells.shift()) {
      cell.mailbox.retract(cell.toldFrom);
      cell.toldFrom = -1;
    }
  }
}
