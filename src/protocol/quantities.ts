import { count, dictionary, type Shape } from "./shape.ts";

/** Scalars by the name of their resource, whatever they are reserved to: integers in thousandths, at least 0. */
export type Quantities = { readonly [name: string]: number };

export const quantitiesShape: Shape<Quantities> = dictionary(count);
