import { invariant } from "../../base/invariant.ts";
import { add, isEmpty, noResources, type Resources, subtract } from "../../protocol/resources.ts";
import { AmountTable } from "./amount-table.ts";
import { grownBytes, grownIntegers } from "./column.ts";
import type { Bundle, ScalarNames } from "./scalar-names.ts";

/** No holding, and nobody's. */
export const none = -1;

/**
 * Who holds what of which slave. The holdings of a slave are a chain that begins in its row; each is of one client. A slave
 * has few, so a chain is walked.
 */
export class Holdings {
  client = new Int32Array(16);
  next = new Int32Array(16);
  rest: Resources[] = [];
  readonly amounts: AmountTable;
  #height = 0;
  /** Those that are of nobody, and some that are of somebody again. */
  #vacant: number[] = [];
  /** Whether each is in that list. */
  #listed = new Uint8Array(16);

  constructor(names: ScalarNames) {
    this.amounts = new AmountTable(names);
  }

  copyFrom(other: Holdings): void {
    this.client = other.client.slice();
    this.next = other.next.slice();
    this.amounts.copyFrom(other.amounts);
    this.rest = [...other.rest];
    this.#height = other.#height;
    this.#vacant = [...other.#vacant];
    this.#listed = other.#listed.slice();
  }

  /** The client's holding in the chain, or `none`. */
  find(first: number, client: number): number {
    let holding = first;
    while (holding !== none && this.client[holding] !== client) holding = this.next[holding] as number;
    return holding;
  }

  /**
   * An empty holding at the head of a chain. That of the same number as the slave's row if it is nobody's: most slaves have one
   * holding, and whoever goes through slaves finds it where the one before was.
   */
  begin(first: number, client: number, row: number): number {
    while (this.#height <= row) this.#leave(this.#append());
    const holding = this.client[row] === none ? row : this.#anyVacant();
    this.client[holding] = client;
    this.next[holding] = first;
    return holding;
  }

  addTo(holding: number, { amounts, rest }: Bundle, columns: number): void {
    this.amounts.add(holding, amounts, columns);
    if (rest === noResources) return;
    const held = this.rest[holding] as Resources;
    this.rest[holding] = held === noResources ? rest : add(held, rest);
  }

  takeFrom(holding: number, { amounts, rest }: Bundle, columns: number): void {
    if (!this.amounts.subtract(holding, amounts, columns)) invariant(false, "more is given back than is held");
    if (rest === noResources) return;
    const held = this.rest[holding] as Resources;
    this.rest[holding] = held === rest ? noResources : subtract(held, rest);
  }

  isEmpty(holding: number): boolean {
    const rest = this.rest[holding] as Resources;
    return this.amounts.isZero(holding) && (rest === noResources || isEmpty(rest));
  }

  /** Fills a bundle with what is held. */
  copyTo(holding: number, bundle: Bundle, columns: number): void {
    for (let column = 0; column < columns; column++) bundle.amounts[column] = this.amounts.get(holding, column);
    bundle.rest = this.rest[holding] as Resources;
  }

  /** Takes one out of its chain, and answers the chain's beginning. */
  drop(first: number, holding: number): number {
    const after = this.next[holding] as number;
    this.amounts.clear(holding);
    this.rest[holding] = noResources;
    this.#leave(holding);
    if (first === holding) return after;
    let before = first;
    while (this.next[before] !== holding) before = this.next[before] as number;
    this.next[before] = after;
    return first;
  }

  #leave(holding: number): void {
    this.client[holding] = none;
    if (this.#listed[holding] === 1) return;
    this.#listed[holding] = 1;
    this.#vacant.push(holding);
  }

  #anyVacant(): number {
    for (let holding = this.#vacant.pop(); holding !== undefined; holding = this.#vacant.pop()) {
      this.#listed[holding] = 0;
      if (this.client[holding] === none) return holding;
    }
    return this.#append();
  }

  #append(): number {
    const holding = this.#height++;
    if (holding === this.client.length) {
      const capacity = 2 * holding;
      this.client = grownIntegers(this.client, capacity);
      this.next = grownIntegers(this.next, capacity);
      this.#listed = grownBytes(this.#listed, capacity);
      this.amounts.grow(capacity);
    }
    this.rest[holding] = noResources;
    return holding;
  }
}
