import { Heap } from "../../base/heap.ts";
import type { IndexedHeap } from "../../base/indexed-heap.ts";
import type { Client } from "./role-tree.ts";

type Level = { readonly heap: readonly number[]; readonly ahead: Heap<number> };

/** What a walk goes through. */
type Grove = {
  readonly heaps: readonly IndexedHeap[];
  readonly clients: readonly (Client | undefined)[];
  readonly before: (a: number, b: number) => boolean;
};

/**
 * The leaves below a node in order, found as far as they are asked for. The tree must not change meanwhile. Most of what a
 * pass looks at may be hidden from everybody: then one walk serves slave after slave.
 */
export class Walk {
  /** Every node that has had its turn so far, a role before what is below it. */
  readonly visited: number[] = [];
  readonly #grove: Grove;
  readonly #levels: Level[] = [];
  readonly #leaves: number[] = [];

  constructor(grove: Grove, from: number) {
    this.#grove = grove;
    this.#enter(from);
  }

  /** The leaf of this place in the order, or −1. */
  leaf(index: number): number {
    while (index >= this.#leaves.length) if (!this.#find()) return -1;
    return this.#leaves[index] as number;
  }

  /** Goes on to the next leaf, if there is one. */
  #find(): boolean {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const place = level.ahead.pop();
      if (place === undefined) {
        this.#levels.pop();
        continue;
      }
      for (const below of [2 * place + 1, 2 * place + 2]) if (below < level.heap.length) level.ahead.push(below);
      const node = level.heap[place] as number;
      this.visited.push(node);
      if (this.#grove.clients[node] === undefined) this.#enter(node);
      else return this.#leaves.push(node) > 0;
    }
    return false;
  }

  #enter(node: number): void {
    const heap = this.#grove.heaps[node]?.items ?? [];
    const ahead = new Heap<number>((a, b) => this.#grove.before(heap[a] as number, heap[b] as number));
    if (heap.length > 0) ahead.push(0);
    this.#levels.push({ heap, ahead });
  }
}
