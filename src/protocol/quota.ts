import { type Quantities, quantitiesShape } from "./quantities.ts";
import { defaultRole, roleFault } from "./role.ts";
import { count, object } from "./shape.ts";

/** What a role at the top of the tree may have at most, and is owed at least, with all that is below it. */
export type Quota = {
  /** Never exceeded by what is allocated and reserved. A name that is absent has no limit; 0 is nothing at all. */
  readonly limits: Quantities;
  /** The guaranteed share (paper §2.3, §3.1): while the role wants it and has less, others give way. A name that is absent is 0. */
  readonly guarantees: Quantities;
  /** How long the tasks of others may still run after they have been told to give way. */
  readonly graceMs: number;
};

export const quotaShape = object<Quota>({ limits: quantitiesShape, guarantees: quantitiesShape, graceMs: count });

/** Milliseconds. */
export const quotaGraceDefaultMs = 30_000;

/** Roles that may have a quota, names that it may have limits for (and guarantees), and characters of such a name. */
export const quotasMax = 1_000;
export const quotaNamesMax = 16;
export const quotaNameLengthMax = 64;

/** A week. */
const graceMaxMs = 604_800_000;

/**
 * What is wrong with a change of quotas, or undefined. `null` takes a role's quota away. `kept` is what there is before:
 * its roles count as well.
 */
export function quotasFault(
  quotas: { readonly [role: string]: Quota | null },
  kept: ReadonlyMap<string, Quota>,
): string | undefined {
  const roles = new Set(kept.keys());
  for (const [role, quota] of Object.entries(quotas)) {
    const fault = quota === null ? quotaRoleFault(role) : quotaFault(role, quota);
    if (fault !== undefined) return fault;
    if (quota === null) roles.delete(role);
    else roles.add(role);
  }
  return roles.size > quotasMax ? `there may be quotas for ${quotasMax} roles, not for ${roles.size}` : undefined;
}

/** What is wrong with the quota of a role, or undefined. */
export function quotaFault(role: string, quota: Quota): string | undefined {
  const fault = quotaRoleFault(role);
  if (fault !== undefined) return fault;
  const { limits, guarantees, graceMs } = quota;
  const wrong =
    amountsFault("limit", limits) ??
    amountsFault("guarantee", guarantees) ??
    unreachableGuarantee(limits, guarantees) ??
    (Number.isSafeInteger(graceMs) && graceMs >= 0 && graceMs <= graceMaxMs
      ? undefined
      : `the grace is ${graceMs} ms and must be a whole number from 0 to ${graceMaxMs}`);
  return wrong === undefined ? undefined : `quota of role ${JSON.stringify(role)}: ${wrong}`;
}

function quotaRoleFault(role: string): string | undefined {
  const fault = roleFault(role);
  if (fault !== undefined) return fault;
  if (role === defaultRole) return `the default role ${JSON.stringify(role)} cannot have a quota; choose another role`;
  if (role === "__proto__")
    return `role ${role} cannot have a quota: it is a word of the language; choose another role`;
  if (!role.includes("/")) return undefined;
  return `role ${JSON.stringify(role)} cannot have a quota, since it is within another; set that of ${JSON.stringify(role.slice(0, role.indexOf("/")))}`;
}

function amountsFault(what: "limit" | "guarantee", amounts: Quantities): string | undefined {
  const entries = Object.entries(amounts);
  if (entries.length > quotaNamesMax) return `${entries.length} ${what}s, and there may be ${quotaNamesMax}`;
  for (const [name, amount] of entries) {
    const shown = JSON.stringify(name.slice(0, quotaNameLengthMax));
    if (name === "" || name === "__proto__" || /[\s(:;\p{Cc}]/u.test(name))
      return `${shown} is the name of no resource`;
    if (name.length > quotaNameLengthMax) {
      return `${shown}… is longer than the ${quotaNameLengthMax} characters that the name of a resource may have here`;
    }
    if (!Number.isSafeInteger(amount) || amount < 0) {
      return `the ${what} of ${name} is ${amount / 1000} and must be a number from 0 to ${Number.MAX_SAFE_INTEGER / 1000} with at most three decimals`;
    }
  }
  return undefined;
}

function unreachableGuarantee(limits: Quantities, guarantees: Quantities): string | undefined {
  for (const [name, guarantee] of Object.entries(guarantees)) {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit === undefined || guarantee <= limit) continue;
    return `the guarantee of ${name} is ${guarantee / 1000} and more than its limit of ${limit / 1000}`;
  }
  return undefined;
}
