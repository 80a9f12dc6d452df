/** Longest role, in characters. */
const roleLengthMax = 255;

/** The role of whoever names none. It stands alone, never within a hierarchy. */
export const defaultRole = "*";

/** What is wrong with the name of a role, or undefined. The rules are Mesos's (`roles.md`): a path of plain names. */
export function roleFault(role: string): string | undefined {
  if (role === defaultRole) return undefined;
  const fault = nameFault(role);
  return fault === undefined ? undefined : `role ${JSON.stringify(role.slice(0, roleLengthMax))} ${fault}`;
}

/** The role at the top of the hierarchy that a role is in. */
export function topOf(role: string): string {
  const slash = role.indexOf("/");
  return slash < 0 ? role : role.slice(0, slash);
}

/** The roles that a role is within, the innermost first. */
export function rolesAbove(role: string): readonly string[] {
  const above: string[] = [];
  for (let slash = role.lastIndexOf("/"); slash > 0; slash = role.lastIndexOf("/", slash - 1)) {
    above.push(role.slice(0, slash));
  }
  return above;
}

function nameFault(role: string): string | undefined {
  if (role === "") return "is empty";
  if (role.length > roleLengthMax) return `is longer than ${roleLengthMax} characters`;
  if (/[\s\\\p{Cc}]/u.test(role)) return "contains whitespace, a backslash or a control character";
  for (const segment of role.split("/")) {
    if (segment === "") return "begins or ends with /, or has two in a row";
    if (segment === "." || segment === "..") return "contains . or .. as a name";
    if (segment === defaultRole) return "contains * as a name";
    if (segment.startsWith("-")) return "contains a name that begins with -";
  }
  return undefined;
}
