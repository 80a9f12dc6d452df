import type { Resources } from "../../protocol/resources.ts";
import { noResources } from "../../protocol/resources.ts";
import type { Client, OfferedRow, OfferedRows } from "./protocol.ts";
import type { Bundle, ScalarNames } from "./scalar-names.ts";

export const batchRowsMax = 2_048;
/** Numbers in one batch, which are 256 KiB: with more than 13 kinds of scalars there are fewer rows in it. */
const batchNumbersMax = 32_768;
/** Columns that stand before those of the scalars: accounts, clients, and what is no scalar. */
const headColumns = 3;

/** A batch that is being written. */
export class BatchWriter {
  readonly #names: ScalarNames;
  readonly #full: (batch: OfferedRows) => void;
  #rows = 0;
  readonly #accounts = emptyColumn();
  readonly #to = emptyColumn();
  readonly #rest = emptyColumn();
  readonly #amounts: Float64Array[] = [];
  #clients: Client[] = [];
  #rests: Resources[] = [];
  /** The numbers of its clients, and where each stands; of others, where they stood in an earlier batch. */
  #leaves: number[] = [];
  readonly #clientAt: number[] = [];
  readonly #restAt = new Map<Resources, number>();
  #latest: Resources = noResources;
  #latestAt = -1;

  constructor(names: ScalarNames, full: (batch: OfferedRows) => void) {
    this.#names = names;
    this.#full = full;
  }

  /** `leaf`: the client's number; `client`: who that is. */
  write(account: number, leaf: number, client: Client, { amounts, rest }: Bundle): void {
    const row = this.#rows++;
    const columns = this.#names.size;
    this.#accounts[row] = account;
    this.#to[row] = this.#indexOf(leaf, client);
    // One that comes while a batch is being written is of zeros so far.
    while (this.#amounts.length < columns) this.#amounts.push(emptyColumn());
    for (let column = 0; column < columns; column++) {
      (this.#amounts[column] as Float64Array)[row] = amounts[column] as number;
    }
    if (rest !== this.#latest) {
      this.#latestAt = rest === noResources ? -1 : this.#restIndexOf(rest);
      this.#latest = rest;
    }
    this.#rest[row] = this.#latestAt;
    if (this.#rows === batchRowsMax || (this.#rows + 1) * (headColumns + columns) > batchNumbersMax) this.flush();
  }

  flush(): void {
    if (this.#rows === 0) return;
    this.#full({
      rows: this.#rows,
      clients: this.#clients,
      rests: this.#rests,
      names: this.#names.list.slice(0, this.#amounts.length),
      columns: packed([this.#accounts, this.#to, this.#rest, ...this.#amounts], this.#rows),
    });
    this.#rows = 0;
    this.#clients = [];
    this.#leaves = [];
    this.#rests = [];
    this.#restAt.clear();
    this.#latest = noResources;
    this.#latestAt = -1;
  }

  #indexOf(leaf: number, client: Client): number {
    const known = this.#clientAt[leaf] ?? 0;
    if (this.#leaves[known] === leaf) return known;
    this.#clientAt[leaf] = this.#clients.length;
    this.#leaves.push(leaf);
    return this.#clients.push(client) - 1;
  }

  #restIndexOf(rest: Resources): number {
    const known = this.#restAt.get(rest);
    if (known !== undefined) return known;
    this.#restAt.set(rest, this.#rests.length);
    return this.#rests.push(rest) - 1;
  }
}

/** A batch row by row. */
export function* rowsOf({ rows, clients, rests, names, columns }: OfferedRows): Generator<OfferedRow> {
  // A copy: what came with a message may begin at any byte.
  const numbers = new Float64Array(new Uint8Array(columns).buffer);
  const at = (column: number, row: number) => numbers[column * rows + row] as number;
  for (let row = 0; row < rows; row++) {
    const { frameworkId, role } = clients[at(1, row)] as Client;
    const resources: Record<string, Resources[string]> = {};
    for (const [column, name] of names.entries()) {
      const amount = at(headColumns + column, row);
      if (amount > 0) resources[name] = amount;
    }
    yield { account: at(0, row), frameworkId, role, resources: Object.assign(resources, rests[at(2, row)]) };
  }
}

function emptyColumn(): Float64Array {
  return new Float64Array(batchRowsMax);
}

function packed(columns: readonly Float64Array[], rows: number): Uint8Array {
  const numbers = new Float64Array(columns.length * rows);
  for (const [column, values] of columns.entries()) numbers.set(values.subarray(0, rows), column * rows);
  return new Uint8Array(numbers.buffer);
}
