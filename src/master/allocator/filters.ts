import { IndexedHeap } from "../../base/indexed-heap.ts";
import { contains, noResources, type Resources } from "../../protocol/resources.ts";
import { grownFloats, grownIntegers } from "./column.ts";
import type { Bundle } from "./scalar-names.ts";

const expiryStepMs = 10;

/** When a filter ends that is asked for until then: at the next hundredth of a second, so that declines of one moment are one group. */
export function filterEndMs(untilMs: number): number {
  return Math.ceil(untilMs / expiryStepMs) * expiryStepMs;
}

/** Groups of a client that another decline may join: as many kinds of slaves may take turns. */
const latestMax = 4;

/** Slaves that may come before a column is made longer. */
const spareRows = 1_024;

/** In a group's `only`: no slave, or several. */
const nobody = -1;
const several = -2;

/**
 * Declines that hide a slave from a client for a time: while nothing more is free there than was refused (paper §3.5).
 *
 * A decline of many slaves alike is one group {client, expiry, refused}, and each client has a column with the number of the
 * group for each slave, 0 for none. So a filter takes four bytes, and ten million of them forty megabytes.
 */
export class Filters {
  /** Unexpired filters, by client. */
  readonly active: number[] = [];
  #columns: (Int32Array | undefined)[] = [];
  /** The groups that each client has begun last, the newest first. */
  readonly #latest: number[][] = [];
  /** Group 0 is nobody's. */
  #height = 1;
  readonly #vacant: number[] = [];
  #expiryMs = new Float64Array(16);
  #client = new Int32Array(16);
  #size = new Int32Array(16);
  /** The one slave row of a group, or `several`. */
  #only = new Int32Array(16);
  #amounts: Float64Array[] = [];
  #rest: Resources[] = [];
  readonly places = { place: new Int32Array(16) };
  readonly #byExpiry = new IndexedHeap((a, b) => {
    const difference = (this.#expiryMs[a] as number) - (this.#expiryMs[b] as number);
    return difference < 0 || (difference === 0 && a < b);
  }, this.places);

  /** When the next filter expires; infinite when there is none. */
  get nextExpiryMs(): number {
    const { first } = this.#byExpiry;
    return first < 0 ? Number.POSITIVE_INFINITY : (this.#expiryMs[first] as number);
  }

  /** A later refusal of the same slave replaces the earlier one. `rows`: how many rows there may be. */
  refuse(client: number, row: number, refused: Bundle, columns: number, untilMs: number, rows: number): void {
    const column = this.#columnOf(client, rows);
    this.#drop(client, column, row);
    const endMs = filterEndMs(untilMs);
    const group = this.#alike(client, refused, columns, endMs) ?? this.#open(client, refused, columns, endMs);
    this.#only[group] = this.#size[group] === 0 ? row : several;
    this.#size[group] = (this.#size[group] as number) + 1;
    this.active[client] = (this.active[client] ?? 0) + 1;
    column[row] = group;
  }

  /** Whether the client has refused as much of the slave, and until when; 0 when it has not. */
  hiddenUntilMs(client: number, row: number, offered: Bundle, columns: number, nowMs: number): number {
    const group = this.#columns[client]?.[row] ?? 0;
    if (group === 0) return 0;
    const untilMs = this.#expiryMs[group] as number;
    if (untilMs <= nowMs) return 0;
    for (let column = 0; column < columns; column++) {
      if ((offered.amounts[column] as number) > (this.#amounts[column]?.[group] ?? 0)) return 0;
    }
    const refused = this.#rest[group] as Resources;
    return offered.rest === refused || contains(refused, offered.rest) ? untilMs : 0;
  }

  /** Forgets what has expired, and names each slave row that was hidden by it. */
  expire(nowMs: number, shown: (row: number) => void): void {
    const ofClients = new Map<number, boolean>();
    while (this.nextExpiryMs <= nowMs) {
      const group = this.#byExpiry.first;
      const client = this.#client[group] as number;
      const only = this.#only[group] as number;
      const column = this.#columns[client];
      if (only === several) ofClients.set(client, true);
      else if (only !== nobody && column !== undefined && column[only] === group) {
        column[only] = 0;
        shown(only);
      }
      if (only !== several) this.#close(group);
      else {
        this.#byExpiry.remove(group);
        this.#size[group] = -(this.#size[group] as number);
      }
    }
    for (const client of ofClients.keys()) this.#sweep(client, shown);
  }

  /** Forgets the declines of a client, as REVIVE does: of one slave, or of all. */
  revive(client: number, row?: number): void {
    const column = this.#columns[client];
    if (column === undefined) return;
    if (row !== undefined) return this.#drop(client, column, row);
    for (let each = 0; each < column.length; each++) this.#drop(client, column, each);
    this.#columns[client] = undefined;
  }

  removeClient(client: number): void {
    this.revive(client);
    this.#latest[client] = [];
  }

  removeSlave(row: number): void {
    for (const [client, column] of this.#columns.entries()) if (column !== undefined) this.#drop(client, column, row);
  }

  /**
   * Knows the same as another, for who only asks, and no longer than this turn: they share their columns. `without`: clients
   * whose declines are not taken over.
   */
  borrow(other: Filters, without: ReadonlySet<number>): this {
    this.#columns = other.#columns.map((column, client) => (without.has(client) ? undefined : column));
    this.#expiryMs = other.#expiryMs;
    this.#amounts = other.#amounts;
    this.#rest = other.#rest;
    return this;
  }

  #columnOf(client: number, rows: number): Int32Array {
    const column = this.#columns[client] ?? new Int32Array(rows + spareRows);
    const wide = column.length < rows ? grownIntegers(column, rows + spareRows) : column;
    this.#columns[client] = wide;
    return wide;
  }

  #alike(client: number, refused: Bundle, columns: number, untilMs: number): number | undefined {
    for (const group of this.#latest[client] ?? []) {
      if (this.#isAlike(group, client, refused, columns, untilMs)) return group;
    }
    return undefined;
  }

  #isAlike(group: number, client: number, refused: Bundle, columns: number, untilMs: number): boolean {
    if (this.#client[group] !== client || (this.#size[group] as number) <= 0) return false;
    if (this.#expiryMs[group] !== untilMs || this.#rest[group] !== refused.rest) return false;
    for (let column = 0; column < columns; column++) {
      if ((this.#amounts[column]?.[group] ?? 0) !== refused.amounts[column]) return false;
    }
    return true;
  }

  #open(client: number, refused: Bundle, columns: number, untilMs: number): number {
    const group = this.#vacant.pop() ?? this.#height++;
    if (group === this.#client.length) this.#grow(2 * group);
    while (this.#amounts.length < columns) this.#amounts.push(new Float64Array(this.#client.length));
    for (const [column, amounts] of this.#amounts.entries()) amounts[group] = refused.amounts[column] as number;
    this.#client[group] = client;
    this.#expiryMs[group] = untilMs;
    this.#rest[group] = refused.rest;
    this.#size[group] = 0;
    this.#only[group] = nobody;
    this.#byExpiry.insert(group);
    this.#latest[client] = [group, ...(this.#latest[client] ?? []).slice(0, latestMax - 1)];
    return group;
  }

  #close(group: number): void {
    const client = this.#client[group] as number;
    if ((this.places.place[group] as number) >= 0) this.#byExpiry.remove(group);
    this.active[client] = (this.active[client] as number) - (this.#size[group] as number);
    this.#size[group] = 0;
    this.#client[group] = nobody;
    this.#rest[group] = noResources;
    this.#vacant.push(group);
  }

  #drop(client: number, column: Int32Array, row: number): void {
    const group = column[row] ?? 0;
    if (group === 0) return;
    column[row] = 0;
    this.active[client] = (this.active[client] as number) - 1;
    this.#size[group] = (this.#size[group] as number) - 1;
    if (this.#size[group] === 0) this.#close(group);
  }

  /** Takes the expired groups of a client out of its column. Those have sizes below zero meanwhile. */
  #sweep(client: number, shown: (row: number) => void): void {
    const column = this.#columns[client] as Int32Array;
    for (let row = 0; row < column.length; row++) {
      const group = column[row] as number;
      if (group === 0 || (this.#size[group] as number) >= 0) continue;
      column[row] = 0;
      shown(row);
      this.active[client] = (this.active[client] as number) - 1;
      this.#size[group] = (this.#size[group] as number) + 1;
      if (this.#size[group] === 0) this.#close(group);
    }
  }

  #grow(capacity: number): void {
    this.#expiryMs = grownFloats(this.#expiryMs, capacity);
    this.#client = grownIntegers(this.#client, capacity);
    this.#size = grownIntegers(this.#size, capacity);
    this.#only = grownIntegers(this.#only, capacity);
    this.places.place = grownIntegers(this.places.place, capacity);
    for (const [column, amounts] of this.#amounts.entries()) this.#amounts[column] = grownFloats(amounts, capacity);
  }
}
