import { parseRanges, type Ranges } from "./quantity.ts";

/** What a slave's configuration says of it, such as `rack:r1`: kept as text, and by the looks of it one of three kinds. */
export type Attributes = { readonly [name: string]: string };

/** A number, ranges such as `[1000-1500]`, or the text itself. Sets are text: Mesos has none in attributes. */
export function attributeValue(text: string): number | Ranges | string {
  if (/^-?\d{1,15}(\.\d{1,3})?$/.test(text)) return Number(text);
  return parseRanges(text) ?? text;
}

/** Mesos's text form: `rack:abc;zone:west;level:10;keys:[1000-1500]`. What begins with `[` has to be ranges. */
export function parseAttributes(text: string): Attributes | undefined {
  const attributes: Record<string, string> = {};
  for (const part of text.split(";").filter((piece) => piece.trim() !== "")) {
    const colon = part.indexOf(":");
    const name = part.slice(0, Math.max(0, colon)).trim();
    const value = part.slice(colon + 1).trim();
    if (name === "" || (value.startsWith("[") && parseRanges(value) === undefined)) return undefined;
    attributes[name] = value;
  }
  return attributes;
}
