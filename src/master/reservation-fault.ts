import { common, isNone, type Quantity } from "../protocol/quantity.ts";
import { nameOf, reservationOf } from "../protocol/reservation.ts";
import {
  contains,
  fractionFault,
  isEmpty,
  malformation,
  noResources,
  type Resources,
  shortfall,
} from "../protocol/resources.ts";
import type { Conversion } from "./conversion.ts";

/** Kinds of reserved resources that one slave may have: what is known of a slave stays small. */
const reservedKeysMax = 200;
/** Characters of a principal that a refusal repeats. */
const shownMax = 80;

type Place = {
  /** To which role a reservation may be made; any, when an operator makes it. */
  readonly role?: string;
  /** In whose name reservations are made, where that is known. */
  readonly principal: string | undefined;
  /** What the slave has. */
  readonly total: Resources;
  /** What of it is reserved dynamically. */
  readonly reserved: Resources | undefined;
};

/** What is wrong with a reservation or the end of one, whatever is free; or undefined. */
export function reservationFault({ type, resources }: Conversion, place: Place): string | undefined {
  const { reserved = noResources, total } = place;
  const malformed = malformation(resources) ?? fractionFault(resources);
  if (malformed !== undefined) return `a resource: ${malformed}`;
  if (isEmpty(resources)) return "no resources are named";
  for (const key of Object.keys(resources)) {
    const fault = keyFault(type, key, place);
    if (fault !== undefined) return fault;
  }
  if (type === "unreserve") {
    return contains(reserved, resources) ? undefined : `this is not reserved: ${shortfall(reserved, resources)}`;
  }
  const twice = namedTwice(resources);
  if (twice !== undefined) return `some of the ${twice} would be reserved twice`;
  const keys = new Set([...Object.keys(total), ...Object.keys(resources)].filter((key) => key.includes("(")));
  return keys.size > reservedKeysMax
    ? `the slave would have ${keys.size} kinds of reserved resources, and the limit is ${reservedKeysMax}`
    : undefined;
}

function keyFault(type: Conversion["type"], key: string, { role, principal }: Place): string | undefined {
  const reservation = reservationOf(key);
  if (reservation === undefined) return `${key} is named without a reservation`;
  if (!reservation.dynamic) return `${key} is reserved by the configuration of its slave`;
  if (type === "unreserve") return undefined;
  if (role !== undefined && reservation.role !== role) {
    return `${nameOf(key)} is to be reserved for role ${reservation.role}, the offer is to ${role}`;
  }
  if (principal === undefined || reservation.principal === principal) return undefined;
  const { principal: named = "nobody" } = reservation;
  return `${nameOf(key)} is to be reserved in the name of ${named}, and ${principal.slice(0, shownMax)} asks for it`;
}

/** The name of things that can be told apart and are under two of the keys. */
function namedTwice(resources: Resources): string | undefined {
  const entries = Object.entries(resources).filter(([, quantity]) => typeof quantity !== "number");
  const overlaps = ([key, quantity]: readonly [string, Quantity], index: number) =>
    entries.slice(index + 1).some(([other, more]) => nameOf(other) === nameOf(key) && !isNone(common(quantity, more)));
  const found = entries.find(overlaps);
  return found && nameOf(found[0]);
}
