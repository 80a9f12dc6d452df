import { amountIn, type Quantities } from "../protocol/quantities.ts";
import { add, noResources, type Resources, sum } from "../protocol/resources.ts";

/** Something that can be taken from a role: an offer, or a task. */
export type Holding<T> = {
  readonly of: T;
  /** At the top of the tree. */
  readonly role: string;
  /** The part of a slave that it is on. */
  readonly place: string;
  /** What its role has less without it. */
  readonly weight: Quantities;
  /** What would be free for others. */
  readonly yields: Resources;
};

/** What a role lacks, and where something that comes free is of any use to it. */
export type Claim = {
  readonly role: string;
  readonly lacking: Quantities;
  /** Whether it would take what is free of a place when this is free besides. */
  readonly takes: (place: string, besides: Resources) => boolean;
};

/** What every role has, beside what it is guaranteed. */
export class Surpluses {
  readonly #held: ReadonlyMap<string, Record<string, number>>;
  readonly #guarantees: ReadonlyMap<string, Quantities>;
  readonly #totals: Quantities;

  /** `held` is by role at the top of the tree, and is written to. `totals`: of the cluster. */
  constructor(
    held: ReadonlyMap<string, Record<string, number>>,
    guarantees: ReadonlyMap<string, Quantities>,
    totals: Quantities,
  ) {
    this.#held = held;
    this.#guarantees = guarantees;
    this.#totals = totals;
  }

  take(role: string, weight: Quantities, sign: 1 | -1 = 1): void {
    const held = this.#held.get(role);
    if (held === undefined) return;
    for (const name of Object.keys(weight)) held[name] = amountIn(held, name) - sign * (weight[name] as number);
  }

  /** Whether the role has all that it is guaranteed even without this. */
  spares(role: string, weight: Quantities): boolean {
    const held = this.#held.get(role) ?? {};
    const guarantee = this.#guarantees.get(role) ?? {};
    return Object.keys(guarantee).every(
      (name) => amountIn(held, name) - amountIn(weight, name) >= (guarantee[name] as number),
    );
  }

