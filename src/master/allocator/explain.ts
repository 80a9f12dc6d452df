import { amountIn, quantitiesOf } from "../../protocol/quantities.ts";
import { flattened, reservationOf, reservedFor, unreserved } from "../../protocol/reservation.ts";
import { contains, isEmpty, noResources, type Resources } from "../../protocol/resources.ts";
import { topOf } from "../../protocol/role.ts";
import type { Standing, WhatIf, WhyNotReason, WhyNotRole } from "../../protocol/why.ts";
import type { Book } from "./book.ts";
import { copyOf } from "./book-copy.ts";
import type { ClientState } from "./clients.ts";
import { rowsOf } from "./offered-batch.ts";
import { Pass } from "./pass.ts";
import type { ExplainQuestion, Explanation } from "./protocol.ts";
import { Bundle } from "./scalar-names.ts";
import { whatIf } from "./what-if.ts";
import { type Verdict, Verdicts } from "./why-not-verdicts.ts";

/** What is offered of a row at the moment. */
export type Offered = { readonly row: number; readonly client: ClientState; readonly resources: Resources };

/**
 * Why a framework is not offered the slaves that it is not offered, and what would change it. Found on copies of the book, by
 * the pass itself: the book stays as it is.
 */
export function explain(book: Book, question: ExplainQuestion, now: { readonly ms: number; readonly paused: boolean }) {
  return new Explainer(book, question, now.ms, now.paused).answer();
}

class Explainer {
  readonly #book: Book;
  readonly #copy: Book;
  readonly #question: ExplainQuestion;
  readonly #nowMs: number;
  readonly #paused: boolean;
  readonly #probe: Pass;
  /** The framework in each of its roles, as in the copy. */
  readonly #own: readonly ClientState[];
  /** The slaves that were asked about. */
  readonly #rows: readonly number[];
  readonly #offered: readonly Offered[];
  readonly #offeredOf = new Map<number, Offered[]>();
  readonly #free = new Bundle();

