import type { Log } from "../../src/actors/world.ts";
import type { BridgeTls } from "../../src/runtime/bridge-tls.ts";
import { given } from "../kit.ts";

/** How the two ends of a link of ours prove and hide what they say. */
export type LinkGift = {
  /** Hexadecimal. */
  readonly secret?: string;
  readonly frameMac?: boolean;
  readonly tls?: Readonly<Record<"near" | "far", BridgeTls>>;
};

/** The options of this end, as its benchmark gave them. */
export function linkOptions(end: "near" | "far") {
  const { secret, frameMac, tls } = given<LinkGift>();
  return {
    ...(secret === undefined ? {} : { secret: Buffer.from(secret, "hex") }),
    ...(frameMac === undefined ? {} : { frameMac }),
    ...(tls === undefined ? {} : { tls: tls[end] }),
  };
}

/** Says on standard error what should not happen in a benchmark. */
export const complaints: Log = (level, from, message, facts = {}) => {
  if (level === "warn" || level === "error") console.error(`${from}: ${message}`, facts);
};
