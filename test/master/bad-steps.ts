import fc from "fast-check";
import { amounts, anyDamage, type Damage, quantitiesDrawn, refusals, roleNames, weights } from "./bad-values.ts";

/**
 * What happens in a story, as data: who says what, in numbers that stand for what there is when it is said. What is wrong
 * with a step is in the choice itself (somebody else's offer, a role that cannot be), or is the damage of one field.
 */

/** Which offer: one that the framework may answer, any that was ever made, or one that never was. */
export type OfferPick = { readonly of: "own" | "slave" | "any" | "never"; readonly n: number };

/** How much of what the offers have. */
const parts = ["whole", "half", "little", "more", "huge", "none", "zero", "alien", "inherited"] as const;
export type Part = (typeof parts)[number];

export type TaskDraft = {
  readonly id: "new" | "used";
  readonly n: number;
  readonly part: Part;
  readonly there: boolean;
};

export type OperationDraft =
  | { readonly type: "launch"; readonly tasks: readonly TaskDraft[]; readonly unfit: boolean }
  | {
      readonly type: "launchGroup";
      readonly tasks: readonly TaskDraft[];
      readonly executor: number;
      readonly part: Part;
    }
  | { readonly type: "unfitGroup" }
  | { readonly type: "unknown"; readonly id: IdDraft }
  | { readonly type: "reserve" | "unreserve"; readonly part: Part; readonly role?: string; readonly id: IdDraft };
export type IdDraft = "none" | "new" | "used";

export type FiltersDraft = {
  readonly slaves: boolean;
  readonly minFree?: { readonly [name: string]: number };
  readonly role?: string;
  readonly minAllocatable?: readonly { readonly [name: string]: number }[];
  readonly regex?: string;
};

export type CallDraft =
  | { readonly type: "accept"; readonly offers: readonly OfferPick[]; readonly operations: readonly OperationDraft[] }
  | { readonly type: "decline" | "inverse"; readonly offers: readonly OfferPick[] }
  | { readonly type: "suppress" | "revive"; readonly roles: readonly string[] }
  | { readonly type: "setFilters"; readonly filters: FiltersDraft }
  | { readonly type: "updateFramework"; readonly roles: readonly string[]; readonly filters: FiltersDraft }
  | { readonly type: "subscribe"; readonly roles: readonly string[]; readonly suppressed: readonly string[] }
  | { readonly type: "kill" | "reconcile" | "acknowledge" | "operation" | "executor" | "share"; readonly n: number };

export type OperatorDraft =
  | { readonly type: "UPDATE_QUOTA"; readonly quotas: readonly QuotaDraft[]; readonly force: boolean }
  | { readonly type: "SET_QUOTA"; readonly quota: QuotaDraft; readonly force: boolean }
  | { readonly type: "REMOVE_QUOTA"; readonly role: string }
  | { readonly type: "UPDATE_WEIGHTS"; readonly weights: readonly { readonly role: string; readonly weight: number }[] }
  | { readonly type: "RESERVE_RESOURCES" | "UNRESERVE_RESOURCES"; readonly role: string; readonly part: Part }
  | { readonly type: "WHY_NOT" | "WHY_IDLE" | "TEARDOWN" | "MARK_AGENT_GONE" };
type QuotaDraft = {
  readonly role: string;
  readonly limits: { readonly [name: string]: number };
  readonly guarantees: { readonly [name: string]: number };
  readonly graceMs: number;
};

export type Step =
  | {
      readonly kind: "call";
      readonly who: number;
      readonly call: CallDraft;
      readonly refuseMs: number;
      readonly damage?: Damage | undefined;
    }
  | {
      readonly kind: "operate";
      readonly call: OperatorDraft;
      readonly slave: number;
      readonly damage?: Damage | undefined;
    }
  | {
      readonly kind: "slave";
      readonly slave: number;
      readonly type: "report" | "hello" | "bye";
      readonly n: number;
      readonly damage?: Damage | undefined;
    }
  | { readonly kind: "time"; readonly ms: number }
  | { readonly kind: "hold" }
  | { readonly kind: "cut"; readonly who: number };

const ids = fc.constantFrom<IdDraft[]>("new", "new", "new", "none", "used");
const part = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Part[]>("whole", "half", "little", "little") },
  { weight: 1, arbitrary: fc.constantFrom(...parts) },
);
const n = fc.nat(20);

