import type { Quantities } from "../../protocol/quantities.ts";
import { amountIn, amountsOf } from "../../protocol/quantities.ts";
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
    for (const list of this.#lists) if (covers(bundle, list)) return true;
    return this.#lists.length === 0;
  }
}

/** Reserved scalars count, and of ranges and sets how many there are. */
function covers({ amounts, rest }: Bundle, list: readonly Needed[]): boolean {
  for (const { name, column, amount } of list) {
    const plain = column < 0 ? 0 : (amounts[column] as number);
    if (plain < amount && plain + amountIn(amountsOf(rest), name) < amount) return false;
  }
  return true;
}
