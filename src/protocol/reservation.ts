import { invariant } from "../base/invariant.ts";
import type { Label } from "./label.ts";
import { plus, type Quantity } from "./quantity.ts";
import type { Resources } from "./resources.ts";
import { defaultRole, roleFault } from "./role.ts";

/**
 * Who resources are kept for. A reservation is part of the *key* under which resources are held, so that all arithmetic
 * on resources keeps reserved ones apart without knowing of them:
 *
 *     cpus                                nobody in particular
 *     cpus(ads)                           the role ads, by the slave's own configuration (static)
 *     cpus(["ads","dynamic","ada"])       the role ads, by a call (dynamic), which ada made
 *
 * What stands between the first `(` and the last `)` is a role, or, where there is more to say or the role begins with
 * `[`, JSON: `[role, "static" or "dynamic", principal or null, labels]`, without what is absent at its end. Each
 * reservation has one key: labels are in order, and there is one way to write it. Names of resources contain no `(`.
 */
export type Reservation = {
  /** Never `*`. Roles below it may use the resources as well. */
  readonly role: string;
  /** Made, and ended, by a call; otherwise by the configuration of the slave. */
  readonly dynamic: boolean;
  /** Who made it. */
  readonly principal?: string;
  /** In ascending order of keys, then of values; never empty. */
  readonly labels?: readonly Label[];
};

/** Longest name of a resource, in characters. */
const nameLengthMax = 255;
/** Longest principal, in characters. */
const principalLengthMax = 255;
const labelsMax = 32;
/** Keys and values of all labels together, in characters. */
const labelsLengthMax = 2_048;

/** The key of resources of this name under a reservation without fault. */
export function reservedKey(name: string, { role, dynamic, principal, labels = [] }: Reservation): string {
  if (!dynamic && principal === undefined && labels.length === 0 && !role.startsWith("[")) return `${name}(${role})`;
  const parts: unknown[] = [role, dynamic ? "dynamic" : "static"];
  if (principal !== undefined || labels.length > 0) parts.push(principal ?? null);
  if (labels.length > 0) {
    parts.push(ordered(labels).map(({ key, value }) => (value === undefined ? [key] : [key, value])));
  }
  return `${name}(${JSON.stringify(parts)})`;
}

/** The name of the resource that a key is of. */
export function nameOf(key: string): string {
  const at = key.indexOf("(");
  return at < 0 ? key : key.slice(0, at);
}

/** The reservation that a key is under; undefined for the resources that everybody may use. */
export function reservationOf(key: string): Reservation | undefined {
  if (!key.includes("(")) return undefined;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const reservation = parse(key);
  invariant(reservation !== undefined, () => `${key} is no key of resources`);
  if (parsed.size >= parsedMax) parsed.clear();
  parsed.set(key, reservation);
  return reservation;
}

/** Reservations read from keys, to be read once: a cluster has few, each on many slaves. Beyond so many all are read anew. */
const parsed = new Map<string, Reservation>();
const parsedMax = 1_024;

/** What is wrong with a key from outside, or undefined. A key that this lets pass is the only one of its reservation. */
export function keyFault(key: string): string | undefined {
  const name = nameOf(key);
  const fault = nameFault(name);
  if (fault !== undefined || name.length === key.length) return fault;
  const reservation = parsed.get(key) ?? parse(key);
  if (reservation === undefined) return "is reserved in a way that cannot be read";
  return (
    reservationFault(reservation) ?? (reservedKey(name, reservation) === key ? undefined : "is not in normal form")
  );
}

/** What is wrong with a name from outside, or undefined. Apart from this, any text names a resource. */
export function nameFault(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name === "__proto__") return "is no name";
  if (name.length > nameLengthMax) return `is longer than ${nameLengthMax} characters`;
  return name.includes("(") ? "contains (" : undefined;
}

/** What is wrong with a reservation from outside, or undefined. */
export function reservationFault({ role, principal, labels = [] }: Reservation): string | undefined {
  const fault = roleFault(role);
  if (fault !== undefined) return fault;
  if (role === defaultRole) return 'Invalid reservation: role "*" cannot be reserved';
  if (principal !== undefined && principal.length > principalLengthMax) {
    return `its principal is longer than ${principalLengthMax} characters`;
  }
  if (labels.length > labelsMax) return `it has ${labels.length} labels, and the limit is ${labelsMax}`;
  const length = labels.reduce((sum, { key, value = "" }) => sum + key.length + value.length, 0);
  return length > labelsLengthMax ? `its labels have more than ${labelsLengthMax} characters` : undefined;
}

