import type { Protocol } from "../../actors/protocol.ts";
import type { ActorRef } from "../../actors/ref.ts";
import type { Book } from "../../master/allocator/allocator.ts";
import type { OfferedRow } from "../../master/allocator/protocol.ts";
import type { FrameworkId, SlaveId } from "../../protocol/ids.ts";
import { contains, type Resources, scalarsOf } from "../../protocol/resources.ts";
import type { Findings } from "../findings.ts";
import { type AnyContext, alteredContext, type Change, hearing } from "../interference.ts";
import type { Lookout } from "./lookout.ts";

export const allocationRules = {
  filters: "what was declined is not offered again before its time",
  fairness: "what is free goes to the framework that is owed most",
} as const;

type Refusal = { readonly resources: Resources; readonly untilMs: number };
type Recovered = {
  readonly slaveId: SlaveId;
  readonly frameworkId: FrameworkId;
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
  const refusals = new Map<FrameworkId, Map<SlaveId, Refusal>>();
  const wanting = new Map<FrameworkId, { active: boolean; suppressed: boolean }>();
  const hides = ({ frameworkId, slaveId, resources }: Pick<OfferedRow, "frameworkId" | "slaveId" | "resources">) => {
    const refusal = refusals.get(frameworkId)?.get(slaveId);
    return refusal !== undefined && now() < refusal.untilMs && contains(refusal.resources, resources);
  };

  const offered = (rows: readonly OfferedRow[]) => {
    const hidden = rows.find(hides);
    if (hidden !== undefined) {
      findings.breach(
        allocationRules.filters,
        `${hidden.slaveId} is offered to ${hidden.frameworkId}, who declined it`,
      );
    }
    if (book === undefined || wanting.size < 2) return;
    const shares = new Shares(book);
    // The last row was decided when all the others had been.
    for (const { frameworkId, slaveId, resources } of rows.toReversed()) {
      shares.takeBack(frameworkId, resources);
      const own = shares.of(frameworkId);
      for (const [other, { active, suppressed }] of wanting) {
        if (!active || suppressed || hides({ frameworkId: other, slaveId, resources })) continue;
        if (shares.of(other) >= own) continue;
        const what = `${slaveId} goes to ${frameworkId} with a share of ${own} and not to ${other} with ${shares.of(other)}`;
        findings.breach(allocationRules.fairness, what);
      }
    }
  };

  const want = (frameworkId: FrameworkId, change: { active?: boolean; suppressed?: boolean }) => {
    const known = wanting.get(frameworkId);
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
        frameworkAdded: ({ frameworkId, active }: { frameworkId: FrameworkId; active: boolean }) => {
          if (!wanting.has(frameworkId)) wanting.set(frameworkId, { active, suppressed: false });
        },
        frameworkRemoved: ({ frameworkId }: { frameworkId: FrameworkId }) => {
          wanting.delete(frameworkId);
          refusals.delete(frameworkId);
        },
        frameworkActive: ({ frameworkId, active }: { frameworkId: FrameworkId; active: boolean }) =>
          want(frameworkId, { active }),
        suppress: ({ frameworkId }: { frameworkId: FrameworkId }) => want(frameworkId, { suppressed: true }),
        revive: ({ frameworkId }: { frameworkId: FrameworkId }) => {
          refusals.delete(frameworkId);
          want(frameworkId, { suppressed: false });
        },
        slaveRemoved: ({ slaveId }: { slaveId: SlaveId }) => {
          for (const some of refusals.values()) some.delete(slaveId);
        },
        recovered: ({ slaveId, frameworkId, resources, refuseMs = 0 }: Recovered) => {
          if (refuseMs === 0 || !wanting.has(frameworkId) || book?.ledger.has(slaveId) !== true) return;
          const some = refusals.get(frameworkId) ?? new Map<SlaveId, Refusal>();
          refusals.set(frameworkId, some.set(slaveId, { resources, untilMs: now() + refuseMs }));
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
  readonly #held = new Map<FrameworkId, Map<string, number>>();

  constructor({ ledger }: Book) {
    for (const slaveId of ledger.slaves) {
      addTo(this.#totals, ledger.total(slaveId), 1);
      for (const [frameworkId, resources] of ledger.allocations(slaveId)) addTo(this.#of(frameworkId), resources, 1);
    }
  }

  takeBack(frameworkId: FrameworkId, resources: Resources): void {
    addTo(this.#of(frameworkId), resources, -1);
  }

  of(frameworkId: FrameworkId): number {
    let share = 0;
    for (const [name, amount] of this.#of(frameworkId)) {
      const total = this.#totals.get(name) ?? 0;
      if (total > 0) share = Math.max(share, amount / total);
    }
    return share;
  }

  #of(frameworkId: FrameworkId): Map<string, number> {
    const held = this.#held.get(frameworkId) ?? new Map<string, number>();
    this.#held.set(frameworkId, held);
    return held;
  }
}

function addTo(sums: Map<string, number>, resources: Resources, sign: 1 | -1): void {
  const scalars = scalarsOf(resources);
  for (const name of Object.keys(scalars)) sums.set(name, (sums.get(name) ?? 0) + sign * (scalars[name] ?? 0));
}