  /** Its greatest surplus, as a part of the cluster. */
  share(role: string): number {
    const guarantee = this.#guarantees.get(role) ?? {};
    let share = 0;
    for (const [name, amount] of Object.entries(this.#held.get(role) ?? {})) {
      const total = amountIn(this.#totals, name);
      if (total > 0) share = Math.max(share, (amount - amountIn(guarantee, name)) / total);
    }
    return share;
  }
}

/**
 * What to take for a claim. First of the role that is most above its guarantee, then what comes first in the list; never
 * what would bring a role below its guarantee, nor what does not help. Nothing in the answer can be left out: each
 * brings something that is lacking and that the others do not bring. What is taken is taken from the surpluses.
 */
export function chosenVictims<T>(
  claim: Claim,
  candidates: readonly Holding<T>[],
  surpluses: Surpluses,
  max: number,
): readonly Holding<T>[] {
  const choice = new Choice(claim, candidates, surpluses);
  while (choice.takeNext(max - choice.taken.length));
  const kept = new Set(needed(claim, choice.taken, []));
  for (const each of choice.taken) if (!kept.has(each)) surpluses.take(each.role, each.weight, -1);
  return choice.taken.filter((each) => kept.has(each));
}

/**
 * Of some holdings that come free, those that are needed: from the last on, one is left out that brings nothing that is
 * lacking and that the others do not bring. `fixed` come free in any case.
 */
export function needed<T>(
  claim: Claim,
  holdings: readonly Holding<T>[],
  fixed: readonly Holding<T>[],
): readonly Holding<T>[] {
  const names = Object.keys(claim.lacking);
  const places = new Map<string, readonly Holding<T>[]>();
  for (const each of [...fixed, ...holdings]) places.set(each.place, [...(places.get(each.place) ?? []), each]);
  const bringing = [...places].map(([place, some]) => broughtBy(claim, place, some));
  const sums = names.map((name) => bringing.reduce((sum, each) => sum + scalar(each, name), 0));
  const enough = names.map((name, index) => Math.min(sums[index] as number, claim.lacking[name] as number));
  const left = new Set(holdings);
  for (const each of holdings.toReversed()) {
    const there = places.get(each.place) ?? [];
    const others = there.filter((other) => other !== each);
    const [before, after] = [broughtBy(claim, each.place, there), broughtBy(claim, each.place, others)];
    const rest = names.map((name, index) => (sums[index] as number) - scalar(before, name) + scalar(after, name));
    if (rest.some((sum, index) => sum < (enough[index] as number))) continue;
    left.delete(each);
    places.set(each.place, others);
    sums.splice(0, sums.length, ...rest);
  }
  return [...left];
}

/** How much of what is lacking comes free with these, and no more of it than is lacking. */
export function brought<T>(claim: Claim, holdings: readonly Holding<T>[]): Quantities {
  const places = new Map<string, Holding<T>[]>();
  for (const each of holdings) push(places, each.place, each);
  const bringing = [...places].map(([place, some]) => broughtBy(claim, place, some));
  const { lacking } = claim;
  return Object.fromEntries(
    Object.keys(lacking).map((name) => {
      const sum = bringing.reduce((total, each) => total + scalar(each, name), 0);
      return [name, Math.min(lacking[name] as number, sum)];
    }),
  );
}

/** Nothing where nobody would take it. */
function broughtBy<T>({ takes }: Claim, place: string, holdings: readonly Holding<T>[]): Resources {
  const besides = sum(holdings.map(({ yields }) => yields));
  return holdings.length > 0 && takes(place, besides) ? besides : noResources;
}

class Choice<T> {
  readonly taken: Holding<T>[] = [];
  readonly #claim: Claim;
  readonly #surpluses: Surpluses;
  readonly #need: Record<string, number>;
  readonly #byRole = new Map<string, Holding<T>[]>();
  readonly #byPlace = new Map<string, Holding<T>[]>();
  /** How far each role's list is looked through: what was of no use stays so. */
  readonly #seen = new Map<string, number>();
  readonly #used = new Set<Holding<T>>();
  readonly #freed = new Map<string, Resources>();

  constructor(claim: Claim, candidates: readonly Holding<T>[], surpluses: Surpluses) {
    this.#claim = claim;
    this.#surpluses = surpluses;
    this.#need = { ...claim.lacking };
    for (const candidate of candidates) {
      if (candidate.role === claim.role) continue;
      push(this.#byRole, candidate.role, candidate);
      push(this.#byPlace, candidate.place, candidate);
    }
  }

  /** Takes the next that helps, with whatever else of its place has to go for it to help. False: there is none. */
  takeNext(max: number): boolean {
    const roles = [...this.#byRole.keys()].sort();
    const shares = new Map(roles.map((role) => [role, this.#surpluses.share(role)]));
    roles.sort((a, b) => (shares.get(b) as number) - (shares.get(a) as number));
    for (const role of roles) {
      const list = this.#byRole.get(role) ?? [];
      for (let at = this.#seen.get(role) ?? 0; at < list.length; at++) {
        this.#seen.set(role, at + 1);
        const group = this.#groupOf(list[at] as Holding<T>);
        if (group === undefined || group.length > max) continue;
        for (const each of group) this.#take(each);
        return true;
      }
    }
    return false;
  }

  /** Taken together on their place, or nothing: less than somebody would take is of no use. */
  #groupOf(first: Holding<T>): readonly Holding<T>[] | undefined {
    if (!this.#helps(first)) return undefined;
    const group: Holding<T>[] = [];
    let besides = this.#freed.get(first.place) ?? noResources;
    for (const each of [first, ...(this.#byPlace.get(first.place) ?? [])]) {
      if (group[0] === first && this.#claim.takes(first.place, besides)) break;
      const isIn = this.#used.has(each) || group.includes(each);
      if (isIn || !this.#surpluses.spares(each.role, each.weight)) continue;
      group.push(each);
      this.#surpluses.take(each.role, each.weight);
      besides = add(besides, each.yields);
      if (group[0] !== first) break;
    }
    for (const each of group) this.#surpluses.take(each.role, each.weight, -1);
    return group[0] === first && this.#claim.takes(first.place, besides) ? group : undefined;
  }

  #helps({ yields }: Holding<T>): boolean {
    return Object.keys(this.#need).some((name) => (this.#need[name] as number) > 0 && scalar(yields, name) > 0);
  }

  #take(each: Holding<T>): void {
    this.taken.push(each);
    this.#used.add(each);
    this.#surpluses.take(each.role, each.weight);
    this.#freed.set(each.place, add(this.#freed.get(each.place) ?? noResources, each.yields));
    for (const name of Object.keys(this.#need)) {
      this.#need[name] = (this.#need[name] as number) - scalar(each.yields, name);
    }
  }
}

function scalar(resources: Resources, name: string): number {
  const quantity = Object.hasOwn(resources, name) ? resources[name] : undefined;
  return typeof quantity === "number" ? quantity : 0;
}

function push<T>(lists: Map<string, Holding<T>[]>, key: string, value: Holding<T>): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
