import type { Protocol } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { Book } from "../../master/allocator/book.ts";
import { type ClientId, clientId } from "../../master/allocator/client.ts";
import { rowsOf } from "../../master/allocator/offered-batch.ts";
import type { Client, OfferedBatch, OfferedRow } from "../../master/allocator/protocol.ts";
import { topOf } from "../../master/allocator/quotas.ts";
import { type Quantities, quantitiesOf } from "../../protocol/quantities.ts";
import type { Quota } from "../../protocol/quota.ts";
import { contains, type Resources } from "../../protocol/resources.ts";
import type { Findings } from "../findings.ts";
import { type AnyContext, alteredContext, type Change, hearing } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

export const allocationRules = {
  filters: "what was declined is not offered again before its time",
  fairness: "what is free goes to the framework that is owed most",
  guarantees: "what is free goes first to roles below their guarantee",
} as const;

type Refusal = { readonly resources: Resources; readonly untilMs: number };
type Recovered = Client & { readonly account: number; readonly resources: Resources; readonly refuseMs?: number };

/** Hears what the allocator hears, and works out anew whether what it offers was refused before, or owed to another. */
export function allocationsLookout(findings: Findings): Lookout {
  let told = 0;
  return {
    actor: ({ actor }) => {
      if (actor !== "allocator") return undefined;
      return watchOver(findings, () => {
        if (told++ > 0) findings.mark("an allocator is told the book again");
      });
    },
  };
}

function watchOver(findings: Findings, onReset: () => void): Change {
  let book: Book | undefined;
  let now = () => 0;
  const refusals = new Map<ClientId, Map<number, Refusal>>();
  const wanting = new Map<ClientId, Client & { active: boolean; suppressed: boolean }>();
  const hides = (client: Client, { account, resources }: Pick<OfferedRow, "account" | "resources">) => {
    const refusal = refusals.get(clientId(client.frameworkId, client.role))?.get(account);
    return refusal !== undefined && now() < refusal.untilMs && contains(refusal.resources, resources);
  };

  let quotas: { readonly [role: string]: Quota } = {};
  const isEntitled = ({ role }: Client, shares: Shares) => shares.isBelow(topOf(role), quotas[topOf(role)]?.guarantees);

  const offered = (batch: OfferedBatch) => {
    const rows = [...rowsOf(batch)];
    const hidden = rows.find((row) => hides(row, row));
    if (hidden !== undefined) {
      const what = `account ${hidden.account} is offered to ${hidden.frameworkId}, who declined it`;
      findings.breach(allocationRules.filters, what);
    }
    if (book === undefined || wanting.size < 2) return;
    const shares = new Shares(book);
    // The last row was decided when all the others had been.
    for (const row of rows.toReversed()) {
      shares.takeBack(row, row.resources);
      if (isEntitled(row, shares)) continue;
      for (const { active, suppressed, ...other } of wanting.values()) {
        if (!active || suppressed || hides(other, row)) continue;
        const what = `account ${row.account} goes to ${row.frameworkId} in ${row.role} and not to ${other.frameworkId} in ${other.role}`;
        if (isEntitled(other, shares)) findings.breach(allocationRules.guarantees, what);
        else if (shares.isOwedMore(other, row)) findings.breach(allocationRules.fairness, what);
      }
    }
  };

  const want = ({ frameworkId, role }: Client, change: { active?: boolean; suppressed?: boolean }) => {
    const known = wanting.get(clientId(frameworkId, role));
    if (known !== undefined) Object.assign(known, change);
  };
  return {
    context: (ctx) => {
      now = () => ctx.clock.now();
      const ref = ((address: string) => overheard(ctx.ref(address), offered)) as AnyContext["ref"];
      return alteredContext(ctx, { ref });
    },
    behaviour: (behaviour) =>
      hearing(behaviour, {
        resetBook: () => {
          onReset();
          refusals.clear();
          wanting.clear();
          return () => {
            book = behaviour.inspect?.() as Book;
          };
        },
        clientAdded: ({ frameworkId, role, active }: Client & { active: boolean }) => {
          const client = clientId(frameworkId, role);
          if (!wanting.has(client)) wanting.set(client, { frameworkId, role, active, suppressed: false });
        },
        quotas: (told: { readonly quotas: typeof quotas }) => {
          quotas = told.quotas;
        },
        clientRemoved: ({ frameworkId, role }: Client) => {
          wanting.delete(clientId(frameworkId, role));
          refusals.delete(clientId(frameworkId, role));
        },
        clientActive: ({ active, ...client }: Client & { active: boolean }) => want(client, { active }),
        clientSuppressed: (client: Client) => want(client, { suppressed: true }),
        clientRevived: (client: Client) => {
          refusals.delete(clientId(client.frameworkId, client.role));
          want(client, { suppressed: false });
        },
        slaveRemoved: ({ account }: { account: number }) => {
          for (const some of refusals.values()) some.delete(account);
        },
        recovered: ({ account, frameworkId, role, resources, refuseMs = 0 }: Recovered) => {
          const client = clientId(frameworkId, role);
          if (refuseMs === 0 || !wanting.has(client) || book?.slaves.row(account) === undefined) return;
          const some = refusals.get(client) ?? new Map<number, Refusal>();
          refusals.set(client, some.set(account, { resources, untilMs: now() + refuseMs }));
          findings.mark("a decline hides a slave");
        },
      }),
  };
}

