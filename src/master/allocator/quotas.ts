import type { Quantities } from "../../protocol/quantities.ts";
import type { Quota } from "../../protocol/quota.ts";
import { nameOf, reservationOf } from "../../protocol/reservation.ts";
import type { Resources } from "../../protocol/resources.ts";
import { topOf } from "../../protocol/role.ts";
import type { RoleTree } from "./role-tree.ts";
import type { Bundle, ScalarNames } from "./scalar-names.ts";

type Amounts = readonly (readonly [column: number, amount: number])[];
type Rule = { readonly role: string; readonly limits: Amounts; readonly guarantees: Amounts };

/**
 * What roles may hold at most and should hold at least, and what of it is taken: everything that is reserved to a role
 * counts as consumed by it, used or not, and so does whatever else it is allocated. Only roles at the top have quotas.
 */
export class Quotas {
  readonly #tree: RoleTree;
  readonly #names: ScalarNames;
  /** The number under which the master told them. */
  version = 0;
  #rules: readonly Rule[] = [];
  #limited = new Map<string, Rule>();
  /** By role at the top: all that is reserved to it or below, and how much of that is allocated. */
  readonly #reserved = new Map<string, Float64Array>();
  readonly #reservedHeld = new Map<string, Float64Array>();

  constructor(tree: RoleTree, names: ScalarNames) {
    this.#tree = tree;
    this.#names = names;
  }

  get any(): boolean {
    return this.#rules.length > 0;
  }

  set(quotas: { readonly [role: string]: Quota }, version: number): void {
    this.version = version;
    this.#rules = Object.keys(quotas)
      .sort()
      .map((role) => {
        const { limits, guarantees } = quotas[role] as Quota;
        return { role, limits: this.#amounts(limits), guarantees: this.#amounts(guarantees) };
      });
    this.#limited = new Map(this.#rules.filter(({ limits }) => limits.length > 0).map((rule) => [rule.role, rule]));
  }

  copyFrom(other: Quotas): void {
    this.#rules = other.#rules;
    this.#limited = new Map(other.#limited);
    for (const [role, sums] of other.#reserved) this.#reserved.set(role, sums.slice());
    for (const [role, sums] of other.#reservedHeld) this.#reservedHeld.set(role, sums.slice());
  }

  /** Takes the limits of a role at the top away. */
  unlimit(top: string): void {
    this.#limited.delete(top);
  }

  isLimited(role: string): boolean {
    return this.#limited.size > 0 && this.#limited.has(topOf(role));
  }

  /** Reservations of a slave that comes (1) or goes (−1). */
  slave(rest: Resources, sign: 1 | -1): void {
    count(this.#reserved, rest, this.#names, sign);
  }

  /** Reserved resources that are allocated (1) or given back (−1). */
  held(rest: Resources, sign: 1 | -1): void {
    count(this.#reservedHeld, rest, this.#names, sign);
  }

  /** Cuts plain scalars down to what the role's limits leave. True when something was cut. */
  cut(role: string, bundle: Bundle): boolean {
    const rule = this.#limited.get(topOf(role));
    let isCut = false;
    for (const [column, limit] of rule?.limits ?? []) {
      const left = Math.max(0, limit - this.#consumed(topOf(role), column));
      if ((bundle.amounts[column] as number) <= left) continue;
      bundle.amounts[column] = left;
      isCut = true;
    }
    return isCut;
  }

  /** Roles below their guarantees, those furthest below first. */
  below(): readonly { readonly role: string; readonly lacking: Quantities }[] {
    const found: { role: string; lacking: Record<string, number>; part: number }[] = [];
    for (const { role, guarantees } of this.#rules) {
      const lacking: Record<string, number> = {};
      let part = 1;
      for (const [column, guarantee] of guarantees) {
        const held = this.#allocated(role, column);
        if (held >= guarantee) continue;
        lacking[this.#names.list[column] as string] = guarantee - held;
        part = Math.min(part, held / guarantee);
      }
      if (part < 1) found.push({ role, lacking, part });
    }
    return found.sort((a, b) => a.part - b.part);
  }

  #consumed(top: string, column: number): number {
    const reserved = this.#reserved.get(top)?.[column] ?? 0;
    const reservedHeld = this.#reservedHeld.get(top)?.[column] ?? 0;
    return reserved + this.#allocated(top, column) - reservedHeld;
  }

  #allocated(role: string, column: number): number {
    const node = this.#tree.role(role);
    return node < 0 ? 0 : this.#tree.nodes.allocated.get(node, column);
  }

  #amounts(quantities: Quantities): Amounts {
    return Object.keys(quantities)
      .map((name) => [this.#names.add(name), quantities[name] as number] as const)
      .filter(([column]) => column >= 0);
  }
}

function count(sums: Map<string, Float64Array>, rest: Resources, names: ScalarNames, sign: 1 | -1): void {
  for (const key of Object.keys(rest)) {
    const quantity = rest[key];
    const role = reservationOf(key)?.role;
    const column = role === undefined || typeof quantity !== "number" ? -1 : names.add(nameOf(key));
    if (role === undefined || column < 0) continue;
    const sum = sums.get(topOf(role)) ?? new Float64Array(64);
    sums.set(topOf(role), sum);
    sum[column] = (sum[column] as number) + sign * (quantity as number);
  }
}
