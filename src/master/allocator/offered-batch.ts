import type { Resources } from "../../protocol/resources.ts";
import { noResources } from "../../protocol/resources.ts";
import type { Client, OfferedRow, OfferedRows } from "./protocol.ts";
import type { Bundle, ScalarNames } from "./scalar-names.ts";

/** Rows in one batch: about 30 bytes each without ranges, well within an envelope. */
export const batchRowsMax = 2_048;

/** A batch that is being written. */
export class BatchWriter {
  readonly #names: ScalarNames;
  readonly #full: (batch: OfferedRows) => void;
  #accounts: number[] = [];
  #clients: Client[] = [];
  #to: number[] = [];
  #amounts: number[][] = [];
  #rests: Resources[] = [];
  #rest: number[] = [];
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
    this.#accounts.push(account);
    this.#to.push(this.#indexOf(leaf, client));
    for (let column = 0; column < this.#names.size; column++) {
      const written = this.#amounts[column];
      if (written === undefined) this.#amounts[column] = [...zeros(this.#to.length - 1), amounts[column] as number];
      else written.push(amounts[column] as number);
    }
    if (rest !== this.#latest) {
      this.#latestAt = rest === noResources ? -1 : this.#restIndexOf(rest);
      this.#latest = rest;
    }
    this.#rest.push(this.#latestAt);
    if (this.#accounts.length === batchRowsMax) this.flush();
  }

  flush(): void {
    if (this.#accounts.length === 0) return;
    const names = this.#names.list.slice(0, this.#amounts.length);
    this.#full({
      accounts: this.#accounts,
      clients: this.#clients,
      to: this.#to,
      names,
      amounts: this.#amounts,
      rests: this.#rests,
      rest: this.#rest,
    });
    this.#accounts = [];
    this.#clients = [];
    this.#leaves = [];
    this.#to = [];
    this.#amounts = [];
    this.#rests = [];
    this.#rest = [];
    this.#restAt.clear();
    this.#latest = noResources;
    this.#latestAt = -1;
  }

  #indexOf(leaf: number, client: Client): number {
    const known = this.#clientAt[leaf] ?? 0;
    if (this.#leaves[known] === leaf) return known;
    const { frameworkId, role } = client;
    this.#clientAt[leaf] = this.#clients.length;
    this.#leaves.push(leaf);
    return this.#clients.push({ frameworkId, role }) - 1;
  }

  #restIndexOf(rest: Resources): number {
    const known = this.#restAt.get(rest);
    if (known !== undefined) return known;
    this.#restAt.set(rest, this.#rests.length);
    return this.#rests.push(rest) - 1;
  }
}

/** A batch row by row. */
export function* rowsOf(batch: OfferedRows): Generator<OfferedRow> {
  const { accounts, clients, to, names, amounts, rests, rest } = batch;
  for (const [row, account] of accounts.entries()) {
    const { frameworkId, role } = clients[to[row] as number] as Client;
    const resources: Record<string, Resources[string]> = {};
    for (const [column, name] of names.entries()) {
      const amount = amounts[column]?.[row] as number;
      if (amount > 0) resources[name] = amount;
    }
    yield { account, frameworkId, role, resources: Object.assign(resources, rests[rest[row] as number]) };
  }
}

function zeros(count: number): readonly number[] {
  return new Array<number>(count).fill(0);
}
