import { invariant } from "../../base/invariant.ts";
import type { SlaveId } from "../../protocol/ids.ts";
import { noResources, type Resources } from "../../protocol/resources.ts";
import { type Blocker, blockers } from "./blocker.ts";
import { grownBytes, grownFloats, grownIntegers } from "./column.ts";
import { none } from "./holdings.ts";
import type { Minimum } from "./minimum.ts";
import type { ScalarNames } from "./scalar-names.ts";

/** What does not change while the account is open. */
export type SlaveFacts = {
  readonly slaveId: SlaveId;
  /** Number of this account of the slave: the rows made from it carry it. */
  readonly account: number;
  readonly hostname: string;
  readonly attributes: { readonly [name: string]: string };
  /** As long as less than this is free on it, nothing of it is offered. */
  readonly minimum?: Minimum;
  /** How long a task may take on this part of the slave. */
  readonly maxTaskMs?: number;
};

/** Accounts of slaves as rows: what each has and what of it is free, a column for each kind of scalar. */
export class SlaveRows {
  total: Float64Array[] = [];
  free: Float64Array[] = [];
  /** What has no column. */
  totalRest: Resources[] = [];
  freeRest: Resources[] = [];
  facts: (SlaveFacts | undefined)[] = [];
  account = new Float64Array(16);
  active = new Uint8Array(16);
  /** Whether there is a least that may be offered of it. */
  limited = new Uint8Array(16);
  firstHolding = new Int32Array(16);
  /** Whether something of it is reserved. */
  reserved = new Uint8Array(16);
  /** Whether it has gpus. */
  gpus = new Uint8Array(16);
  /** Why what is free of it was left, by the last look at it. */
  #blocker = new Uint8Array(16);
  #blocked = new Int32Array(16);
  #rowOf = new Map<number, number>();
  #vacant: number[] = [];

  constructor(names: ScalarNames) {
    names.widens(this);
  }

  /** Rows that are or were in use: every row is below. */
  get height(): number {
    return this.facts.length;
  }

  get size(): number {
    return this.#rowOf.size;
  }

  /** The row of an account, or undefined. */
  row(account: number): number | undefined {
    return this.#rowOf.get(account);
  }

  has(row: number): boolean {
    return this.facts[row] !== undefined;
  }

  fact(row: number): SlaveFacts {
    const facts = this.facts[row];
    invariant(facts !== undefined, () => `row ${row} has no slave`);
    return facts;
  }

  open(facts: SlaveFacts, active: boolean): number {
    invariant(!this.#rowOf.has(facts.account), () => `account ${facts.account} is open`);
    const row = this.#vacant.pop() ?? this.#append();
    this.facts[row] = facts;
    this.#rowOf.set(facts.account, row);
    this.account[row] = facts.account;
    this.active[row] = active ? 1 : 0;
    this.limited[row] = facts.minimum === undefined ? 0 : 1;
    this.firstHolding[row] = none;
    this.reserved[row] = 0;
    this.totalRest[row] = noResources;
    this.freeRest[row] = noResources;
    return row;
  }

  close(row: number): void {
    this.#rowOf.delete(this.fact(row).account);
    this.facts[row] = undefined;
    this.active[row] = 0;
    for (const column of this.total) column[row] = 0;
    for (const column of this.free) column[row] = 0;
    this.#vacant.push(row);
  }

  /** Whether something of it can be offered. */
  isOpen(row: number): boolean {
    const { free } = this;
    if (this.active[row] === 0) return false;
    for (let column = 0; column < free.length; column++)
      if (((free[column] as Float64Array)[row] as number) > 0) return true;
    return this.freeRest[row] !== noResources;
  }

  /** `leaf`: whom it would have gone to, or −1. */
  leave(row: number, why: Blocker, leaf: number): void {
    this.#blocker[row] = blockers.indexOf(why);
    this.#blocked[row] = leaf;
  }

  /** Index among the blockers. */
  leftCode(row: number): number {
    return this.#blocker[row] as number;
  }

  leftTo(row: number): number {
    return this.#blocked[row] as number;
  }

  copyFrom(other: SlaveRows): void {
    this.total = other.total.map((column) => column.slice());
    this.free = other.free.map((column) => column.slice());
    this.totalRest = [...other.totalRest];
    this.freeRest = [...other.freeRest];
    this.facts = [...other.facts];
    this.account = other.account.slice();
    this.active = other.active.slice();
    this.limited = other.limited.slice();
    this.gpus = other.gpus.slice();
    this.firstHolding = other.firstHolding.slice();
    this.reserved = other.reserved.slice();
    this.#blocker = other.#blocker.slice();
    this.#blocked = other.#blocked.slice();
    this.#rowOf = new Map(other.#rowOf);
    this.#vacant = [...other.#vacant];
  }

  widen(columns: number): void {
    while (this.total.length < columns) {
      this.total.push(new Float64Array(this.active.length));
      this.free.push(new Float64Array(this.active.length));
    }
  }

  #append(): number {
    const row = this.facts.length;
    if (row === this.active.length) {
      const capacity = 2 * row;
      this.account = grownFloats(this.account, capacity);
      this.active = grownBytes(this.active, capacity);
      this.limited = grownBytes(this.limited, capacity);
      this.reserved = grownBytes(this.reserved, capacity);
      this.gpus = grownBytes(this.gpus, capacity);
      this.#blocker = grownBytes(this.#blocker, capacity);
      this.#blocked = grownIntegers(this.#blocked, capacity);
      this.firstHolding = grownIntegers(this.firstHolding, capacity);
      for (const [column, totals] of this.total.entries()) this.total[column] = grownFloats(totals, capacity);
      for (const [column, free] of this.free.entries()) this.free[column] = grownFloats(free, capacity);
    }
    return row;
  }
}
