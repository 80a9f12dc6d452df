import type { Quantities } from "../../protocol/quantities.ts";
import { amountsOf } from "../../protocol/quantities.ts";
import type { Resources } from "../../protocol/resources.ts";
import type { Bundle, ScalarNames } from "./scalar-names.ts";

type Needed = { readonly name: string; readonly column: number; readonly amount: number };

/** Amounts of which all of one list must be there: what is less is not worth an offer. Without lists everything is. */
export class Minimum {
  readonly #lists: readonly (readonly Needed[])[];

  constructor(lists: readonly Quantities[], names: ScalarNames) {
    this.#lists = lists.map((list) =>
      Object.entries(list).map(([name, amount]) => ({ name, column: names.add(name), amount })),
    );
  }

  isMetBy(bundle: Bundle): boolean {
    return this.#lists.length === 0 || this.#lists.some((list) => list.every((needed) => hasEnough(bundle, needed)));
  }
}

/** Reserved scalars count, and of ranges and sets how many there are. */
function hasEnough({ amounts, rest }: Bundle, { name, column, amount }: Needed): boolean {
  const plain = column < 0 ? 0 : (amounts[column] as number);
  return plain >= amount || plain + amountOf(rest, name) >= amount;
}

function amountOf(rest: Resources, name: string): number {
  return amountsOf(rest)[name] ?? 0;
}
