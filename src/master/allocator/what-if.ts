import type { Resources } from "../../protocol/resources.ts";
import { topOf } from "../../protocol/role.ts";
import type { WhatIf } from "../../protocol/why.ts";
import type { Book } from "./book.ts";
import { copyOf } from "./book-copy.ts";
import type { ClientState } from "./clients.ts";
import type { Offered } from "./explain.ts";
import { Pass } from "./pass.ts";
import { Bundle } from "./scalar-names.ts";

type Subject = {
  /** Leaves of the framework, one for each of its roles. */
  readonly own: readonly number[];
  readonly offered: readonly Offered[];
  /** Whether an offer is one of those that are asked about. */
  readonly counts: (row: number, resources: Resources) => boolean;
  readonly nowMs: number;
  /** Offers that it is about to get anyway. */
  readonly soon: number;
};

type Change = (copy: Book, own: readonly ClientState[]) => void;

/** How many offers a framework would get if one thing were otherwise; only what could make a difference is tried. */
export function whatIf(book: Book, subject: Subject): readonly WhatIf[] {
  const { own, soon: before } = subject;
  const { clients, filters, quotas } = book;
  const clientsOfIt = own.map((leaf) => clients.at(leaf));
  const tried: WhatIf[] = [];
  const wanting = clientsOfIt.some(({ suppressed }) => !suppressed);
  if (!wanting || own.some((leaf) => (filters.active[leaf] ?? 0) > 0)) {
    const revive: Change = (copy, revived) => {
      for (const client of revived) copy.setWanting(client, { suppressed: false });
    };
    tried.push({ change: "revive", offers: offersOfFree(book, subject, revive, new Set(own)), before });
  }
  if (clientsOfIt.some(({ wishes }) => wishes?.slaves !== undefined || wishes?.matches !== undefined)) {
    tried.push({ change: "withoutConstraints", offers: offersOfFree(book, subject, unconstrain), before });
  }
  if (clientsOfIt.some(({ role }) => quotas.isLimited(role))) {
    tried.push({ change: "withoutLimit", offers: offersOfFree(book, subject, unlimit), before });
  }
  if (wanting && clients.size > own.length) {
    const remade = subject.offered.length === 0 ? before : offersAnew(book, subject, () => {});
    tried.push({ change: "doubleWeight", offers: offersAnew(book, subject, doubleWeight), before: remade });
  }
  return tried;
}

const unconstrain: Change = (copy, own) => {
  for (const client of own) {
    if (client.wishes === undefined) continue;
    const { slaves: _slaves, constraints: _constraints, ...kept } = client.wishes.filters;
    copy.clients.wish(client, kept);
  }
};

const unlimit: Change = ({ quotas }, own) => {
  for (const { role } of own) quotas.unlimit(topOf(role));
};

const doubleWeight: Change = ({ tree }, own) => {
  for (const role of new Set(own.map((client) => client.role))) tree.weigh(role, 2 * tree.weightOf(role));
};

/**
 * Offers of what is free. The pass decides about slaves that it has yet to look at. What is free on all others nobody else
 * wants, or they would have it.
 */
function offersOfFree(
  book: Book,
  { own, counts, nowMs }: Subject,
  change: Change,
  revived?: ReadonlySet<number>,
): number {
  const copy = copyOf(book, revived);
  const { slaves, candidates, names, tree } = copy;
  const clients = own.map((leaf) => copy.clients.at(leaf));
  const open = new Set(candidates.take(slaves));
  for (let row = 0; row < slaves.height; row++) if (candidates.isWaiting(row)) open.add(row);
  change(copy, clients);
  candidates.clear();
  for (const row of open) candidates.touch(row);
  let offers = 0;
  const taken = (row: number, client: ClientState, bundle: Bundle) => {
    if (clients.includes(client) && counts(row, bundle.resources(names))) offers++;
  };
  const pass = new Pass(copy, nowMs, taken);
  pass.run();
  for (let row = 0; row < slaves.height; row++) {
    if (slaves.active[row] !== 1 || open.has(row) || !pass.readFree(row)) continue;
    const client = clients.find(({ leaf }) => tree.wants(leaf) && pass.reason(copy.clients.at(leaf), row) === "none");
    if (client === undefined) continue;
    const part = pass.partFor(client, row);
    copy.grant(row, client, part);
    taken(row, client, part);
  }
  return offers;
}

/** Offers of what is free and of what is offered, as if it had all come back at once. */
function offersAnew(book: Book, { own, offered, counts, nowMs }: Subject, change: Change): number {
  const copy = copyOf(book);
  const clients = own.map((leaf) => copy.clients.at(leaf));
  const bundle = new Bundle();
  for (const { row, client, resources } of offered) {
    copy.release(row, copy.clients.at(client.leaf), bundle.read(resources, copy.names));
    copy.candidates.touch(row);
  }
  change(copy, clients);
  let offers = 0;
  const taken = (row: number, client: ClientState, part: Bundle) => {
    if (clients.includes(client) && counts(row, part.resources(copy.names))) offers++;
  };
  new Pass(copy, nowMs, taken).run();
  return offers;
}
