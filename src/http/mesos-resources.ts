import { formatQuantity, isRanges, type Quantity, type Resources } from "../protocol/resources.ts";

/** A resource in the operator API. The only role is `*`: nothing is reserved. */
export type MesosResource = { readonly name: string; readonly role: "*" } & (
  | { readonly type: "SCALAR"; readonly scalar: { readonly value: number } }
  | { readonly type: "RANGES"; readonly ranges: { readonly range: readonly { begin: number; end: number }[] } }
  | { readonly type: "SET"; readonly set: { readonly item: readonly string[] } }
);

/** The form of the operator API. Thousandths become doubles here and nowhere else. */
export function resourceList(resources: Resources): readonly MesosResource[] {
  return Object.entries(resources).map(([name, quantity]) => {
    if (typeof quantity === "number") return { name, role: "*", type: "SCALAR", scalar: { value: quantity / 1000 } };
    if (isRanges(quantity)) {
      const range = quantity.ranges.map(([begin, end]) => ({ begin, end }));
      return { name, role: "*", type: "RANGES", ranges: { range } };
    }
    return { name, role: "*", type: "SET", set: { item: quantity.items } };
  });
}

/** The form of `/state`: the four scalars that are always there, and whatever else there is. */
export function resourceSummary(resources: Resources): Readonly<Record<string, number | string>> {
  const rest = Object.entries(resources).map(([name, quantity]) => [name, summaryValue(quantity)] as const);
  return { cpus: 0, gpus: 0, mem: 0, disk: 0, ...Object.fromEntries(rest) };
}

/** Attributes in `/state`: numbers as numbers, as Mesos does. */
export function attributeSummary(attributes: {
  readonly [name: string]: string;
}): Readonly<Record<string, number | string>> {
  return Object.fromEntries(Object.entries(attributes).map(([name, text]) => [name, numberIn(text) ?? text]));
}

export function attributeList(attributes: { readonly [name: string]: string }) {
  return Object.entries(attributes).map(([name, text]) => {
    const value = numberIn(text);
    return value === undefined
      ? { name, type: "TEXT" as const, text: { value: text } }
      : { name, type: "SCALAR" as const, scalar: { value } };
  });
}

function summaryValue(quantity: Quantity): number | string {
  if (typeof quantity === "number") return quantity / 1000;
  return formatQuantity(quantity).replaceAll(",", ", ");
}

function numberIn(text: string): number | undefined {
  return /^-?\d{1,15}(\.\d{1,3})?$/.test(text) ? Number(text) : undefined;
}
