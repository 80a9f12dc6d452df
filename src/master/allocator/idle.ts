import type { FrameworkId } from "../../protocol/ids.ts";
import type { Quantities } from "../../protocol/quantities.ts";
import { nameOf, reservationOf } from "../../protocol/reservation.ts";
import { noResources, type Resources } from "../../protocol/resources.ts";
import { topOf } from "../../protocol/role.ts";
import { type IdleCause, type IdleGroup, idleCauses } from "../../protocol/why.ts";
import { blockers } from "./blocker.ts";
import type { Book } from "./book.ts";
import { copyOf } from "./book-copy.ts";
import { Pass } from "./pass.ts";
import type { IdleAccount } from "./protocol.ts";

/** Groups of one account; those beyond are put together by their cause alone. */
const groupsMax = 400;

const none = -1;

type Now = { readonly ms: number; readonly paused: boolean };

/** Which sums a part of a slave is added to. `leaf`: the client that stands in the way, or −1. */
type SumsFor = (cause: IdleCause, leaf: number, reservedTo?: string) => Float64Array<ArrayBuffer>;

type Group = { readonly group: Omit<IdleGroup, "amounts">; readonly sums: Float64Array<ArrayBuffer> };

/** Why what is free is free, by whose doing it is. The book stays as it is. */
export function explainIdle(book: Book, now: Now): IdleAccount {
  const copy = copyOf(book);
  const groups = new Map<string, Group>();
  const sumsFor: SumsFor = (cause, leaf, reservedTo) => {
    const who = groups.size < groupsMax ? whoOf(copy, cause, leaf, reservedTo) : {};
    const key = JSON.stringify([cause, who]);
    const group = groups.get(key) ?? { group: { cause, ...who }, sums: new Float64Array(copy.names.size) };
    groups.set(key, group);
    return group.sums;
  };
  sumFree(copy, now, sumsFor);
  return {
    total: quantitiesFrom(copy.totals, copy.names.list),
    groups: [...groups.values()].map(({ group, sums }) => ({
      ...group,
      amounts: quantitiesFrom(sums, copy.names.list),
    })),
  };
}

/** The same by cause alone, in one look at the columns; notes of why rows were left are brought up to date. */
export function idleByCause(book: Book, now: Now): { readonly [cause in IdleCause]?: Quantities } {
  const sums = new Map<IdleCause, Float64Array<ArrayBuffer>>();
  sumFree(book, now, (cause) => {
    const known = sums.get(cause);
    if (known !== undefined) return known;
    const made = new Float64Array(book.names.size);
    sums.set(cause, made);
    return made;
  });
  return Object.fromEntries([...sums].map(([cause, amounts]) => [cause, quantitiesFrom(amounts, book.names.list)]));
}

function sumFree(book: Book, now: Now, sumsFor: SumsFor): void {
  const { slaves, names } = book;
  const { facts, free, freeRest, reserved } = slaves;
  const causes = new Causes(book, now);
  const columns = names.size;
  // Neighbours are mostly idle for the same cause.
  let sums = new Float64Array(0);
  for (let row = 0; row < facts.length; row++) {
    let any = reserved[row] === 1 && freeRest[row] !== noResources;
    for (let column = 0; !any && column < columns; column++) any = ((free[column] as Float64Array)[row] as number) > 0;
    if (!any || facts[row] === undefined) continue;
    if (!causes.isAsBefore(row)) {
      causes.read(row);
      sums = sumsFor(causes.cause, causes.leaf);
    }
    for (let column = 0; column < columns; column++) {
      sums[column] = (sums[column] as number) + ((free[column] as Float64Array)[row] as number);
    }
    if (reserved[row] === 1) sumRest(book, freeRest[row] as Resources, causes.cause, sums, sumsFor);
  }
}

