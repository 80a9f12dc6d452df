import type { SlaveId } from "../../protocol/ids.ts";
import { type WhyNotGroup, type WhyNotReason, whyNotReasons } from "../../protocol/why.ts";
import type { ClientState } from "./clients.ts";
import type { SlaveRows } from "./slave-rows.ts";

/** Slaves that a group names. */
const examplesMax = 5;
/** Groups of one client; those with the fewest slaves are put together by their reason alone. */
const groupsMax = 20;

/** Why a client is not offered an account of a slave. */
export type Verdict = Pick<WhyNotGroup, "hold" | "between" | "role"> & {
  readonly reason: WhyNotReason;
  readonly other?: ClientState;
  readonly endsInMs?: number;
};

type Group = { readonly verdict: Verdict; readonly slaves: SlaveId[]; firstMs: number; lastMs: number };

/** What was found out for a client, slave by slave. Of several accounts of a slave the one closest to an offer counts. */
export class Verdicts {
  readonly client: ClientState;
  readonly #rows: SlaveRows;
  readonly #byRow = new Map<number, Verdict>();

  constructor(client: ClientState, rows: SlaveRows) {
    this.client = client;
    this.#rows = rows;
  }

  has(row: number): boolean {
    return this.#byRow.has(row);
  }

  /** The verdict on a row; a later one replaces it. */
  add(row: number, verdict: Verdict): void {
    this.#byRow.set(row, verdict);
  }

  groups(): readonly WhyNotGroup[] {
    const groups = new Map<string, Group>();
    for (const [slaveId, verdict] of this.#bySlave()) join(groups, keyOf(verdict), verdict, [slaveId]);
    const sorted = [...groups.values()].sort(byNumber);
    const small = new Map<string, Group>();
    for (const { verdict, slaves, firstMs, lastMs } of sorted.splice(groupsMax)) {
      const { reason } = verdict;
      const group = join(small, reason, { reason }, slaves);
      group.firstMs = Math.min(group.firstMs, firstMs);
      group.lastMs = Math.max(group.lastMs, lastMs);
    }
    return [...sorted, ...[...small.values()].sort(byNumber)].map(shown);
  }

  #bySlave(): ReadonlyMap<SlaveId, Verdict> {
    const found = new Map<SlaveId, Verdict>();
    for (const [row, verdict] of this.#byRow) {
      const { slaveId } = this.#rows.fact(row);
      const known = found.get(slaveId);
      if (known === undefined || closeness(known) < closeness(verdict)) found.set(slaveId, verdict);
    }
    return found;
  }
}

function join(groups: Map<string, Group>, key: string, verdict: Verdict, slaves: readonly SlaveId[]): Group {
  const group = groups.get(key) ?? { verdict, slaves: [], firstMs: Number.POSITIVE_INFINITY, lastMs: 0 };
  groups.set(key, group);
  for (const slaveId of slaves) group.slaves.push(slaveId);
  const { endsInMs } = verdict;
  if (endsInMs !== undefined) {
    group.firstMs = Math.min(group.firstMs, endsInMs);
    group.lastMs = Math.max(group.lastMs, endsInMs);
  }
  return group;
}

function keyOf({ reason, other, hold, role, between }: Verdict): string {
  return JSON.stringify([reason, other?.leaf, hold, role, between?.guaranteed]);
}

function closeness({ reason }: Verdict): number {
  return whyNotReasons.indexOf(reason);
}

function byNumber(a: Group, b: Group): number {
  return b.slaves.length - a.slaves.length || closeness(b.verdict) - closeness(a.verdict);
}

function shown({ verdict, slaves, firstMs, lastMs }: Group): WhyNotGroup {
  const { reason, other, hold, between, role } = verdict;
  return {
    reason,
    slaves: slaves.length,
    examples: slaves.slice(0, examplesMax),
    ...(other === undefined ? {} : { other: { frameworkId: other.frameworkId, role: other.role } }),
    ...(hold === undefined ? {} : { hold }),
    ...(between === undefined ? {} : { between }),
    ...(role === undefined ? {} : { role }),
    ...(lastMs === 0 ? {} : { endsInMs: { first: firstMs, last: lastMs } }),
  };
}
