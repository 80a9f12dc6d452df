import { pathToFileURL } from "node:url";
import { isPolicyName, namedPolicies } from "../master/allocator/policies/named.ts";
import { type Policy, policyFault } from "../master/allocator/policy.ts";

/** A user's module has no policy that could be used: what, where, how to mend it. Known by its name across threads. */
export class PolicyModuleFailure extends Error {
  override readonly name = "PolicyModuleFailure";
}

/** One by name, or the export `policy` of a user's module, which is loaded in the thread that calls. */
export async function policyOf(nameOrFile: string): Promise<Policy> {
  if (isPolicyName(nameOrFile)) return namedPolicies[nameOrFile];
  const policy = await exportedPolicy(nameOrFile);
  const fault = policy === undefined ? "it exports no `policy`" : policyFault(policy);
  if (fault === undefined) return policy as Policy;
  throw new PolicyModuleFailure(
    `${nameOrFile} has no allocation policy: ${fault}; write \`export const policy = { name: "mine", rank: … }\``,
  );
}

async function exportedPolicy(file: string): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(file).href)) as { readonly policy?: unknown }).policy;
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new PolicyModuleFailure(`cannot load the allocation policy ${file}: ${reason}`, { cause });
  }
}
