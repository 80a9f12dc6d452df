import type { Attributes } from "./attribute.ts";
import { type Resources, resourcesShape } from "./resources.ts";
import { count, dictionary, flag, object, text } from "./shape.ts";

/** What a slave says of itself when it registers. */
export type SlaveInfo = {
  readonly hostname: string;
  /** The address under which others reach it; service discovery wants one beside the name. */
  readonly ip: string;
  /** Where its HTTP (sandbox files) answers; 0 when it serves none. */
  readonly port: number;
  readonly resources: Resources;
  readonly attributes: Attributes;
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

/** Mesos's text form: `rack:abc;zone:west`. */
export function parseAttributes(text: string): Attributes | undefined {
  const attributes: Record<string, string> = {};
  for (const part of text.split(";").filter((piece) => piece.trim() !== "")) {
    const colon = part.indexOf(":");
    const name = part.slice(0, Math.max(0, colon)).trim();
    if (name === "") return undefined;
    attributes[name] = part.slice(colon + 1).trim();
  }
  return attributes;
}
