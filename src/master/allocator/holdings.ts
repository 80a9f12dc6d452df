import { invariant } from "../../base/invariant.ts";
import { add, isEmpty, noResources, type Resources, subtract } from "../../protocol/resources.ts";
import { grownFloats, grownIntegers } from "./column.ts";
import type { Bundle } from "./scalar-names.ts";

/** No row. */
export const none = -1;

/**
 * Who holds what of which slave. The holdings of a slave are a chain that begins in its row; each is of one client. A slave
 * has few, so a chain is walked.
 */
export class Holdings {
  client = new Int32Array(16);
  next = new Int32Array(16);
  amounts: Float64Array[] = [];
  rest: Resources[] = [];
  #rows = 0;
  #free = none;

  copyFrom(other: Holdings): void {
    this.client = other.client.slice();
    this.next = other.next.slice();
    this.amounts = other.amounts.map((held) => held.slice());
    this.rest = [...other.rest];
    this.#rows = other.#rows;
    this.#free = other.#free;
  }

  /** The client's holding in the chain, or `none`. */
  find(first: number, client: number): number {
    let holding = first;
    while (holding !== none && this.client[holding] !== client) holding = this.next[holding] as number;
    return holding;
  }

  /** An empty holding at the head of a chain. */
  begin(first: number, client: number): number {
    let holding = this.#free;
    if (holding === none) holding = this.#append();
    else this.#free = this.next[holding] as number;
    this.client[holding] = client;
    this.next[holding] = first;
    return holding;
  }

  addTo(holding: number, { amounts, rest }: Bundle, columns: number): void {
    while (this.amounts.length < columns) this.amounts.push(new Float64Array(this.client.length));
    for (let column = 0; column < columns; column++) {
      const held = this.amounts[column] as Float64Array;
      held[holding] = (held[holding] as number) + (amounts[column] as number);
    }
    if (rest === noResources) return;
    const held = this.rest[holding] as Resources;
    this.rest[holding] = held === noResources ? rest : add(held, rest);
  }

  takeFrom(holding: number, { amounts, rest }: Bundle, columns: number): void {
    for (let column = 0; column < columns; column++) {
      const amount = amounts[column] as number;
      if (amount === 0) continue;
      const held = this.amounts[column];
      const left = (held?.[holding] ?? 0) - amount;
      if (held === undefined || left < 0) invariant(false, "more is given back than is held");
      held[holding] = left;
    }
    if (rest === noResources) return;
    const held = this.rest[holding] as Resources;
    this.rest[holding] = held === rest ? noResources : subtract(held, rest);
  }

  isEmpty(holding: number): boolean {
    for (const held of this.amounts) if (held[holding] !== 0) return false;
    const rest = this.rest[holding] as Resources;
    return rest === noResources || isEmpty(rest);
  }

  /** Fills a bundle with what is held. */
  copyTo(holding: number, bundle: Bundle, columns: number): void {
    for (let column = 0; column < columns; column++) {
      bundle.amounts[column] = this.amounts[column]?.[holding] ?? 0;
    }
    bundle.rest = this.rest[holding] as Resources;
  }

  /** Takes one out of its chain, and answers the chain's beginning. */
  drop(first: number, holding: number): number {
    const after = this.next[holding] as number;
    this.next[holding] = this.#free;
    this.#free = holding;
    for (const held of this.amounts) held[holding] = 0;
    this.rest[holding] = noResources;
    if (first === holding) return after;
    let before = first;
    while (this.next[before] !== holding) before = this.next[before] as number;
    this.next[before] = after;
    return first;
  }

  #append(): number {
    if (this.#rows === this.client.length) {
      const capacity = 2 * this.#rows;
      this.client = grownIntegers(this.client, capacity);
      this.next = grownIntegers(this.next, capacity);
      for (const [column, held] of this.amounts.entries()) this.amounts[column] = grownFloats(held, capacity);
    }
    this.rest[this.#rows] = noResources;
    return this.#rows++;
  }
}
