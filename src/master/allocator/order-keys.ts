import { grownFloats } from "./column.ts";

/** In the order in which they decide. */
const keys = ["rank", "secondRank", "allocations", "name"] as const;

export type OrderKey = (typeof keys)[number];

const width = keys.length;
const at: { readonly [Key in OrderKey]: number } = { rank: 0, secondRank: 1, allocations: 2, name: 3 };

/**
 * What decides between nodes of the role tree that stand side by side: of the first key that differs, the lower. The last is
 * the place of a node's name among its siblings'. Those of one node are next to each other, as they are compared together.
 */
export class OrderKeys {
  #values = new Float64Array(16 * width);

  copyFrom(other: OrderKeys): void {
    this.#values = other.#values.slice();
  }

  get(node: number, key: OrderKey): number {
    return this.#values[node * width + at[key]] as number;
  }

  set(node: number, key: OrderKey, value: number): void {
    this.#values[node * width + at[key]] = value;
  }

  readonly before = (a: number, b: number): boolean => {
    const values = this.#values;
    const ofA = a * width;
    const ofB = b * width;
    for (let key = 0; key < width; key++) {
      const difference = (values[ofA + key] as number) - (values[ofB + key] as number);
      if (difference !== 0) return difference < 0;
    }
    return false;
  };

  clear(node: number): void {
    this.#values.fill(0, node * width, (node + 1) * width);
  }

  grow(nodes: number): void {
    this.#values = grownFloats(this.#values, nodes * width);
  }
}