  constructor(book: Book, question: ExplainQuestion, nowMs: number, paused: boolean) {
    this.#book = book;
    this.#copy = copyOf(book);
    this.#question = question;
    this.#nowMs = nowMs;
    this.#paused = paused;
    this.#probe = new Pass(this.#copy, nowMs, () => {});
    this.#own = [...this.#copy.clients.all()].filter(
      ({ frameworkId, present }) => present && frameworkId === question.frameworkId,
    );
    this.#rows = this.#copy.slaves.facts.flatMap((facts, row) =>
      facts !== undefined && (question.slaveId ?? facts.slaveId) === facts.slaveId ? [row] : [],
    );
    this.#offered = question.offered.flatMap((batch) => [...this.#readOffered(batch)]);
    for (const each of this.#offered) {
      const there = this.#offeredOf.get(each.row) ?? [];
      this.#offeredOf.set(each.row, there);
      there.push(each);
    }
  }

  answer(): Explanation {
    const all = this.#own.map((client) => new Verdicts(client, this.#copy.slaves));
    const soon = this.#judge(all);
    const roles = all.map(
      (verdicts): WhyNotRole => ({
        role: verdicts.client.role,
        share: this.#copy.tree.share(verdicts.client.leaf),
        groups: verdicts.groups(),
      }),
    );
    const slaves = new Set(this.#rows.map((row) => this.#copy.slaves.fact(row).slaveId)).size;
    return { slaves, roles, whatIf: this.#whatIf(soon) };
  }

  /** Asks for each slave; where nothing is in the way, a pass shows who gets it. Answers how many offers it is about to get. */
  #judge(all: readonly Verdicts[]): number {
    const { candidates, slaves } = this.#copy;
    const undecided = new Set<number>();
    const asked = new Set(this.#rows);
    for (const row of this.#rows) {
      for (const verdicts of all) {
        const verdict = this.#verdict(verdicts.client, row);
        if (verdict !== undefined) verdicts.add(row, verdict);
        else if (candidates.isWaiting(row) && !candidates.has(row)) verdicts.add(row, { reason: "nextBatch" });
        else undecided.add(row);
      }
    }
    if (undecided.size === 0) return 0;
    const pending = candidates.take(slaves);
    for (const row of new Set([...pending, ...undecided])) candidates.touch(row);
    const judge = (client: ClientState, row: number) => this.#verdict(client, row);
    return new Trial(this.#copy, all, judge).run(this.#nowMs, asked, this.#counts);
  }

  /** What is in the way of the client; nothing when it could be given what it needs, if it came first. */
  #verdict(client: ClientState, row: number): Verdict | undefined {
    if (!client.active) return { reason: "disconnected" };
    if (client.suppressed) return { reason: "suppressed" };
    if (this.#paused) return { reason: "paused" };
    const { slaves } = this.#copy;
    if (slaves.active[row] !== 1) return { reason: "slaveInactive" };
    const objection = this.#probe.objection(client, row);
    if (objection !== "none") return { reason: objection as WhyNotReason };
    const { need } = this.#question;
    if (need !== undefined && !contains(flattened(openTo(this.#copy.total(row), client.role)), need)) {
      return { reason: "tooSmall" };
    }
    if (this.#offeredOf.get(row)?.some((offer) => offer.client.leaf === client.leaf)) return { reason: "offered" };
    return this.#verdictOfFree(client, row);
  }

  #verdictOfFree(client: ClientState, row: number): Verdict | undefined {
    const { names } = this.#copy;
    const any = this.#probe.readFree(row);
    const enough = (resources: Resources) => this.#suffices(resources);
    this.#free.copyFrom(this.#probe.partFor(client, row, false), names);
    if (!any || !enough(this.#free.resources(names))) {
      const role = any ? this.#reservedTo(row) : undefined;
      return role === undefined ? this.#heldBy(client, row) : { reason: "reserved", role };
    }
    const reason = this.#probe.reason(client, row);
    const top = topOf(client.role);
    if (reason === "quota") return { reason, role: top };
    if (reason === "none") {
      const part = this.#probe.partFor(client, row).resources(names);
      return enough(part) ? undefined : { reason: "quota", role: top };
    }
    if (reason !== "filtered") return { reason: reason as WhyNotReason };
    const part = this.#probe.partFor(client, row);
    const untilMs = this.#copy.filters.hiddenUntilMs(client.leaf, row, part, names.size, this.#nowMs);
    return { reason, endsInMs: untilMs - this.#nowMs };
  }

  #suffices(resources: Resources): boolean {
    const { need } = this.#question;
    return need === undefined ? !isEmpty(resources) : contains(flattened(resources), need);
  }

  /** The role that so much of what is free is reserved to that it would do, were it not reserved. */
  #reservedTo(row: number): string | undefined {
    const free = this.#copy.free(row);
    if (!this.#suffices(flattened(free))) return undefined;
    return Object.keys(free)
      .map((key) => reservationOf(key)?.role)
      .find((role) => role !== undefined);
  }

  /** Who holds most of a slave, and whether as an offer or for tasks. */
  #heldBy(client: ClientState, row: number): Verdict {
    const total = quantitiesOf(this.#copy.total(row));
    let most = 0;
    let verdict: Verdict = { reason: "held" };
    for (const { client: other, resources } of this.#copy.held(row)) {
      const offers = this.#offeredOf.get(row)?.filter((offer) => offer.client.leaf === other.leaf) ?? [];
      const offered = offers.reduce((sum, offer) => sum + partOf(offer.resources, total), 0);
      for (const [hold, part] of [
        ["offered", offered],
        ["used", partOf(resources, total) - offered],
      ] as const) {
        if (part <= most) continue;
        most = part;
        verdict = { reason: "held", other, hold };
      }
    }
    const { other } = verdict;
    if (other === undefined || other.leaf === client.leaf) return verdict;
    return { ...verdict, between: { ...between(this.#copy, client, other), guaranteed: false } };
  }

  #whatIf(soon: number): readonly WhatIf[] {
    if (this.#paused || !this.#own.some(({ active }) => active)) return [];
    const own = this.#own.map(({ leaf }) => leaf);
    return whatIf(this.#book, { own, offered: this.#offered, counts: this.#counts, nowMs: this.#nowMs, soon });
  }

  /** Whether an offer is one of those that were asked about. */
  readonly #counts = (row: number, resources: Resources): boolean => {
    const { slaveId } = this.#book.slaves.fact(row);
    return (this.#question.slaveId ?? slaveId) === slaveId && this.#suffices(resources);
  };

  *#readOffered(batch: ExplainQuestion["offered"][number]): Generator<Offered> {
    for (const { account, resources, ...who } of rowsOf(batch)) {
      const row = this.#copy.slaves.row(account);
      const client = this.#copy.clients.find(who);
      if (row !== undefined && client !== undefined) yield { row, client, resources };
    }
  }
}

/** A pass on the copy that notes who is given what somebody else could have had. */
class Trial {
  readonly #copy: Book;
  readonly #all: readonly Verdicts[];
  readonly #judge: (client: ClientState, row: number) => Verdict | undefined;
  /** Of the row that is looked at: who could have it, and which roles are below their guarantees. */
  #open: readonly Verdicts[] = [];
  #below: ReadonlySet<string> = new Set();

  constructor(copy: Book, all: readonly Verdicts[], judge: (client: ClientState, row: number) => Verdict | undefined) {
    this.#copy = copy;
    this.#all = all;
    this.#judge = judge;
  }

  /** How many offers that count the clients are given. */
  run(nowMs: number, asked: ReadonlySet<number>, counts: (row: number, resources: Resources) => boolean): number {
    let offers = 0;
    const taken = (row: number, taker: ClientState, bundle: Bundle) => {
      for (const verdicts of this.#open) this.#note(verdicts, row, taker, bundle);
      const isOwn = this.#all.some(({ client }) => client === taker);
      if (isOwn && counts(row, bundle.resources(this.#copy.names))) offers++;
    };
    new Pass(this.#copy, nowMs, taken, (row) => this.#look(row, asked)).run();
    return offers;
  }

  #look(row: number, asked: ReadonlySet<number>): void {
    const { quotas } = this.#copy;
    this.#open = [];
    if (!asked.has(row)) return;
    this.#below = quotas.any ? new Set(quotas.below().map(({ role }) => role)) : new Set();
    this.#open = this.#all.filter((verdicts) => {
      const verdict = this.#judge(verdicts.client, row);
      if (verdict !== undefined) verdicts.add(row, verdict);
      return verdict === undefined;
    });
  }

  #note(verdicts: Verdicts, row: number, taker: ClientState, bundle: Bundle): void {
    const { client } = verdicts;
    if (taker === client) return verdicts.add(row, { reason: "soon" });
    if (verdicts.has(row)) return;
    const guaranteed = this.#below.has(topOf(taker.role)) && topOf(taker.role) !== topOf(client.role);
    const standings = between(this.#copy, client, taker, bundle);
    verdicts.add(row, { reason: "owedMore", other: taker, between: { ...standings, guaranteed } });
  }
}

/** The two that compete where the clients' roles part. `without`: what the other has been given since. */
function between(
  book: Book,
  client: ClientState,
  other: ClientState,
  without?: Bundle,
): { readonly own: Standing; readonly other: Standing } {
  const { tree } = book;
  const ours = [...tree.lineage(client.leaf)].reverse();
  const theirs = [...tree.lineage(other.leaf)].reverse();
  let depth = 0;
  while (ours[depth] === theirs[depth]) depth++;
  const given = without === undefined ? undefined : countedOf(without, book);
  return { own: standing(book, ours[depth] as number), other: standing(book, theirs[depth] as number, given) };
}

function standing({ tree, totals, names }: Book, node: number, without?: Float64Array): Standing {
  const { path, weight, allocated } = tree.nodes;
  let share = 0;
  for (let column = 0; column < names.size; column++) {
    const total = totals[column] as number;
    if (total > 0) share = Math.max(share, (allocated.get(node, column) - (without?.[column] ?? 0)) / total);
  }
  return { name: path[node] as string, share, weight: weight[node] as number };
}

function countedOf({ amounts, rest }: Bundle, { names }: Book): Float64Array {
  const counted = amounts.slice();
  for (const [key, quantity] of Object.entries(rest === noResources ? {} : quantitiesOf(rest))) {
    const column = names.find(key);
    if (column >= 0) counted[column] = (counted[column] as number) + quantity;
  }
  return counted;
}

/** What the role may be offered, as far as reservations go. */
function openTo(resources: Resources, role: string): Resources {
  return { ...unreserved(resources), ...reservedFor(resources, role) };
}

/** The largest part of any scalar, in [0, 1]. */
function partOf(resources: Resources, total: Readonly<Record<string, number>>): number {
  let part = 0;
  for (const [name, amount] of Object.entries(quantitiesOf(resources))) {
    const whole = amountIn(total, name);
    if (whole > 0) part = Math.max(part, amount / whole);
  }
  return part;
}