/** The same ref, and what the allocator tells its master through it is heard. */
function overheard(ref: ActorRef<Protocol>, offered: (batch: OfferedBatch) => void): ActorRef<Protocol> {
  return Object.create(ref, {
    tell: {
      value: (kind: string, body: never) => {
        if (kind === "offered") offered(body);
        ref.tell(kind as never, body);
      },
    },
  }) as ActorRef<Protocol>;
}

/** Dominant shares of roles and frameworks, worked out from who holds what. */
class Shares {
  readonly #totals = new Map<string, number>();
  readonly #held = new Map<string, Map<string, number>>();

  constructor(book: Book) {
    for (let row = 0; row < book.slaves.height; row++) {
      if (!book.slaves.has(row)) continue;
      addTo(this.#totals, book.total(row), 1);
      for (const { client, resources } of book.held(row)) this.#add(client, resources, 1);
    }
  }

  takeBack(client: Client, resources: Resources): void {
    this.#add(client, resources, -1);
  }

  /** Where the two compete, in the first level at which they differ, the one has a smaller share than the other. */
  isOwedMore(one: Client, other: Client): boolean {
    const [ours, theirs] = [levels(one), levels(other)];
    const level = ours.findIndex((path, index) => path !== theirs[index]);
    return level >= 0 && this.#of(ours[level] as string) < this.#of(theirs[level] as string);
  }

  isBelow(path: string, guarantees: Quantities = {}): boolean {
    const held = this.#held.get(path);
    return Object.entries(guarantees).some(([name, amount]) => (held?.get(name) ?? 0) < amount);
  }

  #of(path: string): number {
    let share = 0;
    for (const [name, amount] of this.#held.get(path) ?? []) {
      const total = this.#totals.get(name) ?? 0;
      if (total > 0) share = Math.max(share, amount / total);
    }
    return share;
  }

  #add(client: Client, resources: Resources, sign: 1 | -1): void {
    for (const path of levels(client)) {
      const held = this.#held.get(path) ?? new Map<string, number>();
      this.#held.set(path, held);
      addTo(held, resources, sign);
    }
  }
}

/** `a`, `a/b`, `a/b/.`, `a/b/./FRAMEWORK`: with whom a client competes. */
function levels({ frameworkId, role }: Client): readonly string[] {
  const paths: string[] = [];
  for (const name of role.split("/")) paths.push(paths.length === 0 ? name : `${paths.at(-1)}/${name}`);
  return [...paths, `${role}/.`, `${role}/./${frameworkId}`];
}

function addTo(sums: Map<string, number>, resources: Resources, sign: 1 | -1): void {
  for (const [name, amount] of Object.entries(quantitiesOf(resources))) {
    sums.set(name, (sums.get(name) ?? 0) + sign * amount);
  }
}
