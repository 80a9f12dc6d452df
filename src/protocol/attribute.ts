import { type Items, parseQuantity, type Ranges } from "./resources.ts";

/** What a slave says of its place and kind, by name. */
export type Attributes = { readonly [name: string]: string };

/** A string is text; a number is as it was written and not in thousandths. */
type AttributeValue = string | number | Ranges | Items;

/** What the text of an attribute says, as Mesos reads it: `2.5` is a number, `[1-5]` ranges, `{a,b}` a set, the rest text. */
export function attributeValue(text: string): AttributeValue {
  if (/^-?\d{1,15}(\.\d{1,3})?$/.test(text)) return Number(text);
  return /^[[{]/.test(text) ? (parseQuantity(text) ?? text) : text;
}