/** What is reserved is idle because its role does not take it, unless nobody could have it at the moment. */
function sumRest({ names }: Book, rest: Resources, cause: IdleCause, sums: Float64Array, sumsFor: SumsFor): void {
  for (const key of Object.keys(rest)) {
    const quantity = rest[key];
    const column = typeof quantity === "number" ? names.find(nameOf(key)) : -1;
    const role = column < 0 ? undefined : reservationOf(key)?.role;
    if (role === undefined) continue;
    const to = isOfEverybody(cause) ? sums : sumsFor("reserved", -1, role);
    to[column] = (to[column] as number) + (quantity as number);
  }
}

/** Why the rows are as they are: one object for all of them in turn. */
class Causes {
  cause: IdleCause = "pending";
  leaf = -1;
  readonly #book: Book;
  readonly #now: Now;
  #probe: Pass | undefined;
  /** The note of the row that was read last, if it says it all; `none` otherwise. */
  #code = none;
  #noted = none;

  constructor(book: Book, now: Now) {
    this.#book = book;
    this.#now = now;
  }

  /** Whether the row is offered like any other, and was left for the same reason as the one that was read last. */
  isAsBefore(row: number): boolean {
    const { slaves, candidates } = this.#book;
    return (
      this.#code === slaves.leftCode(row) &&
      this.#noted === slaves.leftTo(row) &&
      slaves.active[row] === 1 &&
      slaves.facts[row]?.maxTaskMs === undefined &&
      !candidates.has(row) &&
      !candidates.isWaiting(row)
    );
  }

  read(row: number): void {
    const { slaves, candidates } = this.#book;
    this.#code = none;
    this.leaf = -1;
    if (slaves.active[row] !== 1) this.cause = "slaveInactive";
    else if (this.#now.paused) this.cause = "paused";
    else if (candidates.has(row)) this.cause = "pending";
    else if (candidates.isWaiting(row)) this.cause = "nextBatch";
    else this.#readNote(row);
  }

  /** The note of the last pass holds until the client that it names wants nothing more. */
  #readNote(row: number): void {
    const { slaves, tree, clients } = this.#book;
    const noted = slaves.leftTo(row);
    const isOld = noted >= 0 && (clients.at(noted) === undefined || !tree.wants(noted));
    if (isOld || slaves.leftCode(row) === 0) this.#noteAnew(row);
    this.leaf = slaves.leftTo(row);
    this.cause = noteCauses[slaves.leftCode(row)] as IdleCause;
    if (slaves.fact(row).maxTaskMs === undefined) {
      this.#code = slaves.leftCode(row);
      this.#noted = this.leaf;
    } else if (this.cause !== "noDemand") this.cause = "shortPart";
  }

  #noteAnew(row: number): void {
    const { slaves, tree, clients } = this.#book;
    this.#probe ??= new Pass(this.#book, this.#now.ms, () => {});
    tree.settle();
    const first = tree.first();
    if (first < 0) return slaves.leave(row, "noDemand", -1);
    this.#probe.readFree(row);
    slaves.leave(row, this.#probe.reason(clients.at(first), row), first);
  }
}

/** In the order of blockers; a row that nothing stands in the way of is about to be looked at. */
const noteCauses: readonly IdleCause[] = blockers.map(
  (blocker) => idleCauses.find((cause) => cause === blocker) ?? "pending",
);

/** Causes that have nothing to do with who is to be offered what. */
function isOfEverybody(cause: IdleCause): boolean {
  return ["slaveInactive", "paused", "pending", "nextBatch", "noDemand"].includes(cause);
}

function whoOf(
  { clients }: Book,
  cause: IdleCause,
  leaf: number,
  reservedTo: string | undefined,
): { readonly frameworkId?: FrameworkId; readonly role?: string } {
  if (reservedTo !== undefined) return { role: reservedTo };
  if (leaf < 0 || cause === "shortPart") return {};
  const { frameworkId, role } = clients.at(leaf);
  return cause === "quota" ? { role: topOf(role) } : { frameworkId };
}

export function quantitiesFrom(amounts: Float64Array, names: readonly string[]): Quantities {
  const quantities: Record<string, number> = {};
  for (const [column, name] of names.entries()) {
    if ((amounts[column] as number) > 0) quantities[name] = amounts[column] as number;
  }
  return quantities;
}
