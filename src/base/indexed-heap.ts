/** Where each item stands in its heap, or −1; shared by heaps that never hold the same item. */
export type Places = { readonly place: Int32Array };

/**
 * A binary min-heap of small numbers that knows where each of them is, so that one whose order has changed can be moved, and
 * any one removed. `before` must be a total order.
 */
export class IndexedHeap {
  readonly items: number[] = [];
  readonly #before: (a: number, b: number) => boolean;
  readonly #places: Places;

  constructor(before: (a: number, b: number) => boolean, places: Places) {
    this.#before = before;
    this.#places = places;
  }

  /** The least item, or −1. */
  get first(): number {
    return this.items[0] ?? -1;
  }

  insert(item: number): void {
    this.#places.place[item] = this.items.length;
    this.items.push(item);
    this.#rise(item);
  }

  remove(item: number): void {
    const { place } = this.#places;
    const vacated = place[item] as number;
    const last = this.items.pop() as number;
    place[item] = -1;
    if (last === item) return;
    this.items[vacated] = last;
    place[last] = vacated;
    this.moved(last);
  }

  /** Brings an item to where it belongs now; nothing when it is in no heap. */
  moved(item: number): void {
    if (this.#places.place[item] === -1) return;
    if (!this.#rise(item)) this.#sink(item);
  }

  /** Holds these alone from now on. */
  refill(items: readonly number[]): void {
    const { place } = this.#places;
    for (const item of this.items) place[item] = -1;
    this.items.length = 0;
    for (const item of items) this.insert(item);
  }

  /** Whether it stands higher now. */
  #rise(item: number): boolean {
    const { place } = this.#places;
    const items = this.items;
    const from = place[item] as number;
    let hole = from;
    while (hole > 0) {
      const above = items[(hole - 1) >> 1] as number;
      if (!this.#before(item, above)) break;
      items[hole] = above;
      place[above] = hole;
      hole = (hole - 1) >> 1;
    }
    items[hole] = item;
    place[item] = hole;
    return hole < from;
  }

  /**
   * Down to the bottom first and up from there: who sinks has just been given something, and belongs far down. That is half
   * the comparisons.
   */
  #sink(item: number): void {
    const { place } = this.#places;
    const items = this.items;
    const end = items.length;
    const top = place[item] as number;
    let hole = top;
    for (let child = 2 * hole + 1; child < end; child = 2 * hole + 1) {
      if (child + 1 < end && this.#before(items[child + 1] as number, items[child] as number)) child++;
      const below = items[child] as number;
      items[hole] = below;
      place[below] = hole;
      hole = child;
    }
    while (hole > top) {
      const above = items[(hole - 1) >> 1] as number;
      if (!this.#before(item, above)) break;
      items[hole] = above;
      place[above] = hole;
      hole = (hole - 1) >> 1;
    }
    items[hole] = item;
    place[item] = hole;
  }
}
