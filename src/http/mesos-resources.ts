import { type Attributes, attributeValue } from "../protocol/attribute.ts";
import { formatQuantity, type Quantity } from "../protocol/quantity.ts";
import { flattened, reservedByRole } from "../protocol/reservation.ts";
import type { Resources } from "../protocol/resources.ts";
import { valueTo } from "./resource-list.ts";
import type { Attribute } from "./v1/resource-messages.ts";
import type { ValueOf } from "./v1/schema.ts";

/** The form of `/state`: the four scalars that are always there, and whatever else there is; reserved or not. */
export function resourceSummary(resources: Resources): Readonly<Record<string, number | string>> {
  const rest = Object.entries(flattened(resources)).map(([name, quantity]) => [name, summaryValue(quantity)] as const);
  return { cpus: 0, gpus: 0, mem: 0, disk: 0, ...Object.fromEntries(rest) };
}

/** What is reserved, in the form of `/state`, by the role it is reserved to. */
export function reservedSummaries(resources: Resources) {
  return Object.fromEntries([...reservedByRole(resources)].map(([role, held]) => [role, resourceSummary(held)]));
}

/** Attributes in `/state`: numbers as numbers, ranges and whatever else as text. */
export function attributeSummary(attributes: Attributes): Readonly<Record<string, number | string>> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, text]) => {
      const value = attributeValue(text);
      return [name, typeof value === "object" ? summaryValue(value) : value];
    }),
  );
}

export function attributeList(attributes: Attributes) {
  return Object.entries(attributes).map(([name, text]) => {
    const value = attributeValue(text);
    if (typeof value === "number") return { name, type: "SCALAR" as const, scalar: { value } };
    if (typeof value === "string") return { name, type: "TEXT" as const, text: { value } };
    return { name, ...valueTo(value) };
  });
}

/** The texts of what `attributeList` makes. */
export function attributesFrom(list: readonly ValueOf<typeof Attribute>[]): Attributes {
  return Object.fromEntries(
    list.map(({ name, text, scalar, ranges, set }) => {
      if (ranges !== undefined)
        return [name, formatQuantity({ ranges: ranges.range.map(({ begin, end }) => [begin, end]) })];
      if (set !== undefined) return [name, formatQuantity({ items: set.item })];
      return [name, text?.value ?? String(scalar?.value ?? "")];
    }),
  );
}

function summaryValue(quantity: Quantity): number | string {
  if (typeof quantity === "number") return quantity / 1000;
  return formatQuantity(quantity).replaceAll(",", ", ");
}
