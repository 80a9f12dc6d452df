import { roleFault } from "./role.ts";

/** The weight of a role for which none was set. */
export const weightDefault = 1;

/** Roles that may have a weight of their own. */
export const weightsMax = 1_000;

/** Shares are divided by weights: beyond these bounds a role would have everything or nothing. */
const weightMin = 1e-6;
const weightMax = 1e6;

/** What is wrong with a change of weights, or undefined. `kept` is what there is before: its roles count as well. */
export function weightsFault(
  weights: { readonly [role: string]: number },
  kept: ReadonlyMap<string, number>,
): string | undefined {
  const roles = new Set(kept.keys());
  for (const [role, weight] of Object.entries(weights)) {
    const fault = weightFault(role, weight);
    if (fault !== undefined) return fault;
    roles.add(role);
  }
  return roles.size > weightsMax ? `there may be weights of ${weightsMax} roles, not of ${roles.size}` : undefined;
}

/** What is wrong with the weight of a role, or undefined. Any role may have one, the default role and nested ones too. */
export function weightFault(role: string, weight: number): string | undefined {
  const fault = roleFault(role);
  if (fault !== undefined) return fault;
  if (role === "__proto__")
    return `role ${role} cannot have a weight: it is a word of the language; choose another role`;
  if (weight >= weightMin && weight <= weightMax) return undefined;
  return `the weight of role ${JSON.stringify(role)} is ${weight} and must be from ${weightMin} to ${weightMax}`;
}
