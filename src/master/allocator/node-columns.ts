import { AmountTable } from "./amount-table.ts";
import { grownBytes, grownFloats, grownIntegers } from "./column.ts";
import { OrderKeys } from "./order-keys.ts";
import type { ScalarNames } from "./scalar-names.ts";

/** What is known of each node of the role tree. */
export class NodeColumns {
  path: string[] = [];
  /** What it holds, by scalar. */
  readonly allocated: AmountTable;
  readonly order = new OrderKeys();
  parent = new Int32Array(16);
  /** Where it stands in its parent's heap, or −1. */
  place = new Int32Array(16);
  /** Of a leaf, whether it wants offers; of others, how many children do. */
  wanting = new Int32Array(16);
  weight = new Float64Array(16);
  arrival = new Float64Array(16);
  /** Of nodes with children: the rank that had the last turn. */
  clock = new Float64Array(16);
  /** 1: the heap is to be made anew; 2: the order of names as well. */
  unsorted = new Uint8Array(16);
  #vacant: number[] = [];

  constructor(names: ScalarNames) {
    this.allocated = new AmountTable(names);
  }

  get capacity(): number {
    return this.parent.length;
  }

  copyFrom(other: NodeColumns): void {
    this.path = [...other.path];
    this.allocated.copyFrom(other.allocated);
    this.parent = other.parent.slice();
    this.place = other.place.slice();
    this.wanting = other.wanting.slice();
    this.order.copyFrom(other.order);
    this.weight = other.weight.slice();
    this.arrival = other.arrival.slice();
    this.clock = other.clock.slice();
    this.unsorted = other.unsorted.slice();
    this.#vacant = [...other.#vacant];
  }

  open(path: string): number {
    const node = this.#vacant.pop() ?? this.path.length;
    if (node === this.capacity) this.#grow(2 * node);
    this.path[node] = path;
    this.place[node] = -1;
    this.weight[node] = 1;
    for (const column of [this.wanting, this.arrival, this.clock, this.unsorted]) column[node] = 0;
    this.order.clear(node);
    this.allocated.clear(node);
    return node;
  }

  close(node: number): void {
    this.path[node] = "";
    this.#vacant.push(node);
  }

  #grow(capacity: number): void {
    this.parent = grownIntegers(this.parent, capacity);
    this.place = grownIntegers(this.place, capacity);
    this.wanting = grownIntegers(this.wanting, capacity);
    this.order.grow(capacity);
    this.weight = grownFloats(this.weight, capacity);
    this.arrival = grownFloats(this.arrival, capacity);
    this.clock = grownFloats(this.clock, capacity);
    this.unsorted = grownBytes(this.unsorted, capacity);
    this.allocated.grow(capacity);
  }
}
