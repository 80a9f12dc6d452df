import { formatQuantity, type Quantity, type Resources } from "../protocol/resources.ts";

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