const pick: fc.Arbitrary<OfferPick> = fc.record({
  of: fc.oneof(
    { weight: 12, arbitrary: fc.constant("own" as const) },
    { weight: 1, arbitrary: fc.constantFrom("slave" as const, "any" as const, "never" as const) },
  ),
  n,
});
const picks = fc.oneof(
  { weight: 8, arbitrary: pick.map((one) => [one]) },
  { weight: 1, arbitrary: fc.array(pick, { maxLength: 3 }) },
);

const taskDraft: fc.Arbitrary<TaskDraft> = fc.record({
  id: fc.constantFrom("new", "new", "new", "new", "used"),
  n,
  part,
  there: fc.constantFrom(true, true, true, true, false),
});

const operation: fc.Arbitrary<OperationDraft> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("launch" as const),
      tasks: fc.array(taskDraft, { maxLength: 3 }),
      unfit: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("launchGroup" as const),
      tasks: fc.array(taskDraft, { maxLength: 3 }),
      executor: fc.nat(2),
      part,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("unfitGroup" as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("unknown" as const), id: ids }) },
  {
    weight: 3,
    arbitrary: fc.record(
      { type: fc.constantFrom("reserve" as const, "unreserve" as const), part, role: roleNames, id: ids },
      { requiredKeys: ["type", "part", "id"] },
    ),
  },
);

const filters: fc.Arbitrary<FiltersDraft> = fc.record(
  {
    slaves: fc.constantFrom(false, false, true),
    minFree: quantitiesDrawn,
    role: roleNames,
    minAllocatable: fc.array(quantitiesDrawn, { maxLength: 2 }),
    regex: fc.constantFrom("s[0-9]", ".*", "(", "x".repeat(2_000), "(a{1000}){1000}"),
  },
  { requiredKeys: ["slaves"] },
);

const roles = fc.array(roleNames, { maxLength: 3 });

const call: fc.Arbitrary<CallDraft> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("accept" as const),
      offers: picks,
      operations: fc.array(operation, { maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constantFrom("decline" as const, "inverse" as const), offers: picks }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("suppress" as const, "revive" as const), roles }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("revive" as const), roles: fc.constant([]) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("setFilters" as const), filters }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("updateFramework" as const),
      roles: roles.map((more) => ["web", ...more]),
      filters,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("subscribe" as const), roles, suppressed: roles }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom("kill", "reconcile", "acknowledge", "operation", "executor", "share"),
      n,
    }),
  },
);

const quota: fc.Arbitrary<QuotaDraft> = fc.record({
  role: roleNames,
  limits: quantitiesDrawn,
  guarantees: quantitiesDrawn,
  graceMs: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0, 1_000, 30_000) }, { weight: 1, arbitrary: amounts }),
});
const force = fc.boolean();

const operatorCall: fc.Arbitrary<OperatorDraft> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("UPDATE_QUOTA" as const),
      quotas: fc.array(quota, { minLength: 1, maxLength: 2 }),
      force,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("SET_QUOTA" as const), quota, force }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("REMOVE_QUOTA" as const), role: roleNames }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("UPDATE_WEIGHTS" as const),
      weights: fc.array(fc.record({ role: roleNames, weight: weights }), { maxLength: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom("RESERVE_RESOURCES" as const, "UNRESERVE_RESOURCES" as const),
      role: roleNames,
      part,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom("WHY_NOT" as const, "WHY_IDLE" as const, "TEARDOWN" as const, "MARK_AGENT_GONE" as const),
    }),
  },
);

const damage = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anyDamage });

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant("call" as const), who: fc.nat(3), call, refuseMs: refusals, damage }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("operate" as const), call: operatorCall, slave: fc.nat(2), damage }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("slave" as const),
      slave: fc.nat(2),
      type: fc.constantFrom("report" as const, "report" as const, "report" as const, "hello" as const, "bye" as const),
      n,
      damage,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("time" as const),
      ms: fc.constantFrom(1, 500, 1_000, 1_000, 1_000, 7_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "hold" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut" as const), who: fc.nat(3) }) },
);

/** Ordinary objects: fast-check makes some without a prototype, and no message is such. */
export const step: fc.Arbitrary<Step> = anyStep.map((each) => structuredClone(each));
