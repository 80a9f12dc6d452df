import type { Prng } from "../../base/prng.ts";
import type { FrameworkId } from "../../protocol/ids.ts";
import type { NodeColumns } from "./node-columns.ts";
import type { Contender } from "./policy.ts";
import type { ScalarNames } from "./scalar-names.ts";

/** A node of the role tree as a policy sees it: one object, which is moved from node to node. */
export class Standing implements Contender {
  node = 0;
  frameworkId: FrameworkId | undefined;
  readonly random: () => number;
  readonly allocated: (resource: string) => number;
  readonly #nodes: NodeColumns;
  readonly #names: ScalarNames;
  readonly #totals: Float64Array;

  constructor(nodes: NodeColumns, names: ScalarNames, totals: Float64Array, random: Prng) {
    this.#nodes = nodes;
    this.#names = names;
    this.#totals = totals;
    // Not methods: authors take contenders apart.
    this.random = () => random.unit();
    this.allocated = (resource) => {
      const column = names.find(resource);
      return column < 0 ? 0 : nodes.allocated.get(this.node, column);
    };
  }

  get name(): string {
    return this.#nodes.path[this.node] as string;
  }

  get weight(): number {
    return this.#nodes.weight[this.node] as number;
  }

  get arrival(): number {
    return this.#nodes.arrival[this.node] as number;
  }

  get lastTurn(): number {
    return this.#nodes.clock[this.#nodes.parent[this.node] as number] as number;
  }

  get rank(): number {
    return this.#nodes.order.get(this.node, "rank");
  }

  get share(): number {
    const { allocated } = this.#nodes;
    let share = 0;
    for (let column = 0; column < this.#names.size; column++) {
      const total = this.#totals[column] as number;
      if (total === 0) continue;
      const part = allocated.get(this.node, column) / total;
      if (part > share) share = part;
    }
    return share;
  }
}