export function unreserved(resources: Resources): Resources {
  return chosen(resources, (key) => !key.includes("("));
}

/** What is kept for a role: reserved to it or to one above it. */
export function reservedFor(resources: Resources, role: string): Resources {
  return chosen(resources, (key) => {
    const owner = reservationOf(key)?.role;
    return owner !== undefined && (owner === role || role.startsWith(`${owner}/`));
  });
}

/** What is reserved, by the role it is reserved to. */
export function reservedByRole(resources: Resources): ReadonlyMap<string, Resources> {
  const byRole = new Map<string, Record<string, Quantity>>();
  for (const [key, quantity] of Object.entries(resources)) {
    const role = reservationOf(key)?.role;
    if (role === undefined) continue;
    const known = byRole.get(role);
    if (known === undefined) byRole.set(role, { [key]: quantity });
    else known[key] = quantity;
  }
  return byRole;
}

/** The same resources without any reservation. */
export function flattened(resources: Resources): Resources {
  return Object.keys(resources).some((key) => key.includes("(")) ? renamed(resources, nameOf) : resources;
}

/** The same resources, with those that were nobody's under the reservation. */
export function pushed(resources: Resources, reservation: Reservation): Resources {
  return renamed(resources, (key) => (key.includes("(") ? key : reservedKey(key, reservation)));
}

/** A key for people: `cpus(ads)`, `cpus(ads, dynamic, principal ada, labels a=b)`. */
export function formatKey(key: string): string {
  const reservation = reservationOf(key);
  if (reservation === undefined) return key;
  const { role, dynamic, principal, labels } = reservation;
  const parts = [role];
  if (dynamic) parts.push("dynamic");
  if (principal !== undefined) parts.push(`principal ${principal}`);
  if (labels !== undefined) {
    parts.push(`labels ${labels.map(({ key: label, value }) => (value === undefined ? label : `${label}=${value}`))}`);
  }
  return `${nameOf(key)}(${parts.join(", ")})`;
}

function parse(key: string): Reservation | undefined {
  if (!key.endsWith(")")) return undefined;
  const text = key.slice(key.indexOf("(") + 1, -1);
  return text.startsWith("[") ? fromParts(partsOf(text)) : { role: text, dynamic: false };
}

function partsOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromParts(parts: unknown): Reservation | undefined {
  if (!Array.isArray(parts)) return undefined;
  const [role, kind, principal, given] = parts as readonly unknown[];
  const labels = given === undefined ? undefined : labelsFrom(given);
  if (typeof role !== "string" || (kind !== "static" && kind !== "dynamic")) return undefined;
  if (typeof principal !== "string" && (principal ?? null) !== null) return undefined;
  if (given !== undefined && labels === undefined) return undefined;
  return {
    role,
    dynamic: kind === "dynamic",
    ...(typeof principal === "string" ? { principal } : {}),
    ...(labels === undefined ? {} : { labels }),
  };
}

function labelsFrom(given: unknown): readonly Label[] | undefined {
  if (!Array.isArray(given)) return undefined;
  const labels: Label[] = [];
  for (const pair of given as readonly unknown[]) {
    if (!Array.isArray(pair)) return undefined;
    const [key, value] = pair as readonly unknown[];
    if (typeof key !== "string" || (value !== undefined && typeof value !== "string")) return undefined;
    labels.push(value === undefined ? { key } : { key, value });
  }
  return labels;
}

/** As a reservation has them. A label without a value comes before those of its key that have one. */
export function ordered(labels: readonly Label[]): readonly Label[] {
  return [...labels].sort((a, b) => compared(a.key, b.key) || compared(a.value, b.value));
}

function compared(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  return a === undefined || (b !== undefined && a < b) ? -1 : 1;
}

function chosen(resources: Resources, wanted: (key: string) => boolean): Resources {
  return Object.fromEntries(Object.entries(resources).filter(([key]) => wanted(key)));
}

function renamed(resources: Resources, rename: (key: string) => string): Resources {
  const under: Record<string, Quantity> = {};
  for (const [key, quantity] of Object.entries(resources)) {
    const name = rename(key);
    under[name] = Object.hasOwn(under, name) ? plus(under[name] ?? 0, quantity, name) : quantity;
  }
  return under;
}
