import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brought, type Claim, chosenVictims, type Holding, needed, Surpluses } from "../../src/master/victims.ts";
import type { Quantities } from "../../src/protocol/quantities.ts";

const names = ["cpus", "mem"] as const;
const roles = ["a", "b", "c", "web"] as const;
const places = ["s1", "s2", "s3"] as const;

const amount = fc.integer({ min: 0, max: 6 });
const amounts = fc.record({ cpus: amount, mem: amount });
/** Nothing at all is no task. */
const weight = amounts.filter(({ cpus, mem }) => cpus + mem > 0);

type Scene = {
  readonly holdings: readonly Holding<number>[];
  readonly guarantees: ReadonlyMap<string, Quantities>;
  readonly claim: Claim;
  readonly max: number;
};

/** Who holds what where, in the order in which it would be taken; what roles are guaranteed; what `web` lacks. */
const scene: fc.Arbitrary<Scene> = fc
  .record({
    held: fc.array(fc.record({ role: fc.constantFrom(...roles), place: fc.constantFrom(...places), weight }), {
      maxLength: 14,
    }),
    guarantees: fc.array(fc.tuple(fc.constantFrom(...roles), fc.oneof(amounts, fc.record({ cpus: amount }))), {
      maxLength: 4,
    }),
    lacking: weight,
    least: fc.dictionary(fc.constantFrom(...places), fc.integer({ min: 0, max: 8 })),
    max: fc.integer({ min: 1, max: 14 }),
  })
  .map(({ held, guarantees, lacking, least, max }) => ({
    holdings: held.map((each, of) => ({ ...each, of, yields: each.weight })),
    guarantees: new Map<string, Quantities>(guarantees),
    claim: {
      role: "web",
      lacking,
      takes: (place: string, { cpus = 0 }) => (cpus as number) >= (least[place] ?? 0),
    },
    max,
  }));

function heldBy(holdings: readonly Holding<number>[]): Map<string, Record<string, number>> {
  const sums = new Map<string, Record<string, number>>(roles.map((role) => [role, { cpus: 0, mem: 0 }]));
  for (const { role, weight } of holdings) {
    const sum = sums.get(role) ?? {};
    for (const name of names) sum[name] = (sum[name] ?? 0) + (weight[name] ?? 0);
  }
  return sums;
}

function choose({ holdings, guarantees, claim, max }: Scene) {
  const surpluses = new Surpluses(heldBy(holdings), guarantees, { cpus: 30, mem: 30 });
  return { victims: chosenVictims(claim, holdings, surpluses, max), surpluses };
}

/** Whatever the scene, the victims are as told. */
function always(holds: (scene: Scene, victims: readonly Holding<number>[]) => boolean): void {
  fc.assert(
    fc.property(scene, (drawn) => holds(drawn, choose(drawn).victims)),
    { numRuns: 2_000 },
  );
}

function below(held: Record<string, number> | undefined, guarantee: Quantities): boolean {
  return Object.keys(guarantee).some((name) => (held?.[name] ?? 0) < (guarantee[name] ?? 0));
}

describe("victims", () => {
  test("never bring a role below its guarantee, and are never of one that is there already", () => {
    always(({ holdings, guarantees }, victims) => {
      const after = heldBy(holdings.filter((each) => !victims.includes(each)));
      return victims.every(({ role }) => !below(after.get(role), guarantees.get(role) ?? {}));
    });
  });

  test("are never of the role that they are for, and none is taken twice", () => {
    always((_, victims) => victims.every(({ role }) => role !== "web") && new Set(victims).size === victims.length);
  });

  test("are all needed: without any of them less would come free of what is lacking", () => {
    always(({ claim }, victims) => {
      const all = brought(claim, victims);
      return victims.every((each) => {
        const rest = brought(
          claim,
          victims.filter((other) => other !== each),
        );
        return names.some((name) => (rest[name] ?? 0) < (all[name] ?? 0));
      });
    });
  });

  test("are none when nothing that may be taken helps, and some otherwise", () => {
    always((drawn, victims) => {
      const { holdings, guarantees, claim } = drawn;
      const held = heldBy(holdings);
      const helping = holdings.filter(({ role, weight, place, yields }) => {
        const after = Object.fromEntries(
          names.map((name) => [name, (held.get(role)?.[name] ?? 0) - (weight[name] ?? 0)]),
        );
        const isSpared = role !== "web" && !below(after, guarantees.get(role) ?? {});
        return (
          isSpared &&
          claim.takes(place, yields) &&
          names.some((name) => (claim.lacking[name] ?? 0) * (weight[name] ?? 0) > 0)
        );
      });
      return helping.length === 0 || victims.length > 0;
    });
  });

  test("are taken from the surpluses, and nothing else is", () => {
    fc.assert(
      fc.property(scene, (drawn) => {
        const { victims, surpluses } = choose(drawn);
        const rest = drawn.holdings.filter((each) => !victims.includes(each));
        const others = new Surpluses(heldBy(rest), drawn.guarantees, { cpus: 30, mem: 30 });
        for (const role of roles) expect(surpluses.share(role)).toBe(others.share(role));
      }),
    );
  });

  test("are of the role with the greatest surplus, and there the first in the list", () => {
    const holding = (role: string, of: number) => ({
      of,
      role,
      place: "s1",
      weight: { cpus: 1 },
      yields: { cpus: 1 },
    });
    const holdings = [holding("a", 0), holding("b", 1), holding("b", 2), holding("b", 3), holding("a", 4)];
    const claim = { role: "web", lacking: { cpus: 3 }, takes: () => true };
    const { victims } = choose({ holdings, guarantees: new Map(), claim, max: 10 });
    expect(victims.map(({ of }) => of)).toEqual([1, 0, 2]);
  });
});

describe("of what comes free anyway", () => {
  test("the last are left out that nobody needs, and what is left brings as much", () => {
    fc.assert(
      fc.property(scene, ({ holdings, claim }) => {
        const kept = needed(claim, holdings, []);
        const before = brought(claim, holdings);
        expect(brought(claim, kept)).toEqual(before);
        for (const each of kept) {
          const others = kept.filter((other) => other !== each);
          expect(brought(claim, others)).not.toEqual(before);
        }
      }),
    );
  });

  test("those that are fixed count first", () => {
    const each = (of: number) => ({ of, role: "a", place: "s1", weight: { cpus: 1 }, yields: { cpus: 1 } });
    const claim = { role: "web", lacking: { cpus: 2 }, takes: () => true };
    const kept = needed(claim, [each(1), each(2), each(3)], [each(0)]);
    expect(kept.map(({ of }) => of)).toEqual([1]);
  });
});
