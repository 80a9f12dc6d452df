import { list, object, optional, type Shape, text } from "./shape.ts";

/** A word that people or their tools hang on something. Keys may repeat, and their order is kept. */
export type Label = { readonly key: string; readonly value?: string };

export const labelsShape: Shape<readonly Label[]> = list(object<Label>({ key: text, value: optional(text) }));
