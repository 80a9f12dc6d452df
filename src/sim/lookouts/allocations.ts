import type { Protocol } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { Book } from "../../master/allocator/allocator.ts";
import { type ClientId, clientId } from "../../master/allocator/client.ts";
import type { OfferedRow } from "../../master/allocator/protocol.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import { quantitiesOf } from "../../protocol/quantities.ts";
import { contains, type Resources } from "../../protocol/resources.ts";
import type { Findings } from "../findings.ts";
import { type AnyContext, alteredContext, type Change, hearing } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

export const allocationRules = {
  filters: "what was declined is not offered again before its time",
  fairness: "what is free goes to the framework that is owed most",
} as const;

type Refusal = { readonly resources: Resources; readonly untilMs: number };
type Client = { readonly frameworkId: FrameworkId; readonly role: string };
type Recovered = Client & {
  readonly slaveId: SlaveId;
  readonly resources: Resources;
  readonly refuseMs?: number;
};

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
  const refusals = new Map<ClientId, Map<SlaveId, Refusal>>();
  const wanting = new Map<ClientId, { active: boolean; suppressed: boolean }>();
  const hides = (client: ClientId, { slaveId, resources }: Pick<OfferedRow, "slaveId" | "resources">) => {
    const refusal = refusals.get(client)?.get(slaveId);
    return refusal !== undefined && now() < refusal.untilMs && contains(refusal.resources, resources);
  };

  const offered = (rows: readonly OfferedRow[]) => {
    const hidden = rows.find((row) => hides(clientId(row.frameworkId, row.role), row));
    if (hidden !== undefined) {
      findings.breach(
        allocationRules.filters,
        `${hidden.slaveId} is offered to ${hidden.frameworkId}, who declined it`,
      );
    }
    if (book === undefined || wanting.size < 2) return;
    const shares = new Shares(book);
    // The last row was decided when all the others had been.
    for (const row of rows.toReversed()) {
      const client = clientId(row.frameworkId, row.role);
      shares.takeBack(client, row.resources);
      const own = shares.of(client);
      for (const [other, { active, suppressed }] of wanting) {
        if (!active || suppressed || hides(other, row)) continue;
        if (shares.of(other) >= own) continue;
        const what = `${row.slaveId} goes to ${client} with a share of ${own} and not to ${other} with ${shares.of(other)}`;
        findings.breach(allocationRules.fairness, what);
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
          if (!wanting.has(client)) wanting.set(client, { active, suppressed: false });
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
        slaveRemoved: ({ slaveId }: { slaveId: SlaveId }) => {
          for (const some of refusals.values()) some.delete(slaveId);
        },
        recovered: ({ slaveId, frameworkId, role, resources, refuseMs = 0 }: Recovered) => {
          const client = clientId(frameworkId, role);
          if (refuseMs === 0 || !wanting.has(client) || book?.ledger.has(slaveId) !== true) return;
          const some = refusals.get(client) ?? new Map<SlaveId, Refusal>();
          refusals.set(client, some.set(slaveId, { resources, untilMs: now() + refuseMs }));
          findings.mark("a decline hides a slave");
        },
      }),
  };
}

/** The same ref, and what the allocator tells its master through it is heard. */
function overheard(ref: ActorRef<Protocol>, offered: (rows: readonly OfferedRow[]) => void): ActorRef<Protocol> {
  return Object.create(ref, {
    tell: {
      value: (kind: string, body: never) => {
        if (kind === "offered") offered((body as { readonly rows: readonly OfferedRow[] }).rows);
        ref.tell(kind as never, body);
      },
    },
  }) as ActorRef<Protocol>;
}

/** Dominant shares, worked out from who holds what. */
class Shares {
  readonly #totals = new Map<string, number>();
  readonly #held = new Map<ClientId, Map<string, number>>();

  constructor({ ledger }: Book) {
    for (const slaveId of ledger.slaves) {
      addTo(this.#totals, ledger.total(slaveId), 1);
      for (const [client, resources] of ledger.allocations(slaveId)) addTo(this.#of(client), resources, 1);
    }
  }

  takeBack(client: ClientId, resources: Resources): void {
    addTo(this.#of(client), resources, -1);
  }

  of(client: ClientId): number {
    let share = 0;
    for (const [name, amount] of this.#of(client)) {
      const total = this.#totals.get(name) ?? 0;
      if (total > 0) share = Math.max(share, amount / total);
    }
    return share;
  }

  #of(client: ClientId): Map<string, number> {
    const held = this.#held.get(client) ?? new Map<string, number>();
    this.#held.set(client, held);
    return held;
  }
}

function addTo(sums: Map<string, number>, resources: Resources, sign: 1 | -1): void {
  const scalars = quantitiesOf(resources);
  for (const name of Object.keys(scalars)) sums.set(name, (sums.get(name) ?? 0) + sign * (scalars[name] ?? 0));
}
