import type { Attributes } from "./attribute.ts";
import { amountsOf } from "./quantities.ts";
import { common, formatQuantity, isNone, plus, type Quantity } from "./quantity.ts";
import { formatKey, nameOf, reservationOf, unreserved } from "./reservation.ts";
import { fractionFault, noResources, type Resources, resourcesShape, shortfall, subtract } from "./resources.ts";
import { count, dictionary, durationMs, flag, object, optional, text } from "./shape.ts";

/** What a slave says of itself when it registers. */
export type SlaveInfo = {
  readonly hostname: string;
  /** The address under which others reach it; service discovery wants one beside the name. */
  readonly ip: string;
  /** Where its HTTP (sandbox files) answers; 0 when it serves none. */
  readonly port: number;
  readonly resources: Resources;
  readonly attributes: Attributes;
  /** Part of its resources that is offered apart, for tasks that do not take long (paper §4.3). */
  readonly shortTasks?: ShortTasks;
  /** As long as less than this is free of it, short tasks aside, nothing of that is offered (paper §4.6). */
  readonly minOffer?: Resources;
  /** Whether it remembers who it is, and what it has to report, through a restart. */
  readonly checkpoint: boolean;
};

/** The attribute of offers by HTTP that says how long a task may take there, in seconds. No slave has one of its own. */
export const maxTaskAttribute = "max_task_seconds";

/** `maxTaskMs`: a task there is ended after so long, in milliseconds. */
export type ShortTasks = { readonly resources: Resources; readonly maxTaskMs: number };

export const slaveInfoShape = object<SlaveInfo>({
  hostname: text,
  ip: text,
  port: count,
  resources: resourcesShape,
  attributes: dictionary(text),
  shortTasks: optional(object<ShortTasks>({ resources: resourcesShape, maxTaskMs: durationMs })),
  minOffer: optional(resourcesShape),
  checkpoint: flag,
});

/** What is wrong with what a slave says of itself, beyond its shape, or undefined. */
export function slaveInfoFault({
  resources,
  attributes,
  shortTasks,
  minOffer,
}: Pick<SlaveInfo, "resources" | "attributes" | "shortTasks" | "minOffer">): string | undefined {
  const fault = slaveResourcesFault(resources);
  if (fault !== undefined) return fault;
  if (Object.hasOwn(attributes, maxTaskAttribute)) {
    return `the attribute ${maxTaskAttribute} says how long tasks may take on a part for short tasks; choose another name`;
  }
  const short = shortTasks?.resources ?? noResources;
  const missing = shortfall(unreserved(resources), short);
  if (missing !== "") return `its part for short tasks is more than it has unreserved: ${missing}`;
  const lacking = minOffer === undefined ? "" : shortfall(amountsOf(subtract(resources, short)), amountsOf(minOffer));
  return lacking === "" ? undefined : `its minimum offer is more than it has for tasks of any length: ${lacking}`;
}

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
