import { isEmpty, noResources, type Resources } from "../../protocol/resources.ts";

/** Kinds of scalars that have a column. Those of later kinds are kept beside the columns, and count for no share. */
const namesMax = 64;

/** Which column an unreserved scalar of this name is kept in. Columns are given out in the order in which names come. */
export class ScalarNames {
  readonly #columns = new Map<string, number>();
  readonly list: string[] = [];
  readonly #tables: { widen(columns: number): void }[] = [];

  /** Tells a table that has a column for each name, now and whenever a name comes, how many it has to have. */
  widens(table: { widen(columns: number): void }): void {
    this.#tables.push(table);
    table.widen(this.size);
  }

  get size(): number {
    return this.list.length;
  }

  /** −1 when nothing of this name has been seen. */
  find(name: string): number {
    return this.#columns.get(name) ?? -1;
  }

  /** The column of the name, which is added if there is room; −1 when there is none. */
  add(name: string): number {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    if (this.list.length === namesMax) return -1;
    this.#columns.set(name, this.list.length);
    this.list.push(name);
    for (const table of this.#tables) table.widen(this.size);
    return this.list.length - 1;
  }
}

/** Amounts by column, and beside them whatever has none: ranges, sets, and everything that is reserved. */
export class Bundle {
  readonly amounts = new Float64Array(namesMax);
  rest: Resources = noResources;

  /** Takes over what these resources are made of. */
  read(resources: Resources, names: ScalarNames): this {
    this.amounts.fill(0, 0, names.size);
    let rest: Record<string, Resources[string]> | undefined;
    for (const name of Object.keys(resources)) {
      const quantity = resources[name] as Resources[string];
      const column = typeof quantity === "number" && isPlain(name) ? names.add(name) : -1;
      if (column >= 0) this.amounts[column] = quantity as number;
      else {
        rest ??= {};
        rest[name] = quantity;
      }
    }
    this.rest = rest === undefined ? noResources : alike(rest);
    return this;
  }

  copyFrom(other: Bundle, names: ScalarNames): void {
    for (let column = 0; column < names.size; column++) this.amounts[column] = other.amounts[column] as number;
    this.rest = other.rest;
  }

  isEmpty(names: ScalarNames): boolean {
    for (let column = 0; column < names.size; column++) if ((this.amounts[column] as number) > 0) return false;
    return this.rest === noResources || isEmpty(this.rest);
  }

  /** The same as plain resources. */
  resources(names: ScalarNames): Resources {
    const resources: Record<string, Resources[string]> = {};
    for (let column = 0; column < names.size; column++) {
      const amount = this.amounts[column] as number;
      if (amount > 0) resources[names.list[column] as string] = amount;
    }
    return this.rest === noResources ? resources : Object.assign(resources, this.rest);
  }
}

function isPlain(name: string): boolean {
  return !name.includes("(");
}

/**
 * One object for all that are equal: most slaves have the same ports, and comparing them is then one look. When too many
 * different ones have been seen they are all forgotten, which costs comparisons and nothing else.
 */
function alike(rest: Resources): Resources {
  const key = JSON.stringify(rest);
  const known = rests.get(key);
  if (known !== undefined) return known;
  if (rests.size === restsMax) rests.clear();
  rests.set(key, rest);
  return rest;
}

const rests = new Map<string, Resources>();
const restsMax = 65_536;
