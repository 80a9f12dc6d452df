import { common, formatQuantity, isNone, plus, type Quantity } from "./quantity.ts";
import { formatKey, nameOf, reservationOf } from "./reservation.ts";
import { fractionFault, type Resources, resourcesShape } from "./resources.ts";
import { count, dictionary, flag, object, text } from "./shape.ts";

/** What a slave says of itself when it registers. */
export type SlaveInfo = {
  readonly hostname: string;
  /** The address under which others reach it; service discovery wants one beside the name. */
  readonly ip: string;
  /** Where its HTTP (sandbox files) answers; 0 when it serves none. */
  readonly port: number;
  readonly resources: Resources;
  readonly attributes: { readonly [name: string]: string };
  /** Whether it remembers who it is, and what it has to report, through a restart. */
  readonly checkpoint: boolean;
};

export const slaveInfoShape = object<SlaveInfo>({
  hostname: text,
  ip: text,
  port: count,
  resources: resourcesShape,
  attributes: dictionary(text),
  checkpoint: flag,
});

/**
 * What is wrong with resources for being those of a slave, or undefined: gpus in parts, a port that is there under two
 * reservations, or a dynamic reservation, which only a call makes.
 */
export function slaveResourcesFault(resources: Resources): string | undefined {
  const whole = new Map<string, Quantity>();
  for (const [key, quantity] of Object.entries(resources)) {
    const name = nameOf(key);
    if (reservationOf(key)?.dynamic === true) return `${formatKey(key)}: a slave cannot reserve dynamically by itself`;
    const others = whole.get(name) ?? quantity;
    const twice = whole.has(name) && typeof quantity !== "number" ? common(others, quantity) : 0;
    if (!isNone(twice)) return `${name}:${formatQuantity(twice)} is there under two reservations`;
    whole.set(name, whole.has(name) ? plus(others, quantity, name) : quantity);
  }
  return fractionFault(resources);
}
