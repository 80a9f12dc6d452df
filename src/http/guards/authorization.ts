import { ok, type Result, refused } from "../../base/result.ts";

/**
 * Who may do what to which role: access lists in Mesos's format, one for each action.
 *
 *     {"permissive": false, "register_frameworks": [{"principals": {"values": ["ada"]}, "roles": {"type": "ANY"}}]}
 *
 * The first entry of the list that matches both principal and role decides, and `permissive` where none does. `NONE`
 * matches everybody and allows nobody. A role `a/%` stands for every role below `a`, but not for `a`.
 */
export type Authorizer = {
  /** `principal`: undefined where nobody has to authenticate; only an entry for `ANY` principal allows it. */
  allows(action: RoleAction, principal: string | undefined, role: string): boolean;
};

const actions = ["register_frameworks", "update_quotas", "get_quotas", "update_weights", "view_roles"] as const;

export type RoleAction = (typeof actions)[number];

/** Without access lists. */
export const everybodyMay: Authorizer = { allows: () => true };

/**
 * `mayRegisterByDefault`: whether a framework may register where no entry matches and the file does not say. Everything else
 * is allowed then, as in Mesos.
 */
export function parseAcls(text: string, mayRegisterByDefault: boolean): Result<Authorizer> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    return refused(`it is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(file)) return refused("it is not an object of access lists");
  const unknown = Object.keys(file).find((key) => key !== "permissive" && !actions.some((action) => action === key));
  if (unknown !== undefined) {
    return refused(
      `${JSON.stringify(unknown)} is not implemented; it would be ignored, so take it out (known: ${actions.join(", ")})`,
    );
  }
  const { permissive } = file;
  if (permissive !== undefined && typeof permissive !== "boolean") return refused("permissive is true or false");
  const lists = new Map<RoleAction, readonly Acl[]>();
  for (const action of actions) {
    const list = listFrom(action, file[action] ?? []);
    if (!list.ok) return list;
    lists.set(action, list.value);
  }
  return ok({
    allows: (action, principal, role) => {
      const byDefault = permissive ?? (action === "register_frameworks" ? mayRegisterByDefault : true);
      return allows(lists.get(action) ?? [], byDefault, principal, role);
    },
  });
}

function listFrom(action: RoleAction, list: unknown): Result<readonly Acl[]> {
  if (!Array.isArray(list)) return refused(`${action} is a list`);
  const acls: Acl[] = [];
  for (const [index, entry] of list.entries()) {
    const acl = aclFrom(entry);
    if (!acl.ok) return refused(`${action}[${index}]${acl.error}`);
    acls.push(acl.value);
  }
  return ok(acls);
}

type Entity = "ANY" | "NONE" | ReadonlySet<string>;

type Acl = { readonly principals: Entity; readonly roles: Entity };

function allows(acls: readonly Acl[], permissive: boolean, principal: string | undefined, role: string): boolean {
  const match = acls.find(
    ({ principals, roles }) =>
      // Somebody without a name is no one in particular: an entry that names some is not about them.
      (typeof principals === "string" || (principal !== undefined && principals.has(principal))) &&
      (typeof roles === "string" || hasRole(roles, role)),
  );
  return match === undefined ? permissive : match.principals !== "NONE" && match.roles !== "NONE";
}

function hasRole(roles: ReadonlySet<string>, role: string): boolean {
  if (roles.has(role)) return true;
  return [...roles].some((pattern) => pattern.endsWith("/%") && role.startsWith(pattern.slice(0, -1)));
}

function aclFrom(entry: unknown): Result<Acl> {
  if (!isRecord(entry)) return refused(" has no principals and roles");
  const unknown = Object.keys(entry).find((key) => key !== "principals" && key !== "roles");
  if (unknown !== undefined) return refused(`: ${JSON.stringify(unknown)} is no part of it`);
  const principals = entityFrom(entry["principals"]);
  if (!principals.ok) return refused(`.principals ${principals.error}`);
  const roles = entityFrom(entry["roles"]);
  if (!roles.ok) return refused(`.roles ${roles.error}`);
  return ok({ principals: principals.value, roles: roles.value });
}

function entityFrom(value: unknown): Result<Entity> {
  const { type = "SOME", values, ...more } = isRecord(value) ? value : {};
  const named = Array.isArray(values) && values.length > 0 && values.every((text) => typeof text === "string");
  if (type === "SOME" && named && Object.keys(more).length === 0) return ok(new Set(values));
  if ((type === "ANY" || type === "NONE") && values === undefined && Object.keys(more).length === 0) return ok(type);
  return refused('is not {"values": ["NAME", …]}, {"type": "ANY"} or {"type": "NONE"}');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
