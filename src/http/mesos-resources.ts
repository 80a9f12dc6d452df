import { attributeValue } from "../protocol/attribute.ts";
import { formatQuantity, type Quantity } from "../protocol/quantity.ts";
import { flattened, reservedByRole } from "../protocol/reservation.ts";
import type { Resources } from "../protocol/resources.ts";

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
export function attributeSummary(attributes: {
  readonly [name: string]: string;
}): Readonly<Record<string, number | string>> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, text]) => {
      const value = attributeValue(text);
      return [name, typeof value === "object" ? summaryValue(value) : value];
    }),
  );
}

export function attributeList(attributes: { readonly [name: string]: string }) {
  return Object.entries(attributes).map(([name, text]) => {
    const value = attributeValue(text);
    if (typeof value === "number") return { name, type: "SCALAR" as const, scalar: { value } };
    if (typeof value === "string") return { name, type: "TEXT" as const, text: { value } };
    return {
      name,
      type: "RANGES" as const,
      ranges: { range: value.ranges.map(([begin, end]) => ({ begin, end })) },
    };
  });
}

function summaryValue(quantity: Quantity): number | string {
  if (typeof quantity === "number") return quantity / 1000;
  return formatQuantity(quantity).replaceAll(",", ", ");
}
