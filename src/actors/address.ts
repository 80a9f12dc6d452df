import { invariant } from "../base/invariant.ts";

/**
 * One thread of one node, in one life of each: what a link joins.
 * Text form `master-1~lq3x9k2/allocator.1`: node name, node epoch (base 36), thread name, thread epoch.
 */
export type Place = {
  /** `[a-z0-9-]`, at most 63 characters. */
  readonly node: string;
  /** Strictly increasing per node name, 48 bits: a restarted process never reuses one. */
  readonly epoch: number;
  readonly thread: string;
  /** Counts restarts of the thread within its node. */
  readonly threadEpoch: number;
};

declare const protocolOf: unique symbol;

/**
 * Where an actor is, as text, for message bodies: `place:slot.generation`, or `place:@name` for a name that is
 * resolved again at every send. A restart makes a new generation, and an address of an old one is dead for ever.
 */
export type Address<P> = string & { readonly [protocolOf]?: P };

export type Locator =
  | { readonly place: string; readonly name: string }
  | { readonly place: string; readonly slot: number; readonly generation: number };

export function placeText(place: Place): string {
  return `${place.node}~${place.epoch.toString(36)}/${place.thread}.${place.threadEpoch}`;
}

const placePattern = /^([a-z0-9-]{1,63})~([a-z0-9]{1,10})\/([a-z0-9-]{1,63})\.(\d{1,5})$/;

/** The place a text names, or undefined when it names none. */
export function parsePlace(text: string): Place | undefined {
  const match = placePattern.exec(text);
  if (match === null) return undefined;
  const [, node = "", epoch = "", thread = "", threadEpoch = ""] = match;
  return { node, epoch: Number.parseInt(epoch, 36), thread, threadEpoch: Number(threadEpoch) };
}

const actorPattern = /^(?:@.{1,255}|\d{1,15}\.\d{1,15})$/;

/** Whether a text that came from outside is an address. */
export function isAddress(text: string): boolean {
  const colon = text.indexOf(":");
  return parsePlace(text.slice(0, Math.max(0, colon))) !== undefined && actorPattern.test(text.slice(colon + 1));
}

export function slotAddress<P>(place: string, slot: number, generation: number): Address<P> {
  return `${place}:${slot}.${generation}`;
}

export function nameAddress<P>(place: string, name: string): Address<P> {
  return `${place}:@${name}`;
}

export function parseAddress(address: string): Locator {
  const colon = address.indexOf(":");
  const place = address.slice(0, colon);
  const rest = address.slice(colon + 1);
  if (rest.startsWith("@")) return { place, name: rest.slice(1) };
  const [slot, generation] = rest.split(".").map(Number);
  invariant(
    colon > 0 && Number.isSafeInteger(slot) && Number.isSafeInteger(generation),
    () => `not an actor address: ${JSON.stringify(address)}`,
  );
  return { place, slot: slot as number, generation: generation as number };
}
